//! From a line to a command that runs.

use crate::{
    Command, Failed, Run, Status,
    context::Context,
    line::{TooLong, with_words},
    text::fail,
};
use embedded_cli::{command::RawCommand, service::FromRaw};

/// Runs the command in `line`. All it has to say, errors too, it has written to the console.
/// An empty line does nothing, successfully.
pub fn execute(line: &str, ctx: &mut Context<'_>) -> Status {
    let mut status = Ok(());
    match with_words(line, &mut |raw| status = run(raw, ctx)) {
        Ok(()) => status,
        Err(TooLong) => Err(fail!(ctx, "line", "too long")),
    }
}

fn run(raw: RawCommand<'_>, ctx: &mut Context<'_>) -> Status {
    match Command::parse(raw.clone()) {
        Ok(command) => command.run(ctx),
        Err(_) => Err(fail!(ctx, raw.name(), "unknown command")),
    }
}
