//! `mkdir`: makes a directory.
//!
//! ```text
//! llext> mkdir /logs
//! llext> mkdir /logs
//! error: mkdir: /logs: exists already
//! llext> mkdir /no/where
//! error: mkdir: /no: no such file or directory
//! ```

use super::{path, refuse_new};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
};

/// The command.
pub const MKDIR: Command = Command {
    name: "mkdir",
    about: "Make a directory",
    arguments: &[Argument {
        name: "<DIR>",
        about: "Directory to make",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.needed(0);
    let path = path(ctx, "mkdir", typed)?;
    let made = ctx.files.create_dir(path.as_str());
    made.map_err(|error| refuse_new(ctx, "mkdir", &path, error))
}
