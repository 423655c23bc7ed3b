//! Building the firmware of a board.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection};

use crate::board::Board;
use crate::debug_files;
use crate::paths;
use crate::process;
use crate::toolchain::Toolchain;

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
    let toolchain = Toolchain::find(&board.config.triple)?;
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
    let manifest = paths::root()
        .join("boards")
        .join(&board.name)
        .join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| paths::shown(&manifest))?;
    let manifest: toml::Table = toml::from_str(&text)?;
    let default = manifest["features"]["default"].as_array();
    let features = default.into_iter().flatten().filter_map(|it| it.as_str());
    let others: Vec<_> = features.filter(|&other| other != feature).collect();
    let flags = ["--no-default-features", "--features", &others.join(",")];
    build_other(board, &format!("no-{feature}"), &flags)
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
    let toolchain = Toolchain::find(&board.config.triple)?;
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
    let notes = object::File::parse(&*file)?
        .section_by_name(".note.llext.abi")
        .with_context(|| format!("{}: no .note.llext.abi", elf.display()))?
        .data()?;
    let id = notes.strip_prefix(ABI_NOTE).and_then(|id| id.first_chunk());
    let id = id.with_context(|| format!("{}: another note in .note.llext.abi", elf.display()))?;
    Ok(u32::from_le_bytes(*id))
}

/// What sdk/include/llext.h explains: sizes of owner and id, type 1, and the owner.
const ABI_NOTE: &[u8] = b"\x06\0\0\0\x04\0\0\0\x01\0\0\0llext\0\0\0";

/// Completes a command of [`Toolchain`] so that it works on `package` for `board`; the firmware is the package of the
/// board's name.
pub fn with_package(mut cargo: Command, board: &Board, package: &str) -> Command {
    cargo
        .current_dir(paths::root())
        .args(["--release", "--package", package])
        .args(["--target", &board.config.triple])
        .arg("--target-dir")
        .arg(target_dir())
        .envs(environment(board));
    cargo
}

/// The environment of everything that cargo compiles for the board: the linker, the C compiler's
/// flags, and what `board.toml` says.
pub fn environment(board: &Board) -> Vec<(String, String)> {
    let config = &board.config;
    let triple = config.triple.replace('-', "_");
    let link = config
        .link
        .args
        .iter()
        .map(|arg| format!("-Clink-arg={arg}"));
    // bindgen's libclang knows no cross compiler's headers, and without a clang beside it not even
    // its own.
    let include = include_dirs(board)
        .into_iter()
        .map(|dir| format!("-isystem{dir}"));
    let mut all = vec![
        (
            format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase()),
            board.cross("gcc"),
        ),
        // Separated by 0x1f, an argument may hold spaces.
        (
            "CARGO_ENCODED_RUSTFLAGS".to_owned(),
            link.collect::<Vec<_>>().join("\x1f"),
        ),
        (format!("CFLAGS_{triple}"), config.c.flags.join(" ")),
        (
            format!("BINDGEN_EXTRA_CLANG_ARGS_{triple}"),
            include.collect::<Vec<_>>().join(" "),
        ),
    ];
    all.extend(config.env.clone());
    all
}

/// Where the board's gcc looks for headers; nothing if it cannot be asked.
fn include_dirs(board: &Board) -> Vec<String> {
    let output = Command::new(board.cross("gcc"))
        .args(&board.config.c.flags)
        .args(["-E", "-v", "-x", "c", "/dev/null"])
        .env("LC_ALL", "C")
        .output();
    let text = output.map(|output| output.stderr).unwrap_or_default();
    listed_dirs(&String::from_utf8_lossy(&text))
}

/// The directories in what `gcc -v` prints.
fn listed_dirs(text: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| !line.starts_with("#include <...>"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// Where cargo puts what it compiles for boards: apart from the host's, so that neither waits for
/// the other's lock.
pub fn target_dir() -> PathBuf {
    paths::target().join("firmware")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_of_headers_are_found() {
        let text = "ignoring x\n#include \"...\" search starts here:\n\
                    #include <...> search starts here:\n /usr/a\n /usr/b c\nEnd of search list.\n";
        assert_eq!(listed_dirs(text), ["/usr/a", "/usr/b c"]);
    }
}
