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
use crate::{Run, Status, context::Context};
use embedded_cli::Command;

/// `mkdir`.
#[derive(Command)]
pub enum Mkdir<'a> {
    /// Make a directory
    Mkdir {
        /// Directory to make
        #[arg(value_name = "DIR")]
        path: &'a str,
    },
}

impl Run for Mkdir<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Mkdir { path: typed } = self;
        let path = path(ctx, "mkdir", typed)?;
        let made = ctx.files.create_dir(path.as_str());
        made.map_err(|error| refuse_new(ctx, "mkdir", &path, error))
    }
}
