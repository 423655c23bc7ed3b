//! `cargo xtask kit`: all that an extension for one board's firmware is built and debugged with, as a tarball for computers
//! without this repository. sdk/README.md says what is in it.

mod archive;
mod exports;
mod fragments;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use llext_tools::build;

use crate::board::Board;
use crate::debug_files;
use crate::firmware;
use crate::paths;
use crate::run::DEFAULT_BOARD;
use crate::tools;

use archive::Archive;
use fragments::Facts;

/// Pack what extensions for a board's firmware are built with, for a computer without this repository
///
/// Prints the tarball's path on stdout: target/kit/llext-kit-BOARD-VERSION.tar.gz.
#[derive(Args)]
pub struct Kit {
    /// Board whose firmware the extensions are for
    #[arg(long, value_name = "NAME", default_value = DEFAULT_BOARD)]
    board: String,
    /// Put it here instead
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Kit {
    /// Builds the firmware and packs the kit.
    ///
    /// # Errors
    /// The firmware does not build, or the file cannot be written.
    pub fn run(self) -> Result<ExitCode> {
        let board = Board::load(paths::root(), &self.board)?;
        tools::install(&tools::to_build(&board))?;
        let name = format!("llext-kit-{}-{}", board.name, env!("CARGO_PKG_VERSION"));
        let file = self
            .output
            .unwrap_or_else(|| paths::target().join("kit").join(format!("{name}.tar.gz")));
        let bytes = pack(&board, &name)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(&file, bytes).with_context(|| file.display().to_string())?;
        println!("{}", paths::shown(&file));
        Ok(ExitCode::SUCCESS)
    }
}

/// Files that are the repository's own, and their names in the kit. Of folders, everything.
const FILES: &[(&str, &str)] = &[
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("sdk/cmake/llext.cmake", "cmake/llext.cmake"),
    ("sdk/extension.ld", "extension.ld"),
    ("sdk/extension.mk", "extension.mk"),
    ("sdk/flags.txt", "flags.txt"),
    ("sdk/include", "include"),
    ("sdk/llext-pack", "llext-pack"),
    ("sdk/llext-rust", "llext-rust"),
    ("sdk/rust/Cargo.toml", "rust/Cargo.toml"),
    ("sdk/rust/macros/Cargo.toml", "rust/macros/Cargo.toml"),
    ("sdk/rust/macros/src", "rust/macros/src"),
    ("sdk/rust/src", "rust/src"),
    (debug_files::COMMANDS, "gdb/llext.py"),
    (debug_files::PART, "gdb/llext_fault.py"),
];

/// Those of them that are run.
const PROGRAMS: [&str; 2] = ["llext-pack", "llext-rust"];

/// The bytes of the kit, in which everything lies below the folder `name`.
fn pack(board: &Board, name: &str) -> Result<Vec<u8>> {
    let facts = Facts {
        board,
        version: env!("CARGO_PKG_VERSION"),
        abi: firmware::abi(board)?,
    };
    let elf = firmware::elf(board);
    let firmware = read(&elf)?;
    let exports = build::exports::listed(&firmware).with_context(|| paths::shown(&elf))?;

    let mut archive = Archive::new(name);
    for (from, to) in FILES {
        add(&mut archive, &paths::root().join(from), to)?;
    }
    let readme = read(&paths::root().join("sdk/KIT.md"))?;
    archive.text("README.md", facts.readme(&String::from_utf8(readme)?));
    archive.text("kit.toml", facts.kit_toml());
    archive.text("board.mk", facts.board_mk());
    archive.text("cmake/toolchain.cmake", facts.toolchain_cmake());
    archive.text("meson/cross.ini", facts.cross_ini());
    archive.text("exports.txt", exports::text(&exports, facts.abi));
    archive.file(&format!("firmware/{}", board.name), firmware, false);
    for (from, to) in [
        (debug_files::COMMANDS, format!("{}-gdb.py", board.name)),
        (debug_files::PART, "llext_fault.py".to_owned()),
    ] {
        let commands = read(&paths::root().join(from))?;
        archive.file(&format!("firmware/{to}"), commands, false);
    }
    archive.finish()
}

/// Adds a file, or all files of a folder and of those in it.
fn add(archive: &mut Archive, from: &Path, to: &str) -> Result<()> {
    if !from.is_dir() {
        archive.file(to, read(from)?, PROGRAMS.contains(&to));
        return Ok(());
    }
    for entry in fs::read_dir(from).with_context(|| paths::shown(from))? {
        let entry = entry?;
        let name = entry.file_name();
        add(
            archive,
            &entry.path(),
            &format!("{to}/{}", name.to_string_lossy()),
        )?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| paths::shown(file))
}
