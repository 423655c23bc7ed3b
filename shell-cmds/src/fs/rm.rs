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
use crate::{Run, Status, args::Words, context::Context, text::fail};
use embedded_cli::{
    Command,
    command::RawCommand,
    service::{FromRaw, ParseError},
};

/// `rm`.
#[derive(Command)]
#[command(skip_from_raw)]
pub enum Rm<'a> {
    /// Remove files and empty directories; stops at the first that it cannot
    Rm {
        /// Files and directories to remove
        #[arg(value_name = "PATH...")]
        paths: Words<'a>,
    },
}

impl<'a> FromRaw<'a> for Rm<'a> {
    fn parse(raw: RawCommand<'a>) -> Result<Self, ParseError<'a>> {
        if raw.name() != "rm" {
            return Err(ParseError::UnknownCommand);
        }
        let paths = Words::new(raw.args())?;
        match paths.iter().next() {
            Some(_) => Ok(Self::Rm { paths }),
            None => Err(ParseError::MissingRequiredArgument { name: "<PATH...>" }),
        }
    }
}

impl Run for Rm<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Rm { paths } = self;
        for typed in paths.iter() {
            let path = path(ctx, "rm", typed)?;
            if path.name().is_empty() {
                return Err(fail!(ctx, "rm", "/: is the root of the file system"));
            }
            let removed = ctx.files.remove(path.as_str());
            removed.map_err(|error| refuse(ctx, "rm", path.as_str(), error))?;
        }
        Ok(())
    }
}
