//! `uptime`: how long the machine has run, and how long it took to be ready.
//!
//! ```text
//! llext> uptime
//! up <n>.<n> s, prompt after <n> us
//! ```

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::print,
};

/// The command.
pub const UPTIME: Command = Command {
    name: "uptime",
    about: "Tell the time since boot, and from reset to the first prompt",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    let milliseconds = ctx.system.uptime_us() / 1000;
    let (seconds, fraction) = (milliseconds / 1000, (milliseconds % 1000) as u32);
    let zeros = match fraction {
        0..10 => "00",
        10..100 => "0",
        _ => "",
    };
    print!(
        ctx.console,
        "up {}.{}{} s, prompt after {} us\n",
        seconds,
        zeros,
        fraction,
        ctx.system.ready_us()
    );
    Ok(())
}
