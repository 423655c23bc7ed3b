//! `cargo xtask setup` and `cargo xtask build`: what the other tasks do first, on its own.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::board::Board;
use crate::debug_files;
use crate::extensions;
use crate::firmware;
use crate::image::{self, Image, Request};
use crate::paths;
use crate::process;
use crate::toolchain;
use crate::tools;

/// Install everything that the tasks need and that is missing
#[derive(Args)]
pub struct Setup {}

impl Setup {
    /// Installs what is missing for every task and board.
    ///
    /// # Errors
    /// Something cannot be installed.
    pub fn run(self) -> Result<ExitCode> {
        everything(&Board::all(paths::root())?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Installs what is missing for every task on these boards.
///
/// # Errors
/// Something cannot be installed.
pub fn everything(boards: &[Board]) -> Result<()> {
    let mut needed = Vec::new();
    for board in boards {
        needed.extend(tools::to_build(board));
        needed.extend(tools::to_run(board));
    }
    needed.extend(tools::to_debug());
    needed.extend(tools::to_test());
    tools::install(&needed)?;
    for board in boards {
        let way = toolchain::find(&board.config.triple)?;
        eprintln!(
            "xtask: {} is compiled with {}",
            board.config.triple,
            way.describe()
        );
    }
    Ok(())
}

/// Build firmware, examples and an image, and print where they are
///
/// One line a result on stdout: its kind, a tab, its path.
#[derive(Args)]
pub struct Build {
    /// Board to build for [default: all]
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
    /// Make a fresh image with the examples here too
    #[arg(long, value_name = "FILE", requires = "board")]
    image: Option<PathBuf>,
}

impl Build {
    /// Builds.
    ///
    /// # Errors
    /// Something does not build.
    pub fn run(self) -> Result<ExitCode> {
        let root = paths::root();
        let boards = Board::chosen(root, self.board.as_deref())?;
        for board in &boards {
            tools::install(&tools::to_build(board))?;
            println!("firmware\t{}", firmware::build(board)?.display());
            for extension in extensions::build_all(board)? {
                println!("extension\t{}", extension.debug.display());
            }
            println!("debug-files\t{}", debug_files::dir().display());
            println!("packer\t{}", image::packer()?.display());
            println!("tool\t{}", tool()?.display());
            if let Some(file) = &self.image {
                let request = Request {
                    file: Some(file.clone()),
                    fresh: true,
                    add: Vec::new(),
                };
                println!(
                    "image\t{}",
                    Image::prepare(board, &request)?.path().display()
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds the host tool and returns its program.
///
/// # Errors
/// It does not compile.
fn tool() -> Result<PathBuf> {
    let target = paths::target();
    let mut cargo = toolchain::host_cargo();
    cargo
        .current_dir(paths::root())
        .args([
            "build",
            "--quiet",
            "--package",
            "llext-tools",
            "--target-dir",
        ])
        .arg(&target);
    process::run(&mut cargo)?;
    Ok(target.join("debug").join("llext"))
}
