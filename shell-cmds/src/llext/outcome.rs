//! How a call into an extension ended, in words.

use super::place;
use crate::{
    Failed, Status,
    context::{Call, Cause, Context, Fault, Limits, Outcome, Stop},
    text::{Hex, fail, print},
};
use llext::{Extension, ExtensionId};

/// Calls a function of the extension `id` that has no arguments and whose value nobody wants; `role` is what it is.
pub fn run(ctx: &mut Context<'_>, what: &str, id: ExtensionId, role: &str, entry: usize) -> Status {
    let ended = ctx.cpu.call(&Call {
        owner: id,
        entry,
        args: &[0; 8],
        limits: Limits::default(),
        measured: false,
    });
    returned(ctx, what, id, role, ended.outcome).map(drop)
}

/// The value that a call returned; or the line that says what `function` of the extension `id` did instead.
pub fn returned(
    ctx: &mut Context<'_>,
    what: &str,
    id: ExtensionId,
    function: &str,
    outcome: Outcome,
) -> Result<u32, Failed> {
    ctx.console.fresh_line();
    let name = ctx.llext.by_id(id).map_or("", Extension::name);
    let stop = match outcome {
        Outcome::Returned(value) => return Ok(value),
        Outcome::Stopped(stop) => stop,
    };
    Err(match stop.cause {
        Cause::Exit(status) => {
            fail!(ctx, what, "{}: {} called exit({})", name, function, status)
        }
        Cause::Abort | Cause::Panic => fail!(ctx, what, "{}: {} called abort()", name, function),
        Cause::Assertion(_) => fail!(ctx, what, "{}: {}: assertion failed", name, function),
        Cause::Interrupted => fail!(
            ctx,
            what,
            "{}: {} was interrupted by Ctrl-C",
            name,
            function
        ),
        Cause::TimedOut(milliseconds) => fail!(
            ctx,
            what,
            "{}: {} took longer than {} ms",
            name,
            function,
            milliseconds
        ),
        Cause::Fault(fault) => {
            print!(
                ctx.console,
                "error: {}: {}: {}: {}",
                what,
                name,
                function,
                fault.kind.name()
            );
            write_place(ctx, &fault, &stop);
            ctx.console.write(b"\n");
            Failed
        }
    })
}

/// Writes where a fault happened: `hello_world+0x6 of hello (0x21000106), accessing 0xdeadbeef`.
fn write_place(ctx: &mut Context<'_>, fault: &Fault, stop: &Stop) {
    // Unknown: the CPU had no stack left to tell.
    let Some(pc) = stop.registers.pc() else {
        return;
    };
    let pc = pc as usize;
    ctx.console.write(b" at ");
    let (console, llext) = (&mut *ctx.console, &*ctx.llext);
    match place::locate(llext, pc) {
        Some(found) => {
            place::write_symbol(console, ctx.files, llext, &found, " of ");
            print!(console, "{} ", found.0.extension.name());
        }
        None => {
            if let Some((symbol, offset)) = place::in_firmware(llext, pc) {
                place::write(console, symbol, offset, " of ");
            }
            console.write(b"the firmware ");
        }
    }
    print!(console, "({})", Hex(pc, 8));
    if let Some(address) = fault.address {
        print!(console, ", accessing {}", Hex(address, 8));
    }
}
