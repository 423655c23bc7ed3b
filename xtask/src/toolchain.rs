//! The Rust compiler for the targets ([`llext_tools::build::toolchain`]), installed where it is missing.
//!
//! What is there already wins; only then is something fetched, the user's own toolchain's target first.

use std::process::Command;

use anyhow::{Result, bail};
use llext_tools::build::toolchain::{
    DEBIAN_CARGO, DEBIAN_RUSTC, MINIMUM_MINOR, build_std, has_source, has_target,
};
pub use llext_tools::build::toolchain::{Toolchain, host_cargo};

use crate::process;
use crate::tools;

const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";

/// The way for `triple`; makes one possible if none is.
///
/// # Errors
/// Neither way is open; the message says what was tried.
pub fn find(triple: &str) -> Result<Toolchain> {
    match Toolchain::forced()? {
        Some(Toolchain::Targets) => return by_target(triple),
        Some(Toolchain::BuildStd) => return by_build_std(),
        None => {}
    }
    if has_target(triple) {
        Ok(Toolchain::Targets)
    } else if has_source() {
        Ok(Toolchain::BuildStd)
    } else {
        by_target(triple).or_else(|error| {
            eprintln!("xtask: {error:#}; taking Debian's Rust instead");
            by_build_std()
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
        bail!("{DEBIAN_RUSTC} with its source is needed, of version 1.{MINIMUM_MINOR} or later");
    }
    Ok(Toolchain::BuildStd)
}

/// `cargo clippy` for a target that [`find`] was asked for.
///
/// # Errors
/// Clippy is missing and cannot be installed.
pub fn clippy(toolchain: Toolchain) -> Result<Command> {
    match toolchain {
        Toolchain::Targets => Ok(toolchain.cargo("clippy")),
        Toolchain::BuildStd => {
            tools::install(&tools::debian_clippy())?;
            // `cargo clippy` would take the one in rustup's directory.
            let mut command = Command::new(DEBIAN_CLIPPY);
            command.env("CARGO", DEBIAN_CARGO);
            Ok(build_std(command, "clippy"))
        }
    }
}
