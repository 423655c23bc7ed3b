//! Extensions in Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Board, Builder, Extension, children};
use crate::process;

/// Symbol of `sdk/rust` from which the linker starts when it collects a Rust extension's dead code.
const RUST_ROOT: &str = "llext_sdk_root";

/// What tells the SDK the id of the exports that an extension is for.
pub(super) const ABI_ID: &str = "LLEXT_ABI_ID";

impl Builder<'_> {
    /// From a package whose library is static.
    pub(super) fn rust(&self, package: &Path) -> Result<Extension> {
        let board = &self.site.board;
        let mut cargo = (self.site.toolchain)(&board.triple)?.cargo("build");
        cargo
            .current_dir(package)
            .args(["--quiet", "--release", "--target", &board.triple])
            .arg("--target-dir")
            .arg(&self.site.cargo_target)
            .envs(environment(board))
            .envs(self.abi.iter().map(|id| (ABI_ID, id)))
            .args(self.flags);
        process::run(&mut cargo)?;
        let library = self
            .site
            .cargo_target
            .join(&board.triple)
            .join("release")
            .join(format!("lib{}.a", package_name(package)?.replace('-', "_")));
        if !library.is_file() {
            bail!(
                "{}: cargo made no {}: crate-type = [\"staticlib\"]?",
                self.name,
                library.display()
            );
        }
        let collect = format!("-Wl,--gc-sections,-e,{RUST_ROOT},--whole-archive");
        let extension = self.link(&[library], &[&collect])?;
        Ok(Extension {
            inputs: inputs(package)?,
            ..extension
        })
    }
}

/// The files of a package that its author changes.
pub(super) fn inputs(package: &Path) -> Result<Vec<PathBuf>> {
    let mut all = vec![package.join("Cargo.toml"), package.join("build.rs")];
    let mut folders = vec![package.join("src")];
    while let Some(folder) = folders.pop() {
        for path in children(&folder)? {
            match path.is_dir() {
                true => folders.push(path),
                false => all.push(path),
            }
        }
        all.push(folder);
    }
    Ok(all)
}

/// The name in a package's `Cargo.toml`.
fn package_name(folder: &Path) -> Result<String> {
    let file = folder.join("Cargo.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let manifest: toml::Table = text.parse().with_context(|| file.display().to_string())?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name")?.as_str());
    Ok(name
        .with_context(|| format!("{}: no package.name", file.display()))?
        .to_owned())
}

/// The environment of everything that cargo compiles for a board: the linker, the C compiler's flags, and what `board.toml`
/// says. The firmware and extensions have one, so that `core` and `alloc` are compiled once for both.
pub fn environment(board: &Board) -> Vec<(String, String)> {
    let triple = board.triple.replace('-', "_");
    let link = board.link.args.iter();
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
            link.map(|arg| format!("-Clink-arg={arg}"))
                .collect::<Vec<_>>()
                .join("\x1f"),
        ),
        (format!("CFLAGS_{triple}"), board.c.flags.join(" ")),
        (
            format!("BINDGEN_EXTRA_CLANG_ARGS_{triple}"),
            include.collect::<Vec<_>>().join(" "),
        ),
    ];
    all.extend(board.env.clone());
    all
}

/// Where the board's gcc looks for headers; nothing if it cannot be asked.
fn include_dirs(board: &Board) -> Vec<String> {
    let output = Command::new(board.cross("gcc"))
        .args(&board.c.flags)
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
