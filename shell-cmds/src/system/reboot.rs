//! `reboot`: restarts the machine.
//!
//! ```text
//! llext> reboot now
//! error: reboot: now: one argument too many
//! hint: usage: reboot
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text,
};

/// The command.
pub const REBOOT: Command = Command {
    name: "reboot",
    about: "Restart the machine; extensions are gone, files stay",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    text::part(ctx.console);
    ctx.system.reboot()
}
