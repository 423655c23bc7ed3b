//! Paths, for people.

use std::env;
use std::path::Path;

/// A path as people read it: relative to the current directory where it lies below it.
pub fn shown(path: &Path) -> String {
    let relative = env::current_dir()
        .ok()
        .and_then(|dir| path.strip_prefix(dir).ok().map(Path::to_owned));
    relative
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}
