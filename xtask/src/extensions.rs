//! Building extensions in the repository, with [`llext_tools::build`]: the examples, and the user's own.
//!
//! All of it goes to `target/ext/BOARD/`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use llext_tools::build::{self, Recipe, Site};
pub use llext_tools::build::{Extension, stamp::run_if_stale};

use crate::board::Board;
use crate::paths;
use crate::toolchain;

/// Where a board's extensions are: the `.elf` files with debug information, and `stripped/`.
pub fn dir(board: &Board) -> PathBuf {
    site(board).out
}

fn site(board: &Board) -> Site {
    Site {
        toolchain: toolchain::find,
        ..Site::repository(paths::root(), &paths::target(), board.for_extensions())
    }
}

/// Builds every folder of `examples/`, sorted by name.
///
/// # Errors
/// One cannot be built; the compiler has said why on stderr.
pub fn build_all(board: &Board) -> Result<Vec<Extension>> {
    build::children(&paths::root().join("examples"))?
        .iter()
        .filter(|path| path.is_dir())
        .map(|folder| build(board, &[folder], &Recipe::default()))
        .collect()
}

/// Builds one extension: [`llext_tools::build::build`].
///
/// # Errors
/// It cannot be built; the compiler has said why on stderr.
pub fn build(
    board: &Board,
    sources: &[impl AsRef<Path>],
    recipe: &Recipe<'_>,
) -> Result<Extension> {
    build::build(&site(board), sources, recipe)
}
