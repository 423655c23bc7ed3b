//! `exit`: ends the run.
//!
//! ```text
//! llext> exit ten
//! error: exit: ten: expected a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1
//! hint: usage: exit [STATUS]
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
    text,
};

/// The command.
pub const EXIT: Command = Command {
    name: "exit",
    about: "End the run: an emulator exits, a board restarts",
    arguments: &[Argument {
        name: "[STATUS]",
        about: "Status that the emulator exits with; 0 unless given",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let status = args.number(ctx, args.value(0))?;
    text::part(ctx.console);
    ctx.system.exit(status.map_or(0, |status| status as i32))
}
