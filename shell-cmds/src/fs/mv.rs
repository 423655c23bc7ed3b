//! `mv`: renames or moves; a file of the new name is replaced.
//!
//! ```text
//! llext> mkdir /old
//! llext> mv /motd.txt /old
//! llext> mv /old/motd.txt /old/greeting
//! llext> ls /old
//!       13 greeting
//! llext> mv /old /old/older
//! error: mv: /old/older: lies within /old
//! llext> mv /nope /old
//! error: mv: /nope: no such file or directory
//! ```

use super::{destination, metadata, path, refuse_new};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::fail,
};

/// The command.
pub const MV: Command = Command {
    name: "mv",
    about: "Rename or move a file or directory",
    arguments: &[
        Argument {
            name: "<FROM>",
            about: "What to move",
        },
        Argument {
            name: "<TO>",
            about: "Its new name, or the directory that it goes into",
        },
    ],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let (from, to) = (args.needed(0), args.needed(1));
    let from = path(ctx, "mv", from)?;
    metadata(ctx, "mv", &from)?;
    let to = destination(ctx, "mv", &from, to)?;
    if to.as_str() == from.as_str() {
        return Ok(());
    }
    if to.is_within(&from) {
        return Err(fail!(
            ctx,
            "mv",
            "{}: lies within {}",
            to.as_str(),
            from.as_str()
        ));
    }
    let moved = ctx.files.rename(from.as_str(), to.as_str());
    moved.map_err(|error| refuse_new(ctx, "mv", &to, error))
}
