//! Running the measuring firmware.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::board::Board;
use crate::firmware;
use crate::image::{Added, Image, Request};
use crate::paths;
use crate::qemu::Machine;

/// A board with the measuring firmware.
pub struct Rig<'b> {
    board: &'b Board,
    /// The firmware's ELF.
    pub firmware: PathBuf,
    image: PathBuf,
}

impl Rig<'_> {
    /// Builds the firmware.
    ///
    /// # Errors
    /// It does not build.
    pub fn new(board: &Board) -> Result<Rig<'_>> {
        let dir = paths::target().join("bench").join(&board.name);
        fs::create_dir_all(&dir).with_context(|| paths::shown(&dir))?;
        Ok(Rig {
            board,
            firmware: firmware::build_package(
                board,
                firmware::MEASURING,
                firmware::MEASURING,
                &[],
            )?,
            image: dir.join("storage.img"),
        })
    }

    /// Puts `file` where the board's storage is.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn put(&self, file: &Path) -> Result<()> {
        let bytes = fs::read(file).with_context(|| paths::shown(file))?;
        fs::write(&self.image, &bytes).with_context(|| paths::shown(&self.image))?;
        let size = self.board.config.storage.size;
        File::options()
            .write(true)
            .open(&self.image)?
            .set_len(size.max(self.board.geometry().bytes() as u64))?;
        Ok(())
    }

    /// A littlefs volume with `files` in its root, in use as long as the result lives.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn volume(&self, files: &[PathBuf]) -> Result<Image> {
        let add = files.iter().map(|file| Added {
            host: file.clone(),
            target: target(file),
        });
        Image::prepare(
            self.board,
            &Request {
                file: Some(self.image.with_file_name("volume.img")),
                fresh: true,
                add: add.collect(),
            },
        )
    }

    /// Runs the firmware with `words` as its command line, a trace into `trace`, and the storage that was [`put`](Rig::put), or
    /// `volume`.
    ///
    /// # Errors
    /// It ends with an error, which is in the message.
    pub fn run(
        &self,
        words: &[String],
        volume: Option<&Image>,
        trace: Option<&Path>,
    ) -> Result<Figures> {
        let mut child = Machine {
            board: self.board,
            firmware: self.firmware.clone(),
            image: volume.map_or(&*self.image, Image::path).to_owned(),
            options: words.to_vec(),
            gdb: None,
            icount: true,
            mapped: None,
            monitor: None,
            rtt: false,
            trace: trace.map(Path::to_owned),
            serial: None,
        }
        .start()?;
        let mut text = String::new();
        let stdout = child.stdout.as_mut().context("no pipe")?;
        stdout.read_to_string(&mut text)?;
        if !child.wait()?.success() {
            bail!("{}: `{}`: {text}", self.board.name, words.join(" "));
        }
        Ok(Figures::parse(&text))
    }
}

/// The path of `file` on a [volume](Rig::volume).
pub fn target(file: &Path) -> String {
    format!("/{}", file.file_name().unwrap_or_default().display())
}

/// What the firmware reports: `name value` a line.
pub struct Figures(BTreeMap<String, u64>);

impl Figures {
    fn parse(text: &str) -> Figures {
        let figure = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        Figures(text.lines().filter_map(figure).collect())
    }

    /// The figure `name`.
    ///
    /// # Errors
    /// The firmware did not report it.
    pub fn get(&self, name: &str) -> Result<u64> {
        self.0
            .get(name)
            .copied()
            .with_context(|| format!("the firmware reports no `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_by_name() {
        let figures = Figures::parse("load 123\r\nhello\nleft 0\n");
        assert_eq!(figures.get("load").ok(), Some(123));
        assert_eq!(figures.get("left").ok(), Some(0));
        assert!(figures.get("hello").is_err());
    }
}
