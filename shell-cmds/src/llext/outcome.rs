//! How a call into an extension ended.

use super::report;
use crate::{
    Failed, Status,
    context::{Call, Cause, Context, Limits, Outcome},
    parse::Parsed,
    table::Choice,
};
use llext::ExtensionId;

/// The option of what runs code of extensions without memory protection.
pub const NO_PROTECT: Choice = Choice {
    long: "--no-protect",
    short: "-P",
    value: "",
    about: "Let it write and execute all memory",
};

/// What the options of a command that is no call allow the code that it runs.
pub fn limits(args: &Parsed<'_>) -> Limits {
    Limits {
        unprotected: args.choice(NO_PROTECT.long).is_some(),
        ..Limits::default()
    }
}

/// Calls a function of the extension `id` that has no arguments and whose value nobody wants; `role` is what it is.
pub fn run(
    ctx: &mut Context<'_>,
    what: &str,
    id: ExtensionId,
    (role, entry): (&str, usize),
    limits: Limits,
) -> Status {
    let ended = ctx.cpu.call(&Call {
        owner: id,
        entry,
        args: &[0; 8],
        limits,
        measured: false,
        llext: &*ctx.llext,
    });
    returned(ctx, what, id, role, ended.outcome).map(drop)
}

/// The value that a call returned; or the report of what `function` of the extension `id` did instead.
pub fn returned(
    ctx: &mut Context<'_>,
    what: &str,
    id: ExtensionId,
    function: &str,
    outcome: Outcome,
) -> Result<u32, Failed> {
    ctx.console.fresh_line();
    let stop = match outcome {
        Outcome::Returned(value) => return Ok(value),
        Outcome::Stopped(stop) => stop,
    };
    report::of_call(ctx, what, id, function, &stop);
    if is_faulty(&stop.cause) {
        ctx.llext
            .by_id(id)
            .inspect(|extension| extension.set_faulted());
    }
    Err(Failed)
}

/// Whether an extension that ended so is not to be trusted any more. One that called `exit` had its reasons, and one that
/// somebody else stopped may have been well: what either leaves half done is for the user to judge.
fn is_faulty(cause: &Cause) -> bool {
    matches!(cause, Cause::Fault(_) | Cause::Abort | Cause::Assertion(_))
}
