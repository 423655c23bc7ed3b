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
    Run, Status,
    context::{Console, Context, Metadata},
    text::{Right, print},
};
use embedded_cli::Command;

/// `ls`.
#[derive(Command)]
pub enum Ls<'a> {
    /// List a directory: sizes in bytes and names
    Ls {
        /// Directory or file to list; / unless given
        path: Option<&'a str>,
    },
}

impl Run for Ls<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Ls { path: typed } = self;
        let path = path(ctx, "ls", typed.unwrap_or("/"))?;
        let found = metadata(ctx, "ls", &path)?;
        if let Metadata::File(_) = found {
            entry(ctx.console, path.name(), found);
            return Ok(());
        }
        let console = &mut *ctx.console;
        let listed = ctx.files.list(path.as_str(), &mut |name, metadata| {
            entry(console, name, metadata)
        });
        listed.map_err(|error| refuse(ctx, "ls", path.as_str(), error))
    }
}

fn entry(console: &mut dyn Console, name: &str, metadata: Metadata) {
    match metadata {
        Metadata::File(size) => print!(console, "{} {}\n", Right(size, 8), name),
        Metadata::Dir => print!(console, "       - {}/\n", name),
    }
}
