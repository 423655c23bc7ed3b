//! `mem write`: changes memory.
//!
//! ```text
//! llext> mem write 0x1000 0x12345678
//! llext> mem write 0x1004 -1 --width 1
//! llext> mem read 0x1000 6
//! 00001000  78 56 34 12 ff 05                                 |xV4...|
//! llext> mem write 0x1000 256 --width 1
//! error: mem write: 0x100: does not fit 1 byte
//! llext> mem write 0xe0000000 0
//! error: mem write: 0xe0000000: bus error
//! ```

use super::{faulted, width};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Choice, Command},
    text::{Hex, fail, plural},
};

/// The command.
pub const WRITE: Command = Command {
    name: "write",
    about: "Write one word to memory",
    arguments: &[
        Argument {
            name: "<ADDRESS>",
            about: "Address of its first byte",
        },
        Argument {
            name: "<VALUE>",
            about: "What to write",
        },
    ],
    options: &[Choice {
        long: "--width",
        short: "-w",
        value: "<1|2|4>",
        about: "Bytes of the word; 4 unless given",
    }],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let address = args.number(ctx, args.value(0))?.unwrap_or(0) as usize;
    let value = args.number(ctx, args.value(1))?.unwrap_or(0);
    let width = width(ctx, args, address, 4)?;
    let spare = 32 - 8 * width as u32;
    let fits =
        (value << spare) >> spare == value || ((value as i32) << spare) >> spare == value as i32;
    if !fits {
        return Err(fail!(
            ctx,
            "mem write",
            "{}: does not fit {} {}",
            Hex(value as usize, 1),
            width,
            plural(width, "byte", "bytes")
        ));
    }
    ctx.cpu
        .poke(address, width, value)
        .map_err(|fault| faulted(ctx, "mem write", address, fault))
}
