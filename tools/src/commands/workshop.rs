//! With what extensions are built, and for which board.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::Args;
use llext_tools::build::{self, Extension, KIT, Recipe, Site};
use llext_tools::process;

use crate::told::{FAILED, Told};

/// The board that is meant in the repository when none is named.
const DEFAULT_BOARD: &str = "mps2-an385";

/// With what extensions are built.
#[derive(Args)]
pub struct Workshop {
    /// Board to build for; a kit is for one alone
    #[arg(long, short, global = true, env = "LLEXT_BOARD", value_name = "NAME")]
    pub board: Option<String>,
    /// Folder of the extension kit; else the kit or the repository that the current folder lies in
    #[arg(long, global = true, env = "LLEXT_KIT", value_name = "DIR")]
    kit: Option<PathBuf>,
}

impl Workshop {
    /// The kit, or the repository.
    ///
    /// # Errors
    /// There is neither, or it is not for this board.
    pub fn site(&self) -> Result<Site> {
        if let Some(kit) = &self.kit {
            return self.with_kit(kit);
        }
        let here = env::current_dir()?;
        for folder in here.ancestors() {
            if folder.join(KIT).is_file() {
                return self.with_kit(folder);
            }
            if folder.join("sdk/extension.ld").is_file() && folder.join("boards").is_dir() {
                return self.in_repository(folder);
            }
        }
        Err(Told::new(FAILED, "there is no extension kit here")
            .hint(
                "name its folder with --kit or LLEXT_KIT; `cargo xtask kit --board NAME` makes one",
            )
            .into())
    }

    fn with_kit(&self, folder: &Path) -> Result<Site> {
        let site = Site::kit(folder)?;
        match &self.board {
            Some(board) if *board != site.board.name => {
                let what = format!("this kit is for {}, not for {board}", site.board.name);
                Err(Told::new(FAILED, what)
                    .hint(format!(
                        "`cargo xtask kit --board {board}` makes one for it"
                    ))
                    .into())
            }
            _ => Ok(site),
        }
    }

    fn in_repository(&self, root: &Path) -> Result<Site> {
        let name = self.board.as_deref().unwrap_or(DEFAULT_BOARD);
        let boards = build::children(&root.join("boards"))?;
        let known: Vec<_> = boards
            .iter()
            .filter(|folder| folder.join("board.toml").is_file())
            .filter_map(|folder| folder.file_name()?.to_str())
            .collect();
        if !known.contains(&name) {
            return Err(Told::new(FAILED, format!("no board `{name}`"))
                .hint(format!("there are {}", known.join(", ")))
                .into());
        }
        let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let board = Site::read_board(root, name)?;
        Ok(Site::repository(root, &root.join(target), board))
    }
}

/// Builds an extension.
///
/// # Errors
/// It cannot be built; a compiler has said why on stderr.
pub fn build(site: &Site, sources: &[PathBuf], recipe: &Recipe<'_>) -> Result<Extension> {
    build::build(site, sources, recipe).map_err(|error| {
        let compiler = site.board.cross("gcc");
        if process::succeeds(Command::new(&compiler).arg("--version")) {
            return error;
        }
        let package = match compiler.as_str() {
            "arm-none-eabi-gcc" => "gcc-arm-none-eabi picolibc-arm-none-eabi",
            "riscv64-unknown-elf-gcc" => "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
            other => other,
        };
        Told::new(
            FAILED,
            format!(
                "{compiler}, the compiler for {}, is not installed",
                site.board.name
            ),
        )
        .hint(format!("on Debian and Ubuntu: sudo apt install {package}"))
        .into()
    })
}
