//! `time`: measures another command.
//!
//! ```text
//! llext> time term
//! plain
//! time: <n> us
//! llext> time
//! error: time: <COMMAND...> is missing
//! hint: usage: time <COMMAND...>
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{end_record, fail, print, record},
};

/// The command.
pub const TIME: Command = Command {
    name: "time",
    about: "Run a command and tell how long it took",
    arguments: &[Argument {
        name: "<COMMAND...>",
        about: "Command to run, with its arguments",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let command = args.needed(0);
    Err(fail!(
        ctx,
        "time",
        "{}: is not measured within time",
        command
    ))
}

/// Runs `body` and prints how long it took, whether it failed or not.
pub fn measure(ctx: &mut Context<'_>, body: &mut dyn FnMut(&mut Context<'_>) -> Status) -> Status {
    let start = ctx.system.ticks();
    let status = body(ctx);
    let ticks = ctx.system.ticks().saturating_sub(start);
    let rate = u64::from(ctx.system.tick_rate().max(1));
    let us = (ticks.saturating_mul(1_000_000) / rate) as usize;
    print!(ctx.console, "time: {} us\n", us);
    end_record(ctx.console);
    record!(ctx.console, "time-us": us);
    status
}
