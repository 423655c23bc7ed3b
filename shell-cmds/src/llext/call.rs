//! `llext call`: calls a function of an extension.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext call hello add 2 -5
//! => -3 (0xfffffffd)
//! llext> llext call hello add 0x10 'A'
//! => 81 (0x51)
//! llext> llext call hello add 2 3 --stats
//! => 5 (0x5)
//! took 1234 instructions, 49 us, stack 312 of 32768 bytes
//! llext> llext call hello add 2 3 --timeout 1000
//! => 5 (0x5)
//! llext> llext call hello add 2 3 --no-protect
//! => 5 (0x5)
//! llext> llext call hello add 2 3 --timeout soon
//! error: call: soon: expected <...>
//! hint: usage: llext call <...>
//! llext> llext call hello add 2 3 --timeout 0
//! error: call: --timeout 0: expected milliseconds, 1 to 2147483647
//! llext> llext call hello add 5000000000
//! error: call: 5000000000: expected a number from -2^31 to 2^32-1 (decimal, 0x…, 0b…), 'c' or "text"
//! llext> llext call hello ad
//! error: call: hello: no function ad
//! hint: did you mean add?
//! llext> llext call hello greetings
//! error: call: hello: greetings is data, not a function
//! llext> llext call helo add
//! error: call: helo: no such extension
//! hint: did you mean hello?
//! llext> llext call hello add 1 2 3 4 5 6 7 8 9
//! error: call: 9 arguments, 8 at most
//! ```
//!
//! `--stats` counts instructions where CPU or emulator count them, else cycles of the CPU, else ticks of the board's clock
//! with their rate. `--timeout` ends a call that still runs then: as Ctrl-C does, with a message of its own.
//! `--no-protect` lifts memory protection: what is read-only can be written, and data executes; null pointers and a full stack
//! end the call all the same.

use super::{outcome, unknown};
use crate::{
    Failed, Status,
    args::{Literal, literal, unescape},
    context::{Call, Context, Cost, Count, Limits},
    nearest,
    parse::Parsed,
    table::{Action, Argument, Choice, Command},
    text::{Hex, end_record, fail, field, hint, print, record},
};
use core::cell::Cell;
use llext::{Extension, ExtensionId};

/// The most arguments of a call.
const ARGUMENTS: usize = 8;

/// Room for the strings of a call, in bytes, each with its NUL.
const STRINGS: usize = 256;

/// The command.
pub const CALL: Command = Command {
    name: "call",
    about: "Call a function of an extension",
    arguments: &[
        Argument {
            name: "<NAME>",
            about: "Extension that has the function",
        },
        Argument {
            name: "<FUNCTION>",
            about: "Function to call",
        },
        Argument {
            name: "[ARG...]",
            about: "Up to 8: 12, -7, 0x1f, 0b101, 'c', \"text\" (as pointer)",
        },
    ],
    options: &[
        Choice {
            long: "--force",
            short: "-f",
            value: "",
            about: "Call it even if an earlier call faulted",
        },
        Choice {
            long: "--timeout",
            short: "-t",
            value: "<MS>",
            about: "End the call after so many milliseconds",
        },
        Choice {
            long: "--stats",
            short: "-s",
            value: "",
            about: "Tell what the call took: instructions or cycles, time, stack",
        },
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let (name, function) = (args.needed(0), args.needed(1));
    let (id, entry) = find(ctx, name, function)?;
    if args.choice("--force").is_none() {
        refuse_faulted(ctx, id, name)?;
    }
    let mut values = [0; ARGUMENTS];
    // Cells: the extension may read and write them through the pointers that it gets.
    let strings = [const { Cell::new(0) }; STRINGS];
    arguments(ctx, args, &mut values, &strings)?;
    let call = Call {
        owner: id,
        entry,
        args: &values,
        limits: Limits {
            timeout_ms: timeout(ctx, args)?,
            ..outcome::limits(args)
        },
        measured: args.choice("--stats").is_some(),
        llext: &*ctx.llext,
    };
    let ended = ctx.cpu.call(&call);
    let status = match outcome::returned(ctx, "call", id, function, ended.outcome) {
        Ok(value) => {
            print!(
                ctx.console,
                "=> {} ({})\n",
                value as i32,
                Hex(value as usize, 1)
            );
            record!(ctx.console, "outcome": "returned", "value": value as i32);
            Ok(())
        }
        Err(Failed) => {
            hint!(ctx, "the call is over and {} stays loaded", name);
            Err(Failed)
        }
    };
    if let Some(cost) = ended.cost {
        show(ctx, &cost);
    }
    status
}

/// The milliseconds that the call may take.
fn timeout(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Result<Option<u32>, Failed> {
    /// What is above was typed as a negative number.
    const MOST: u32 = i32::MAX as u32;
    match args.number(ctx, args.choice("--timeout").flatten())? {
        Some(limit) if !(1..=MOST).contains(&limit) => Err(fail!(
            ctx,
            "call",
            "--timeout {}: expected milliseconds, 1 to {}",
            limit as i32,
            MOST
        )),
        limit => Ok(limit),
    }
}

/// Prints what a call took.
fn show(ctx: &mut Context<'_>, cost: &Cost) {
    let (count, unit) = match cost.count {
        Count::Instructions(count) => (count, "instructions"),
        Count::Cycles(count) => (count, "cycles"),
        Count::Ticks(count) => (count, "ticks"),
    };
    print!(ctx.console, "took {} {}", count, unit);
    if let Count::Ticks(_) = cost.count {
        print!(ctx.console, " of {} Hz", ctx.system.tick_rate());
    }
    let stack = ctx.cpu.layout().stack;
    print!(
        ctx.console,
        ", {} us, stack {} of {} bytes\n",
        cost.micros,
        cost.stack,
        stack.len()
    );
    end_record(ctx.console);
    field!(ctx.console, unit, count);
    record!(
        ctx.console,
        "us": cost.micros,
        "stack": cost.stack,
        "stack-size": stack.len()
    );
}

/// The extension's id and the function's address.
fn find(ctx: &mut Context<'_>, name: &str, function: &str) -> Result<(ExtensionId, usize), Failed> {
    let Some(extension) = ctx.llext.by_name(name) else {
        return Err(unknown(ctx, "call", name));
    };
    let Some(entry) = extension.find(function) else {
        fail!(ctx, "call", "{}: no function {}", name, function);
        let names =
            &mut |each: &mut dyn FnMut(&str)| extension.exports().for_each(|(name, _)| each(name));
        if !nearest::hint(ctx.console, function, names) {
            hint!(ctx, "`llext sym {}` lists what it exports", name);
        }
        return Err(Failed);
    };
    if !extension.is_code(entry) {
        return Err(fail!(
            ctx,
            "call",
            "{}: {} is data, not a function",
            name,
            function
        ));
    }
    Ok((extension.id(), entry))
}

/// Fails if a call into the extension has faulted: what it left half done would make the next fault hard to understand.
fn refuse_faulted(ctx: &mut Context<'_>, id: ExtensionId, name: &str) -> Status {
    if !ctx.llext.by_id(id).is_some_and(Extension::is_faulted) {
        return Ok(());
    }
    fail!(ctx, "call", "{}: an earlier call faulted", name);
    hint!(
        ctx,
        "`llext unload {}` and load it again, or `llext call --force`",
        name
    );
    Err(Failed)
}

/// Reads the arguments into `values`; strings go to `strings`, and their addresses to `values`.
fn arguments(
    ctx: &mut Context<'_>,
    args: &Parsed<'_>,
    values: &mut [usize; ARGUMENTS],
    strings: &[Cell<u8>; STRINGS],
) -> Status {
    let typed = args.values().skip(2);
    let count = typed.count();
    if count > ARGUMENTS {
        return Err(fail!(
            ctx,
            "call",
            "{} arguments, {} at most",
            count,
            ARGUMENTS
        ));
    }
    let mut used = 0;
    for (value, word) in values.iter_mut().zip(args.values().skip(2)) {
        let word = word.trim_start_matches(' ');
        *value = match literal(word) {
            Ok(Literal::Number(number)) => number as usize,
            Ok(Literal::String(text)) => {
                let start = strings.as_ptr().wrapping_add(used) as usize;
                let mut push = |byte| {
                    strings.get(used)?.set(byte);
                    used += 1;
                    Some(())
                };
                if unescape(text, &mut push).and_then(|()| push(0)).is_none() {
                    return Err(fail!(
                        ctx,
                        "call",
                        "{}: the strings take more than {} bytes",
                        word,
                        STRINGS
                    ));
                }
                start
            }
            Err(bad) => return Err(fail!(ctx, "call", "{}: {}", word, bad.expected())),
        };
    }
    Ok(())
}
