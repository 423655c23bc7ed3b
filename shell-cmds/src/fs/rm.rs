//! `rm`: removes files and empty directories.
//!
//! ```text
//! llext> cp /motd.txt /a
//! llext> cp /motd.txt /b
//! llext> rm /a /b
//! llext> rm /a
//! error: rm: /a: no such file or directory
//! llext> rm /ext
//! error: rm: /ext: directory is not empty
//! llext> rm /
//! error: rm: /: is the root of the file system
//! llext> rm
//! error: rm: <PATH...> is missing
//! hint: usage: rm <PATH...>
//! ```

use super::{path, refuse};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::fail,
};

/// The command.
pub const RM: Command = Command {
    name: "rm",
    about: "Remove files and empty directories; stops at the first that it cannot",
    arguments: &[Argument {
        name: "<PATH...>",
        about: "Files and directories to remove",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    for typed in args.values() {
        let path = path(ctx, "rm", typed)?;
        if path.name().is_empty() {
            return Err(fail!(ctx, "rm", "/: is the root of the file system"));
        }
        let removed = ctx.files.remove(path.as_str());
        removed.map_err(|error| refuse(ctx, "rm", path.as_str(), error))?;
    }
    Ok(())
}
