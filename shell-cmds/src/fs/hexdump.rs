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

use super::{cat::chunks, path, refuse};
use crate::{
    Status,
    context::{Context, FileError},
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
    let typed = args.needed(0);
    let offset = args.number(ctx, args.value(1))?;
    let length = args.number(ctx, args.value(2))?;
    let path = path(ctx, "hexdump", typed)?;
    let start = offset.map_or(0, |offset| offset as usize);
    let length = length.map_or(usize::MAX, |length| length as usize);
    let console = &mut *ctx.console;
    let mut size = 0;
    let mut read = Ok(());
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        size = file.len();
        let end = size.min(start.saturating_add(length));
        read = chunks(file, start, end, &mut |offset, bytes| {
            dump_line(console, offset, bytes, 1)
        });
    });
    match (opened, read) {
        (Err(error), _) => Err(refuse(ctx, "hexdump", path.as_str(), error)),
        (_, Err(_)) => Err(refuse(ctx, "hexdump", path.as_str(), FileError::Device)),
        _ if start > size => Err(fail!(
            ctx,
            "hexdump",
            "{}: has {} bytes",
            path.as_str(),
            size
        )),
        _ => Ok(()),
    }
}
