//! How a call into an extension ended, in words.

use super::place;
use crate::{
    Failed,
    context::{Context, Fault, Outcome},
    text::{Hex, fail, print},
};
use llext::{Extension, ExtensionId};

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
    Err(match outcome {
        Outcome::Returned(value) => return Ok(value),
        Outcome::Exited(status) => {
            fail!(ctx, what, "{}: {} called exit({})", name, function, status)
        }
        Outcome::Aborted => fail!(ctx, what, "{}: {} called abort()", name, function),
        Outcome::Interrupted => fail!(
            ctx,
            what,
            "{}: {} was interrupted by Ctrl-C",
            name,
            function
        ),
        Outcome::Faulted(fault) => {
            print!(
                ctx.console,
                "error: {}: {}: {}: {}", what, name, function, fault.kind
            );
            // Zero: the CPU had no stack left to tell.
            if fault.pc != 0 {
                ctx.console.write(b" at ");
                write_place(ctx, &fault);
            }
            ctx.console.write(b"\n");
            Failed
        }
    })
}

/// Writes where a fault happened: `hello_world+0x6 of hello (0x21000106), accessing 0xdeadbeef`.
fn write_place(ctx: &mut Context<'_>, fault: &Fault) {
    let (console, llext) = (&mut *ctx.console, &*ctx.llext);
    match place::locate(llext, fault.pc) {
        Some(found) => {
            place::write_symbol(console, ctx.files, llext, &found, " of ");
            print!(console, "{} ", found.0.extension.name());
        }
        None => {
            if let Some((symbol, offset)) = place::in_firmware(llext, fault.pc) {
                place::write(console, symbol, offset, " of ");
            }
            console.write(b"the firmware ");
        }
    }
    print!(console, "({})", Hex(fault.pc, 8));
    if let Some(address) = fault.address {
        print!(console, ", accessing {}", Hex(address, 8));
    }
}
