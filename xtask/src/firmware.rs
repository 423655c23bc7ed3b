//! Building the firmware of a board.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use llext_tools::build::{environment, exports};

use crate::board::Board;
use crate::debug_files;
use crate::paths;
use crate::process;
use crate::toolchain;

/// The package of the firmware that measures the loader.
pub const MEASURING: &str = "bench-firmware";

/// Where the firmware's ELF is, once it has been built.
pub fn elf(board: &Board) -> PathBuf {
    binary(board, &board.name)
}

fn binary(board: &Board, name: &str) -> PathBuf {
    target_dir()
        .join(&board.config.triple)
        .join("release")
        .join(name)
}

/// Builds the firmware and returns its ELF. Cargo rebuilds only what changed.
///
/// # Errors
/// It does not compile, or there is no compiler for the board.
pub fn build(board: &Board) -> Result<PathBuf> {
    let elf = build_package(board, &board.name, &board.name, &[])?;
    debug_files::give_commands(&elf)?;
    Ok(elf)
}

/// Builds the program `name` of `package` for `board`, with `flags` for cargo, and returns its ELF.
///
/// # Errors
/// As [`build`].
pub fn build_package(board: &Board, package: &str, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let elf = binary(board, name);
    let toolchain = toolchain::find(&board.config.triple)?;
    if !elf.is_file() {
        eprintln!(
            "xtask: building {name} for {} with {}",
            board.name,
            toolchain.describe()
        );
    }
    process::run(
        with_package(toolchain.cargo("build"), board, package)
            .args(["--bin", name])
            .args(flags),
    )?;
    if !elf.is_file() {
        bail!("cargo built no {}", elf.display());
    }
    Ok(elf)
}

/// Builds the firmware with ids instead of names (feature `slid`) and returns its ELF, beside the usual one, which is built
/// again.
///
/// # Errors
/// As [`build`].
pub fn build_with_ids(board: &Board) -> Result<PathBuf> {
    build_other(board, "ids", &["--features", "slid"])
}

/// Builds the firmware without a feature that it has by default and returns its ELF, likewise.
///
/// # Errors
/// As [`build`].
pub fn build_without(board: &Board, feature: &str) -> Result<PathBuf> {
    let flags = without(board, &[feature])?;
    build_other(
        board,
        &format!("no-{feature}"),
        &flags.each_ref().map(String::as_str),
    )
}

/// The flags for cargo that leave `features` out of those that the firmware has by default.
///
/// # Errors
/// The board's manifest cannot be read.
pub fn without(board: &Board, features: &[&str]) -> Result<[String; 3]> {
    let manifest = paths::root()
        .join("boards")
        .join(&board.name)
        .join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| paths::shown(&manifest))?;
    let manifest: toml::Table = toml::from_str(&text)?;
    let default = manifest["features"]["default"].as_array();
    let default = default.into_iter().flatten().filter_map(|it| it.as_str());
    let others: Vec<_> = default.filter(|other| !features.contains(other)).collect();
    Ok(["--no-default-features", "--features", &others.join(",")].map(String::from))
}

/// Builds the firmware with `flags` for cargo and keeps it under its name and `suffix`, and then the usual one again.
fn build_other(board: &Board, suffix: &str, flags: &[&str]) -> Result<PathBuf> {
    let built = build_package(board, &board.name, &board.name, flags)?;
    let kept = built.with_file_name(format!("{}-{suffix}", board.name));
    fs::copy(&built, &kept).with_context(|| kept.display().to_string())?;
    build(board)?;
    Ok(kept)
}

/// Builds the loader for C firmware (`capi/`) and returns the static library.
///
/// # Errors
/// As [`build`].
pub fn c_library(board: &Board) -> Result<PathBuf> {
    let toolchain = toolchain::find(&board.config.triple)?;
    let mut build = with_package(toolchain.cargo("build"), board, "llext-c");
    process::run(build.arg("--quiet"))?;
    Ok(binary(board, "libllext_c.a"))
}

/// The id of what the firmware exports (`version` shows it), from the note in its ELF. Builds it.
///
/// # Errors
/// It cannot be built, or has no such note.
pub fn abi(board: &Board) -> Result<u32> {
    let elf = build(board)?;
    let file = fs::read(&elf).with_context(|| elf.display().to_string())?;
    exports::abi(&file).with_context(|| elf.display().to_string())
}

/// Completes a command of [`toolchain::Toolchain`] so that it works on `package` for `board`; the firmware is the package of the
/// board's name.
pub fn with_package(mut cargo: Command, board: &Board, package: &str) -> Command {
    cargo
        .current_dir(paths::root())
        .args(["--release", "--package", package])
        .args(["--target", &board.config.triple])
        .arg("--target-dir")
        .arg(target_dir())
        .envs(environment(&board.for_extensions()));
    cargo
}

/// Where cargo puts what it compiles for boards: apart from the host's, so that neither waits for
/// the other's lock.
pub fn target_dir() -> PathBuf {
    paths::target().join("firmware")
}
