//! Commands for memory at any address. An access that faults is an error, nothing worse.

pub mod read;
pub mod write;

use crate::{
    Failed,
    context::{Context, Fault},
    parse::Parsed,
    table::{Action, Command},
    text::{Hex, fail, hint},
};

/// The command.
pub const MEM: Command = Command {
    name: "mem",
    about: "Read and write memory",
    arguments: &[],
    options: &[],
    action: Action::Subcommands(&[read::READ, write::WRITE]),
};

/// The width of an access, for a stretch from `address`: 1, 2 or 4 bytes, aligned; `unless` if none is given.
fn width(
    ctx: &mut Context<'_>,
    args: &Parsed<'_>,
    address: usize,
    unless: usize,
) -> Result<usize, Failed> {
    let width = args
        .number(ctx, args.choice("--width").flatten())?
        .map_or(unless, |width| width as usize);
    let what = args.what();
    if !matches!(width, 1 | 2 | 4) {
        return Err(fail!(
            ctx,
            what,
            "{}: no width, which is 1, 2 or 4 bytes",
            width
        ));
    }
    if !address.is_multiple_of(width) {
        fail!(
            ctx,
            what,
            "{}: not a multiple of {}",
            Hex(address, 8),
            width
        );
        hint!(ctx, "`--width 1` takes any address");
        return Err(Failed);
    }
    Ok(width)
}

/// Says that an access faulted.
fn faulted(ctx: &mut Context<'_>, what: &str, address: usize, fault: Fault) -> Failed {
    fail!(
        ctx,
        what,
        "{}: {}",
        Hex(fault.address.unwrap_or(address), 8),
        fault.kind.name()
    )
}
