//! `version`: which firmware this is.
//!
//! ```text
//! llext> version
//! llext-shell <...> on <...>
//! ```

use crate::{Run, Status, context::Context, text::print};
use embedded_cli::Command;

/// `version`.
#[derive(Command)]
pub enum Version {
    /// Tell the firmware's version and its board
    Version,
}

impl Run for Version {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        print!(
            ctx.console,
            "llext-shell {} on {}\n",
            env!("CARGO_PKG_VERSION"),
            ctx.system.board()
        );
        Ok(())
    }
}
