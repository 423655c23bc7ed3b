//! The Rust compiler for the targets: whichever of two ways is open.
//!
//! 1. The ordinary one: the user's own toolchain has the target's `core`, as after
//!    `rustup target add`.
//! 2. Where no `rust-std` can be downloaded: Debian's packages `rustc-web`, `cargo-web` and
//!    `rust-web-src`, always of one version, from which cargo builds `core` and `alloc` itself.
//!    They are called by their full paths, because rustup's directory comes first in `PATH`;
//!    `RUSTC_BOOTSTRAP` permits `-Zbuild-std`, the project's own code uses stable features alone.
//!
//! The variable `LLEXT_RUST` forces a way: `targets` or `build-std`.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Debian's compiler.
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Debian's cargo.
pub const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core";
/// First minor version of Rust 1 that compiles this project (`rust-version` in Cargo.toml).
pub const MINIMUM_MINOR: u32 = 88;

/// A way to compile for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The user's own toolchain has the target.
    Targets,
    /// Debian's compiler builds `core` and `alloc` from source.
    BuildStd,
}

impl Toolchain {
    /// The way that is open for `triple`.
    ///
    /// # Errors
    /// None is; the message says how one is opened.
    pub fn find(triple: &str) -> Result<Toolchain> {
        if let Some(forced) = Self::forced()? {
            return Ok(forced);
        }
        match (has_target(triple), has_source()) {
            (true, _) => Ok(Toolchain::Targets),
            (false, true) => Ok(Toolchain::BuildStd),
            (false, false) => {
                bail!("Rust cannot compile for {triple}: `rustup target add {triple}`")
            }
        }
    }

    /// What `LLEXT_RUST` says.
    ///
    /// # Errors
    /// It says something else.
    pub fn forced() -> Result<Option<Toolchain>> {
        match env::var("LLEXT_RUST").as_deref() {
            Ok("targets") => Ok(Some(Toolchain::Targets)),
            Ok("build-std") => Ok(Some(Toolchain::BuildStd)),
            Ok(other) => bail!("LLEXT_RUST={other}: it is `targets` or `build-std`"),
            Err(_) => Ok(None),
        }
    }

    /// `cargo SUBCOMMAND` for a target whose way this is.
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

    /// What is used, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Toolchain::Targets => "the installed toolchain's own target",
            Toolchain::BuildStd => "Debian's rustc and -Zbuild-std",
        }
    }
}

/// Completes a command of Debian's cargo.
pub fn build_std(mut command: Command, subcommand: &str) -> Command {
    command
        .arg(subcommand)
        .arg("-Zbuild-std=core,alloc")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        // `cargo xtask` set it for xtask's own compiler.
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// The cargo that runs this program, or the first in `PATH`, for what runs on the host.
pub fn host_cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether the user's own toolchain has the target.
pub fn has_target(triple: &str) -> bool {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", triple]);
    match process::output(&mut rustc) {
        Ok(dir) => Path::new(&dir).is_dir(),
        Err(_) => false,
    }
}

/// Whether Debian's compiler is there, with the source of `core`, and new enough.
pub fn has_source() -> bool {
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
