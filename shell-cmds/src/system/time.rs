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
    Run, Status,
    context::Context,
    text::{fail, print},
};
use embedded_cli::Command;

/// `time`. The dispatcher takes it off a line that goes on; here is its place in the table.
#[derive(Command)]
pub enum Time<'a> {
    /// Run a command and tell how long it took
    Time {
        /// Command to run, with its arguments
        #[arg(value_name = "COMMAND...")]
        command: &'a str,
    },
}

impl Run for Time<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Time { command } = self;
        Err(fail!(
            ctx,
            "time",
            "{}: is not measured within time",
            command
        ))
    }
}

/// Runs `body` and prints how long it took, whether it failed or not.
pub fn measure(ctx: &mut Context<'_>, body: impl FnOnce(&mut Context<'_>) -> Status) -> Status {
    let start = ctx.system.ticks();
    let status = body(ctx);
    let ticks = ctx.system.ticks().saturating_sub(start);
    let rate = u64::from(ctx.system.tick_rate().max(1));
    print!(
        ctx.console,
        "time: {} us\n",
        ticks.saturating_mul(1_000_000) / rate
    );
    status
}
