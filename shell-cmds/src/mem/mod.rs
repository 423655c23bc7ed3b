//! Commands for memory at any address. An access that faults is an error, nothing worse.

pub mod read;
pub mod write;

use crate::{
    Failed, Status,
    args::Number,
    context::{Context, Fault},
    table,
    text::{Hex, fail, hint},
};
use embedded_cli::Command;

/// `mem`.
#[derive(Command)]
pub enum Mem {
    /// Read and write memory
    #[command(subcommand)]
    Mem(Subcommand),
}

impl table::Run for Mem {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Mem(subcommand) = self;
        subcommand.run(ctx)
    }
}

table::commands! {
    /// What `mem` does.
    pub enum Subcommand {
        Read(read::Read),
        Write(write::Write),
    }
}

/// The width of an access, for a stretch from `address`: 1, 2 or 4 bytes, aligned.
fn width(
    ctx: &mut Context<'_>,
    what: &str,
    address: usize,
    width: Option<Number>,
    unless: usize,
) -> Result<usize, Failed> {
    let width = width.map_or(unless, |Number(width)| width as usize);
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
        fault.kind
    )
}
