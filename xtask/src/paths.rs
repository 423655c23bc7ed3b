//! Where things lie.

use std::env;
use std::path::{Path, PathBuf};

pub use llext_tools::paths::shown;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
}

/// Everything that is made goes here: `target`, or what `CARGO_TARGET_DIR` says.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}
