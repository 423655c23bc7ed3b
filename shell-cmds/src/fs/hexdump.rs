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
    Run, Status,
    args::Number,
    context::{Context, FileError},
    text::{dump_line, fail},
};
use embedded_cli::Command;

/// `hexdump`.
#[derive(Command)]
pub enum Hexdump<'a> {
    /// Show a file's bytes
    Hexdump {
        /// File to show
        path: &'a str,
        /// Where to begin, in bytes; 0 unless given
        offset: Option<Number>,
        /// How many bytes at most; all unless given
        length: Option<Number>,
    },
}

impl Run for Hexdump<'_> {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Hexdump {
            path: typed,
            offset,
            length,
        } = self;
        let path = path(ctx, "hexdump", typed)?;
        let start = offset.map_or(0, |Number(offset)| offset as usize);
        let length = length.map_or(usize::MAX, |Number(length)| length as usize);
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
}
