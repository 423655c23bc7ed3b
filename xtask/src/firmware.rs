//! Building the firmware of a board.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::board::Board;
use crate::paths;
use crate::process;
use crate::toolchain::Toolchain;

/// Where the firmware's ELF is, once it has been built.
pub fn elf(board: &Board) -> PathBuf {
    target_dir()
        .join(&board.config.triple)
        .join("release")
        .join(&board.name)
}

/// Builds the firmware and returns its ELF. Cargo rebuilds only what changed.
///
/// # Errors
/// It does not compile, or there is no compiler for the board.
pub fn build(board: &Board) -> Result<PathBuf> {
    let elf = elf(board);
    let toolchain = Toolchain::find(&board.config.triple)?;
    if !elf.is_file() {
        eprintln!(
            "xtask: building the firmware of {} with {}",
            board.name,
            toolchain.describe()
        );
    }
    process::run(&mut with_board(toolchain.cargo("build"), board))?;
    if !elf.is_file() {
        bail!("cargo built no {}", elf.display());
    }
    Ok(elf)
}

/// Completes a command of [`Toolchain`] so that it works on the firmware of `board`.
pub fn with_board(mut cargo: Command, board: &Board) -> Command {
    cargo
        .current_dir(paths::root())
        .args(["--release", "--package", &board.name])
        .args(["--target", &board.config.triple])
        .arg("--target-dir")
        .arg(target_dir())
        .envs(environment(board));
    cargo
}

/// The environment of everything that cargo compiles for the board: the linker and what
/// `board.toml` says.
pub fn environment(board: &Board) -> Vec<(String, String)> {
    let triple = board.config.triple.to_uppercase().replace('-', "_");
    let flags: Vec<String> = board
        .config
        .link
        .args
        .iter()
        .map(|arg| format!("-Clink-arg={arg}"))
        .collect();
    let mut all = vec![
        (format!("CARGO_TARGET_{triple}_LINKER"), board.cross("gcc")),
        // Separated by 0x1f, an argument may hold spaces.
        ("CARGO_ENCODED_RUSTFLAGS".to_owned(), flags.join("\x1f")),
    ];
    for (name, value) in &board.config.env {
        all.push((name.clone(), value.clone()));
    }
    all
}

/// Where cargo puts what it compiles for boards: apart from the host's, so that neither waits for
/// the other's lock.
pub fn target_dir() -> PathBuf {
    paths::target().join("firmware")
}
