//! `uptime`: how long the machine has run, and how long it took to be ready.
//!
//! ```text
//! llext> uptime
//! up <n>.<n> s, prompt after <n> us
//! ```
//!
//! Where bytes were lost, it tells how often on the way in, and how many of those that were printed a host at RTT has missed.

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::{plural, print, record},
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
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    print!(ctx.console, "up {}.", seconds as u32);
    for unit in [100, 10, 1] {
        print!(ctx.console, "{}", fraction as u32 / unit % 10);
    }
    print!(
        ctx.console,
        " s, prompt after {} us",
        ctx.system.ready_us() as u32
    );
    let losses = ctx.system.losses();
    if losses > 0 {
        let word = plural(losses as usize, "time", "times");
        print!(ctx.console, ", input was lost {} {}", losses, word);
    }
    let unread = ctx.system.unread();
    if unread > 0 {
        print!(ctx.console, ", RTT came too late for {} bytes", unread);
    }
    ctx.console.write(b"\n");
    record!(
        ctx.console,
        "up-us": ctx.system.uptime_us(),
        "ready-us": ctx.system.ready_us(),
        "losses": losses,
        "unread": unread
    );
    Ok(())
}
