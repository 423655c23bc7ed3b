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
use crate::{Run, Status, context::Context, text::print};
use embedded_cli::Command;

/// `df`.
#[derive(Command)]
pub enum Df {
    /// Tell how full the file system is, in bytes
    Df,
}

impl Run for Df {
    fn run(self, ctx: &mut Context<'_>) -> Status {
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
        }
        Ok(())
    }
}
