//! `mem read`: shows memory.
//!
//! ```text
//! llext> mem read 0x1000 20
//! 00001000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|
//! 00001010  10 11 12 13                                       |....|
//! llext> mem read 0x1000 8 --width 4
//! 00001000  03020100 07060504                     |........|
//! llext> mem read 0x1002 --width 4
//! error: mem read: 0x00001002: not a multiple of 4
//! hint: `--width 1` takes any address
//! llext> mem read 0xe0000000
//! error: mem read: 0xe0000000: bus error
//! ```

use super::{faulted, width};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Choice, Command},
    text::{Digits, Hex, dump_line, end_record, fail, field, field_with, go_on, print},
};

/// The most that is shown at once, in bytes.
const MOST: usize = 64 * 1024;

/// The command.
pub const READ: Command = Command {
    name: "read",
    about: "Show memory as hexadecimal words",
    arguments: &[
        Argument {
            name: "<ADDRESS>",
            about: "Address of the first byte",
        },
        Argument {
            name: "[LENGTH]",
            about: "How many bytes; 64 unless given",
        },
    ],
    options: &[Choice {
        long: "--width",
        short: "-w",
        value: "<1|2|4>",
        about: "Bytes a word; 1 unless given",
    }],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let address = args.number(ctx, args.value(0))?.unwrap_or(0) as usize;
    let length = args.number(ctx, args.value(1))?;
    let width = width(ctx, args, address, 1)?;
    let length = length.map_or(64, |length| length as usize);
    if length > MOST {
        return Err(fail!(
            ctx,
            "mem read",
            "{}: at most {} bytes at once",
            length,
            MOST
        ));
    }
    let mut shown = 0;
    while shown < length {
        go_on(ctx.console)?;
        let start = address.wrapping_add(shown);
        let mut line = [0; 16];
        let mut filled = 0;
        while filled < line.len() && shown < length {
            let place = start.wrapping_add(filled);
            let word = ctx
                .cpu
                .peek(place, width)
                .map_err(|fault| faulted(ctx, "mem read", place, fault))?;
            let bytes = line.iter_mut().skip(filled).take(width);
            bytes
                .zip(word.to_le_bytes())
                .for_each(|(byte, read)| *byte = read);
            filled += width;
            shown += width;
        }
        let line = line.get(..filled).unwrap_or(&line);
        dump_line(ctx.console, start, line, width);
        field!(ctx.console, "address", Hex(start, 8));
        field_with(ctx.console, "bytes", &mut |value| {
            for byte in line {
                print!(value, "{}", Digits((*byte).into(), 2));
            }
        });
        end_record(ctx.console);
    }
    Ok(())
}
