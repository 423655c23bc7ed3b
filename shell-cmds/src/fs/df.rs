//! `df`: how full the file system is, in bytes.
//!
//! ```text
//! llext> df
//! total <n>
//! used <n>
//! free <n>
//! block <n>
//! ```

use super::refuse;
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::{field, print},
};

/// The command.
pub const DF: Command = Command {
    name: "df",
    about: "Tell how full the file system is, in bytes",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    let usage = ctx
        .files
        .usage()
        .map_err(|error| refuse(ctx, "df", "/", error))?;
    let bytes = |blocks: usize| blocks.saturating_mul(usage.block_size);
    for (name, bytes) in [
        ("total", bytes(usage.blocks)),
        ("used", bytes(usage.blocks.saturating_sub(usage.free))),
        ("free", bytes(usage.free)),
        ("block", usage.block_size),
    ] {
        print!(ctx.console, "{} {}\n", name, bytes);
        field!(ctx.console, name, bytes);
    }
    Ok(())
}
