//! The littlefs image of a run: made, kept, refreshed, locked.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::board::Board;
use crate::extensions::{self, Extension};
use crate::paths;
use crate::process;
use crate::toolchain;

/// What a run asks of its image.
#[derive(Default)]
pub struct Request {
    /// The user's own image; none means the board's default one.
    pub file: Option<PathBuf>,
    /// Make it anew, whatever is there.
    pub fresh: bool,
    /// Host files to copy in, with their paths on the target.
    pub add: Vec<Added>,
}

/// A host file and where it goes on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The host's file.
    pub host: PathBuf,
    /// Absolute path on the target.
    pub target: String,
}

impl std::str::FromStr for Added {
    type Err = String;

    /// `HOST_FILE[:TARGET_PATH]`; the target's path begins with `/`, so that a host file may have
    /// colons in its name.
    fn from_str(text: &str) -> Result<Added, String> {
        if let Some((host, target)) = text.rsplit_once(":/") {
            return Ok(Added {
                host: host.into(),
                target: format!("/{target}"),
            });
        }
        let host = PathBuf::from(text);
        let Some(name) = host.file_name() else {
            return Err(format!("`{text}` names no file"));
        };
        let target = format!("/ext/{}", name.to_string_lossy());
        Ok(Added { host, target })
    }
}

/// An image that is in use by this process alone, and has the size that the emulator wants.
/// Dropping it gives the file its own size back.
pub struct Image {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Image {
    /// Prepares the image that `request` asks for.
    ///
    /// The default image keeps what was written to it; the examples in `/ext` are refreshed when
    /// they changed. A user's own image is used as it is, and made with the examples if it does
    /// not exist.
    ///
    /// # Errors
    /// Another run uses the file, it has the wrong size, or packing fails.
    pub fn prepare(board: &Board, request: &Request) -> Result<Image> {
        let default = paths::target()
            .join("images")
            .join(format!("{}.img", board.name));
        let path = request.file.clone().unwrap_or_else(|| default.clone());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        let image = Image::open(board, path)?;
        if request.fresh || image.len()? == 0 {
            let extensions = extensions::build_all(board)?;
            image.pack("create", board, &examples(&extensions))?;
        } else {
            image.check_size(board)?;
            if request.file.is_none() {
                image.refresh(board)?;
            }
        }
        if !request.add.is_empty() {
            image.pack("add", board, &request.add)?;
        }
        image.set_len(board.config.storage.size.max(image.bytes))?;
        Ok(image)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open(board: &Board, path: PathBuf) -> Result<Image> {
        let shown = paths::shown(&path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| shown.clone())?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => bail!(
                "{shown} is in use by another run: end that one, or give this one its own image \
                 with --image FILE"
            ),
            Err(error) => return Err(io::Error::from(error)).context(shown),
        }
        let bytes = board.geometry().bytes() as u64;
        Ok(Image { file, path, bytes })
    }

    /// Brings the examples on the default image up to date.
    fn refresh(&self, board: &Board) -> Result<()> {
        let extensions = extensions::build_all(board)?;
        if let Err(error) = self.pack("add", board, &examples(&extensions)) {
            // The target offers to format it; refusing to boot would not help.
            eprintln!("xtask: the examples are not refreshed: {error:#}");
            eprintln!("xtask: `fs format` in the shell or `--fresh` makes a new image");
        }
        Ok(())
    }

    fn check_size(&self, board: &Board) -> Result<()> {
        let len = self.len()?;
        // A run that was killed leaves the file at the size that the emulator wanted.
        if len == board.config.storage.size {
            self.set_len(self.bytes)?;
        } else if len != self.bytes {
            bail!(
                "{} has {len} bytes, {} needs an image of {} ({}): --fresh makes a new one",
                paths::shown(&self.path),
                board.name,
                self.bytes,
                board.geometry().name
            );
        }
        Ok(())
    }

    fn pack(&self, subcommand: &str, board: &Board, files: &[Added]) -> Result<()> {
        let mut packer = Command::new(packer()?);
        packer
            .arg(subcommand)
            .arg(&self.path)
            .args(["--geometry", board.geometry().name]);
        for added in files {
            packer.arg(format!("{}:{}", added.host.display(), added.target));
        }
        let output = packer.output().context("cannot start fs-image")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            bail!("{}", text.trim().trim_start_matches("error: "));
        }
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .with_context(|| paths::shown(&self.path))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Err(error) = self.set_len(self.bytes) {
            eprintln!("xtask: {error:#}");
        }
    }
}

/// Where the packer is compiled, apart from what else the host compiles.
pub fn packer_dir() -> PathBuf {
    paths::target().join("host")
}

/// Builds the packer, if it is not there, and returns its path.
///
/// # Errors
/// It does not compile.
pub fn packer() -> Result<PathBuf> {
    let dir = packer_dir();
    process::run(
        toolchain::host_cargo()
            .current_dir(paths::root())
            .args([
                "build",
                "--quiet",
                "--package",
                "fs-image",
                "--features",
                "packer",
            ])
            .arg("--target-dir")
            .arg(&dir),
    )?;
    Ok(dir.join("debug").join("fs-image"))
}

fn examples(extensions: &[Extension]) -> Vec<Added> {
    extensions
        .iter()
        .map(|extension| Added {
            host: extension.packed.clone(),
            target: format!("/ext/{}.elf", extension.name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_file_goes_to_ext_by_default() {
        let added: Added = "build/hello.elf".parse().expect("an argument");
        assert_eq!(added.host, PathBuf::from("build/hello.elf"));
        assert_eq!(added.target, "/ext/hello.elf");
    }

    #[test]
    fn a_target_path_begins_with_a_slash() {
        let added: Added = "a:b.elf:/tools/b.elf".parse().expect("an argument");
        assert_eq!(added.host, PathBuf::from("a:b.elf"));
        assert_eq!(added.target, "/tools/b.elf");
        assert!("..".parse::<Added>().is_err());
    }
}
