//! `cp`: copies a file; a file of the new name is replaced once the copy is complete. Ctrl-C leaves all as it was.
//!
//! ```text
//! llext> cp /motd.txt /copy.txt
//! llext> cat /copy.txt
//! Hello, world
//! llext> cp /motd.txt /motd.txt
//! error: cp: /motd.txt: is the file to copy
//! llext> cp /ext /copy
//! error: cp: /ext: is a directory
//! llext> cp /motd.txt /no/where
//! error: cp: /no: no such file or directory
//! ```

use super::{destination, metadata, path, refuse, refuse_new};
use crate::{
    Status,
    context::{Context, FileError, Metadata},
    parse::Parsed,
    table::{Action, Argument, Command},
    text::fail,
};

/// The command.
pub const CP: Command = Command {
    name: "cp",
    about: "Copy a file",
    arguments: &[
        Argument {
            name: "<FROM>",
            about: "File to copy",
        },
        Argument {
            name: "<TO>",
            about: "Name of the copy, or the directory that it goes into",
        },
    ],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let (from, to) = (args.needed(0), args.needed(1));
    let from = path(ctx, "cp", from)?;
    if metadata(ctx, "cp", &from)? == Metadata::Dir {
        return Err(refuse(ctx, "cp", from.as_str(), FileError::IsADirectory));
    }
    let to = destination(ctx, "cp", &from, to)?;
    if to.as_str() == from.as_str() {
        return Err(fail!(ctx, "cp", "{}: is the file to copy", to.as_str()));
    }
    let console = &mut *ctx.console;
    let mut go_on = || !console.interrupted();
    let copied = ctx.files.copy(from.as_str(), to.as_str(), &mut go_on);
    copied.map_err(|error| refuse_new(ctx, "cp", &to, error))
}
