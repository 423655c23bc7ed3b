//! How a call into an extension ended, in words.

use crate::{
    Failed,
    context::{Context, Fault, Outcome},
    text::{Hex, fail, print},
};
use llext::{Extension, ExtensionId};

/// The longest symbol that is shown, in bytes.
const LONGEST: usize = 64;

/// A function of the firmware is taken to be no longer than this, in bytes.
const NEAR: usize = 512;

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
                place(ctx, &fault);
            }
            ctx.console.write(b"\n");
            Failed
        }
    })
}

/// Writes where a fault happened: `hello_world+0x6 of hello (0x21000106), accessing 0xdeadbeef`.
fn place(ctx: &mut Context<'_>, fault: &Fault) {
    match ctx.llext.locate(fault.pc) {
        Some(location) => {
            let (llext, extension) = (&*ctx.llext, location.extension);
            let console = &mut *ctx.console;
            let mut named = false;
            // The file knows static functions too; where it cannot be read, the exports must do.
            let _ = ctx.files.read(extension.origin(), &mut |file| {
                let mut name = [0; LONGEST];
                if let Ok(Some((symbol, offset))) =
                    llext.symbol_at(file, extension, fault.pc, &mut name)
                {
                    print!(console, "{}+{} of ", symbol, Hex(offset, 1));
                    named = true;
                }
            });
            if let Some((symbol, offset)) = location.symbol.filter(|_| !named) {
                print!(ctx.console, "{}+{} of ", symbol, Hex(offset, 1));
            }
            print!(ctx.console, "{} ", extension.name());
        }
        None => {
            if let Some((symbol, offset)) = in_firmware(ctx, fault.pc) {
                print!(ctx.console, "{}+{} of ", symbol, Hex(offset, 1));
            }
            ctx.console.write(b"the firmware ");
        }
    }
    print!(ctx.console, "({})", Hex(fault.pc, 8));
    if let Some(address) = fault.address {
        print!(ctx.console, ", accessing {}", Hex(address, 8));
    }
}

/// The firmware's export that `address` seems to lie in: the nearest one before it, if that is near.
fn in_firmware(ctx: &Context<'_>, address: usize) -> Option<(&'static str, usize)> {
    let near = |(name, export): (&'static str, usize)| {
        let offset = address.checked_sub(export & !1)?;
        (offset < NEAR).then_some((name, offset))
    };
    let exports = ctx.llext.exports().iter();
    exports.filter_map(near).min_by_key(|(_, offset)| *offset)
}
