//! `llext fault`: prints the report of the last fault once more, also of one that restarted the firmware.
//!
//! ```text
//! llext> llext fault
//! no fault is remembered
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::field_with,
};

/// The command.
pub const FAULT: Command = Command {
    name: "fault",
    about: "Print the report of the last fault once more",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    let text = ctx.system.last_fault().text();
    ctx.console
        .write(text.unwrap_or(b"no fault is remembered\n"));
    if let Some(text) = text {
        field_with(ctx.console, "report", &mut |value| value.write(text));
    }
    Ok(())
}
