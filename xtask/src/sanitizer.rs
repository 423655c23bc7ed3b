//! Host programs under AddressSanitizer, with the user's own toolchain.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths;
use crate::process;
use crate::toolchain;

/// The triple of the host. It is named to cargo, so that build scripts and macros are compiled without a sanitizer.
///
/// # Errors
/// There is no rustc.
pub fn host() -> Result<String> {
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

/// `cargo SUBCOMMAND` for the host under AddressSanitizer, compiled with `flags` too, into `dir`.
pub fn cargo(subcommand: &str, host: &str, flags: &[&str], dir: &Path) -> Command {
    let mut all = vec!["-Zsanitizer=address"];
    all.extend(flags);
    let mut cargo = toolchain::host_cargo();
    cargo
        .current_dir(paths::root())
        .args([subcommand, "--target", host, "--target-dir"])
        .arg(dir)
        // Sanitizers are unstable options of the compiler; the code uses stable features alone.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", all.join("\x1f"));
    cargo
}
