//! `cat`: prints a file.
//!
//! ```text
//! llext> cat /motd.txt
//! Hello, world
//! llext> cat /motd
//! error: cat: /motd: no such file or directory
//! hint: did you mean motd.txt?
//! llext> cat /ext
//! error: cat: /ext: is a directory
//! ```

use super::{path, refuse};
use crate::{
    Status,
    context::{Context, FileError},
    parse::Parsed,
    table::{Action, Argument, Command},
};
use llext::{Source, SourceError};

/// The command.
pub const CAT: Command = Command {
    name: "cat",
    about: "Print a file",
    arguments: &[Argument {
        name: "<PATH>",
        about: "File to print",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.needed(0);
    let path = path(ctx, "cat", typed)?;
    let console = &mut *ctx.console;
    let mut read = Ok(());
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        let end = file.len();
        read = chunks(file, 0, end, &mut |_, bytes| console.write(bytes));
    });
    ctx.console.fresh_line();
    match (opened, read) {
        (Err(error), _) => Err(refuse(ctx, "cat", path.as_str(), error)),
        (_, Err(_)) => Err(refuse(ctx, "cat", path.as_str(), FileError::Device)),
        _ => Ok(()),
    }
}

/// Hands out the bytes of `file` from `start` to `end` in pieces of 16, the last one perhaps shorter, with their offsets.
pub fn chunks(
    file: &mut dyn Source,
    start: usize,
    end: usize,
    each: &mut dyn FnMut(usize, &[u8]),
) -> Result<(), SourceError> {
    let mut piece = [0; 16];
    let mut offset = start;
    while offset < end {
        let length = piece.len().min(end - offset);
        let Some(piece) = piece.get_mut(..length) else {
            break;
        };
        file.read_at(offset, piece)?;
        each(offset, piece);
        offset += length;
    }
    Ok(())
}
