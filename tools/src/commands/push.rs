//! `llext push`: a file to the target's file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use llext_tools::client::{Client, Error};
use llext_tools::signals::Signals;

use super::World;
use super::shown::{Shown, complete};
use crate::told::{FAILED, Told};

/// Send an extension to the target's file system
///
/// The old file stays whole until the new one is. What an interrupted transfer has left is not sent again. Ctrl-C interrupts.
#[derive(Args)]
pub struct Push {
    /// File of this computer
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to put it [default: /ext/BASENAME]
    #[arg(value_name = "TARGET_PATH")]
    path: Option<String>,
}

impl Push {
    /// Sends it.
    ///
    /// # Errors
    /// There is no such file, or no room for it.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let bytes = read(&self.file)?;
        let path = self.path.unwrap_or_else(|| in_ext(&self.file));
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        let start = Instant::now();
        push(&mut client, &path, &bytes, &signals).map_err(|error| world.target.told(error))?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{path}: {} bytes in {seconds:.2} s", bytes.len());
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads a file of this computer.
///
/// # Errors
/// It cannot be read.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    if file.is_dir() {
        let file = file.display();
        return Err(
            Told::new(FAILED, format!("{file}: a folder, and a file is wanted"))
                .hint(format!(
                    "`llext build {file}` makes an extension of a folder of sources"
                ))
                .into(),
        );
    }
    fs::read(file).with_context(|| file.display().to_string())
}

/// Where extensions lie on the target.
pub fn in_ext(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("/ext/{name}")
}

/// Sends `bytes` to `path` on the target, until one of `signals` comes.
///
/// # Errors
/// The target has no room, or is gone.
pub fn push(client: &mut Client, path: &str, bytes: &[u8], signals: &Signals) -> Result<(), Error> {
    let mut shown = Shown::file(path, Some(bytes.len()), signals).quiet();
    let path = quoted(path);
    let sent = match client.send_file(&format!("recv {path} --resume"), bytes, &mut shown) {
        Err(Error::OtherFile) => client.send_file(&format!("recv {path}"), bytes, &mut shown),
        sent => sent,
    };
    shown.finish();
    complete(sent)?.ok().map(|_| ())
}

/// A word as the shell reads it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_the_shell_would_split_them() {
        assert_eq!(quoted("/ext/a.elf"), "/ext/a.elf");
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("say \"hi\""), "\"say \\\"hi\\\"\"");
        assert_eq!(quoted(""), "\"\"");
    }

    #[test]
    fn extensions_go_to_ext() {
        assert_eq!(in_ext(Path::new("build/a.elf")), "/ext/a.elf");
    }
}
