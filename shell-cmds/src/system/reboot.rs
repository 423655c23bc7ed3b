//! `reboot`: restarts the machine.
//!
//! ```text
//! llext> reboot now
//! error: reboot: now: one argument too many
//! hint: usage: reboot
//! ```

use crate::{Run, Status, context::Context};
use embedded_cli::Command;

/// `reboot`.
#[derive(Command)]
pub enum Reboot {
    /// Restart the machine; extensions are gone, files stay
    Reboot,
}

impl Run for Reboot {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        ctx.system.reboot()
    }
}
