//! `version`: which firmware this is.
//!
//! ```text
//! llext> version
//! llext-shell <...> on <...>
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::print,
};

/// The command.
pub const VERSION: Command = Command {
    name: "version",
    about: "Tell the firmware's version and its board",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    print!(
        ctx.console,
        "llext-shell {} on {}\n",
        env!("CARGO_PKG_VERSION"),
        ctx.system.board()
    );
    Ok(())
}
