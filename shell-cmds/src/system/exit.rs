//! `exit`: ends the run.
//!
//! ```text
//! llext> exit ten
//! error: exit: ten: expected a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1
//! hint: usage: exit [STATUS]
//! ```

use crate::{Run, Status, args::Number, context::Context};
use embedded_cli::Command;

/// `exit`.
#[derive(Command)]
pub enum Exit {
    /// End the run: an emulator exits, a board restarts
    Exit {
        /// Status that the emulator exits with; 0 unless given
        status: Option<Number>,
    },
}

impl Run for Exit {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Exit { status } = self;
        ctx.system
            .exit(status.map_or(0, |Number(status)| status as i32))
    }
}
