//! `hexdump`: shows a file's bytes.
//!
//! ```text
//! llext> hexdump /motd.txt
//! 00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a           |Hello, world.|
//! llext> hexdump /motd.txt 7 5
//! 00000007  77 6f 72 6c 64                                    |world|
//! llext> hexdump /motd.txt 14
//! error: hexdump: /motd.txt: has 13 bytes
//! ```

use super::{path, show};
use crate::{
    Status,
    context::{Console, Context},
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{dump_line, fail},
};

/// The command.
pub const HEXDUMP: Command = Command {
    name: "hexdump",
    about: "Show a file's bytes",
    arguments: &[
        Argument {
            name: "<PATH>",
            about: "File to show",
        },
        Argument {
            name: "[OFFSET]",
            about: "Where to begin, in bytes; 0 unless given",
        },
        Argument {
            name: "[LENGTH]",
            about: "How many bytes at most; all unless given",
        },
    ],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let start = args.number(ctx, args.value(1))?.unwrap_or(0) as usize;
    let length = args.number(ctx, args.value(2))?.unwrap_or(u32::MAX) as usize;
    let path = path(ctx, "hexdump", args.needed(0))?;
    let mut line =
        |console: &mut dyn Console, offset, bytes: &[u8]| dump_line(console, offset, bytes, 1);
    let size = show(ctx, "hexdump", &path, (start, length), &mut line)?;
    if start > size {
        return Err(fail!(
            ctx,
            "hexdump",
            "{}: has {} bytes",
            path.as_str(),
            size
        ));
    }
    Ok(())
}
