//! `ls`: lists a directory, in the order of the file system (littlefs keeps names sorted).
//!
//! ```text
//! llext> ls /
//!        - ext/
//!       13 motd.txt
//! llext> ls motd.txt
//!       13 motd.txt
//! llext> ls /nope
//! error: ls: /nope: no such file or directory
//! ```

use super::{metadata, path, refuse};
use crate::{
    Status,
    context::{Console, Context, Metadata},
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{Right, go_on, print, record},
};

/// The command.
pub const LS: Command = Command {
    name: "ls",
    about: "List a directory: sizes in bytes and names",
    arguments: &[Argument {
        name: "[PATH]",
        about: "Directory or file to list; / unless given",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.value(0);
    let path = path(ctx, "ls", typed.unwrap_or("/"))?;
    let found = metadata(ctx, "ls", &path)?;
    if let Metadata::File(_) = found {
        entry(ctx.console, path.name(), found);
        return Ok(());
    }
    let console = &mut *ctx.console;
    let mut status = Ok(());
    let listed = ctx.files.list(path.as_str(), &mut |name, metadata| {
        status = status.and_then(|()| go_on(console));
        if status.is_ok() {
            entry(console, name, metadata);
        }
    });
    listed.map_err(|error| refuse(ctx, "ls", path.as_str(), error))?;
    status
}

fn entry(console: &mut dyn Console, name: &str, metadata: Metadata) {
    match metadata {
        Metadata::File(size) => {
            print!(console, "{} {}\n", Right(size, 8), name);
            record!(console, "name": name, "type": "file", "size": size);
        }
        Metadata::Dir => {
            print!(console, "       - {}/\n", name);
            record!(console, "name": name, "type": "dir");
        }
    }
}
