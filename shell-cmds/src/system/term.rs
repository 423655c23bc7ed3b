//! `term`: says or switches how the console talks to its terminal.
//!
//! ```text
//! llext> term
//! plain
//! llext> term plain
//! llext> term colour
//! error: term: colour: neither plain nor ansi
//! ```

use crate::{
    Status,
    context::{Context, Mode},
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{fail, field, print},
};

/// The command.
pub const TERM: Command = Command {
    name: "term",
    about: "Show or set the terminal: plain or with escape codes",
    arguments: &[Argument {
        name: "[plain|ansi]",
        about: "How to talk to the terminal from now on",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let mode = args.value(0);
    match mode {
        Some("plain") => ctx.console.set_mode(Mode::Plain),
        Some("ansi") => ctx.console.set_mode(Mode::Ansi),
        Some(other) => return Err(fail!(ctx, "term", "{}: neither plain nor ansi", other)),
        None => {
            let mode = if ctx.console.mode() == Mode::Plain {
                "plain"
            } else {
                "ansi"
            };
            print!(ctx.console, "{}\n", mode);
            field!(ctx.console, "mode", mode);
        }
    }
    Ok(())
}
