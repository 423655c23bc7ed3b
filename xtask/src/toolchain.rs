//! The Rust compiler for the targets: whichever of two ways is open.
//!
//! 1. The ordinary one: the user's own toolchain has the target's `core`, as after
//!    `rustup target add`.
//! 2. Where no `rust-std` can be downloaded: Debian's packages `rustc-web`, `cargo-web` and
//!    `rust-web-src`, always of one version, from which cargo builds `core` and `alloc` itself.
//!    They are called by their full paths, because rustup's directory comes first in `PATH`;
//!    `RUSTC_BOOTSTRAP` permits `-Zbuild-std`, the project's own code uses stable features alone.
//!
//! What is there already wins, in this order; only then is something fetched. The variable
//! `LLEXT_RUST` forces a way: `targets` or `build-std`.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::tools;

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core";
/// First minor version of Rust 1 that compiles this project (`rust-version` in Cargo.toml).
const MINIMUM_MINOR: u32 = 88;

/// A way to compile for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The user's own toolchain has the target.
    Targets,
    /// Debian's compiler builds `core` and `alloc` from source.
    BuildStd,
}

impl Toolchain {
    /// The way for `triple`; makes one possible if none is.
    ///
    /// # Errors
    /// Neither way is open; the message says what was tried.
    pub fn find(triple: &str) -> Result<Toolchain> {
        match env::var("LLEXT_RUST").as_deref() {
            Ok("targets") => return Self::by_target(triple),
            Ok("build-std") => return Self::by_build_std(),
            Ok(other) => bail!("LLEXT_RUST={other}: it is `targets` or `build-std`"),
            Err(_) => {}
        }
        if has_target(triple) {
            Ok(Toolchain::Targets)
        } else if has_source() {
            Ok(Toolchain::BuildStd)
        } else {
            Self::by_target(triple).or_else(|error| {
                eprintln!("xtask: {error:#}; taking Debian's Rust instead");
                Self::by_build_std()
            })
        }
    }

    fn by_target(triple: &str) -> Result<Toolchain> {
        if !has_target(triple) {
            eprintln!("xtask: rustup target add {triple}: the firmware is compiled for it");
            process::run(Command::new("rustup").args(["target", "add", triple]))?;
        }
        Ok(Toolchain::Targets)
    }

    fn by_build_std() -> Result<Toolchain> {
        if !has_source() {
            tools::install(&tools::debian_rust())?;
        }
        if !has_source() {
            bail!(
                "{DEBIAN_RUSTC} with its source is needed, of version 1.{MINIMUM_MINOR} or later"
            );
        }
        Ok(Toolchain::BuildStd)
    }

    /// `cargo SUBCOMMAND` for a target that [`Toolchain::find`] was asked for.
    pub fn cargo(self, subcommand: &str) -> Command {
        match self {
            Toolchain::Targets => {
                let mut command = host_cargo();
                command.arg(subcommand);
                command
            }
            Toolchain::BuildStd => build_std(Command::new(DEBIAN_CARGO), subcommand),
        }
    }

    /// `cargo clippy` for such a target.
    ///
    /// # Errors
    /// Clippy is missing and cannot be installed.
    pub fn clippy(self) -> Result<Command> {
        match self {
            Toolchain::Targets => Ok(self.cargo("clippy")),
            Toolchain::BuildStd => {
                tools::install(&tools::debian_clippy())?;
                // `cargo clippy` would take the one in rustup's directory.
                let mut command = Command::new(DEBIAN_CLIPPY);
                command.env("CARGO", DEBIAN_CARGO);
                Ok(build_std(command, "clippy"))
            }
        }
    }

    /// What is used, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Toolchain::Targets => "the installed toolchain's own target",
            Toolchain::BuildStd => "Debian's rustc and -Zbuild-std",
        }
    }
}

fn build_std(mut command: Command, subcommand: &str) -> Command {
    command
        .arg(subcommand)
        .arg("-Zbuild-std=core,alloc")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        // `cargo xtask` set it for xtask's own compiler.
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// The cargo that runs xtask, for what runs on the host.
pub fn host_cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn has_target(triple: &str) -> bool {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", triple]);
    match process::output(&mut rustc) {
        Ok(dir) => Path::new(&dir).is_dir(),
        Err(_) => false,
    }
}

fn has_source() -> bool {
    Path::new(DEBIAN_SOURCE).is_dir()
        && Path::new(DEBIAN_CARGO).is_file()
        && process::output(Command::new(DEBIAN_RUSTC).arg("--version"))
            .ok()
            .and_then(|version| minor(&version))
            .is_some_and(|minor| minor >= MINIMUM_MINOR)
}

/// 88 of `rustc 1.88.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version
        .strip_prefix("rustc 1.")?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read() {
        assert_eq!(minor("rustc 1.96.0 (30a34c682 2026-05-25)"), Some(96));
        assert_eq!(minor("rustc 1.63.0"), Some(63));
        assert_eq!(minor("cargo 1.96.0"), None);
    }
}
