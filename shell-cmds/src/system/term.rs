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
    Run, Status,
    context::{Context, Mode},
    text::{fail, print},
};
use embedded_cli::Command;

/// `term`.
#[derive(Command)]
pub enum Term<'a> {
    /// Show or set the terminal: plain or with escape codes
    Term {
        /// How to talk to the terminal from now on
        #[arg(value_name = "plain|ansi")]
        mode: Option<&'a str>,
    },
}

impl Run for Term<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Term { mode } = self;
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
            }
        }
        Ok(())
    }
}
