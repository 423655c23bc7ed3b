//! Where extensions are built, and with what: the repository, or a kit that was unpacked somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Board;
use super::toolchain::Toolchain;

/// What a kit says of itself: sdk/README.md explains it.
pub const KIT: &str = "kit.toml";

/// Where extensions are built, and with what.
#[derive(Clone, Debug)]
pub struct Site {
    /// What they are for.
    pub board: Board,
    /// What they are compiled and linked with.
    pub files: Files,
    /// Objects, `NAME.elf` and `stripped/NAME.elf` go here.
    pub out: PathBuf,
    /// GDB's `debug-file-directory`.
    pub debug_files: PathBuf,
    /// Cargo's own output.
    pub cargo_target: PathBuf,
    /// Finds the Rust compiler for a target.
    pub toolchain: fn(&str) -> Result<Toolchain>,
}

/// The files of `sdk/`, or of a kit.
#[derive(Clone, Debug, Deserialize)]
pub struct Files {
    /// The folder of `llext.h`.
    pub include: PathBuf,
    /// The compiler's flags.
    pub flags: PathBuf,
    /// How `ld -r` joins objects.
    pub link_script: PathBuf,
    /// What the firmware exports, if there is a list.
    pub exports: Option<PathBuf>,
    /// The firmware's ELF.
    pub firmware: PathBuf,
}

impl Site {
    /// In the repository at `root`, whose output goes to `target`.
    pub fn repository(root: &Path, target: &Path, board: Board) -> Site {
        let sdk = root.join("sdk");
        let cargo_target = target.join("firmware");
        let firmware = cargo_target.join(&board.triple).join("release");
        Site {
            files: Files {
                include: sdk.join("include"),
                flags: sdk.join("flags.txt"),
                link_script: sdk.join("extension.ld"),
                exports: None,
                firmware: firmware.join(&board.name),
            },
            out: target.join("ext").join(&board.name),
            debug_files: target.join("debug-files"),
            cargo_target,
            toolchain: Toolchain::find,
            board,
        }
    }

    /// With the kit in `folder`; the output goes to `build` in the current directory.
    ///
    /// # Errors
    /// It is no kit, or its `kit.toml` is wrong; the message says where.
    pub fn kit(folder: &Path) -> Result<Site> {
        #[derive(Deserialize)]
        struct Kit {
            #[serde(flatten)]
            board: Board,
            files: Files,
        }
        let file = folder.join(KIT);
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let Kit { board, files } =
            toml::from_str(&text).with_context(|| file.display().to_string())?;
        let folder = folder.canonicalize()?;
        let out = std::env::current_dir()?.join("build").join(&board.name);
        Ok(Site {
            board,
            files: Files {
                include: folder.join(files.include),
                flags: folder.join(files.flags),
                link_script: folder.join(files.link_script),
                exports: files.exports.map(|file| folder.join(file)),
                firmware: folder.join(files.firmware),
            },
            debug_files: out.join("debug-files"),
            cargo_target: out.join("cargo"),
            out,
            toolchain: Toolchain::find,
        })
    }

    /// Reads `boards/NAME/board.toml` of the repository at `root`.
    ///
    /// # Errors
    /// There is no such board, or the file is wrong.
    pub fn read_board(root: &Path, name: &str) -> Result<Board> {
        let file = root.join("boards").join(name).join("board.toml");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let mut board: Board = toml::from_str(&text).with_context(|| file.display().to_string())?;
        name.clone_into(&mut board.name);
        Ok(board)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_is_read_with_its_paths_from_where_it_lies() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = r#"
kit = 1
board = "toy"
description = "A toy"
version = "0.1.0"
triple = "thumbv7m-none-eabi"
machine = "arm"
abi = "0x1234abcd"
[c]
prefix = "arm-none-eabi-"
flags = ["-mthumb"]
[files]
include = "include"
flags = "flags.txt"
link_script = "extension.ld"
rust = "rust"
exports = "exports.txt"
firmware = "firmware/toy"
"#;
        fs::write(folder.path().join(KIT), text).expect("a file");
        let site = Site::kit(folder.path()).expect("a kit");
        assert_eq!(site.board.name, "toy");
        assert_eq!(site.board.cross("gcc"), "arm-none-eabi-gcc");
        let root = folder.path().canonicalize().expect("it is there");
        assert_eq!(site.files.firmware, root.join("firmware/toy"));
    }

    #[test]
    fn every_board_of_the_repository_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in ["mps2-an385", "rv32-virt"] {
            let board = Site::read_board(&root, name).expect("a board");
            assert_eq!(board.name, name);
        }
    }
}
