//! `cargo xtask extension`: an ELF extension from the user's own sources.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::build::{Extension, Recipe};

use crate::board::Board;
use crate::extensions;
use crate::firmware;
use crate::paths;
use crate::run::DEFAULT_BOARD;
use crate::tools;

/// Build an extension from C and C++ files, or from a folder of them or of a Rust package
///
/// Prints its path on stdout. `cargo xtask gdb` finds the debug information by the name.
#[derive(Args)]
pub struct BuildExtension {
    /// Source files (.c, .cpp), or one folder
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Board to build for
    #[arg(long, value_name = "NAME", default_value = DEFAULT_BOARD)]
    board: String,
    /// Put it here [default: target/ext/BOARD/stripped/NAME.elf, by the name of the first source]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Bind it to the exports of the board's firmware as it is now: other firmware refuses it
    #[arg(long)]
    abi: bool,
    /// More flags for the compiler, or for cargo; they win over the SDK's
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<String>,
}

impl BuildExtension {
    /// Builds.
    ///
    /// # Errors
    /// A tool is missing or the sources do not compile.
    pub fn run(self) -> Result<ExitCode> {
        let board = Board::load(paths::root(), &self.board)?;
        tools::install(&tools::to_build(&board))?;
        let name = Extension::name_at(self.output.as_deref());
        let abi = match self.abi {
            true => Some(firmware::abi(&board)?),
            false => None,
        };
        let recipe = Recipe {
            name: name.as_deref(),
            abi,
            flags: &self.flags,
        };
        extensions::build(&board, &self.sources, &recipe)?.deliver(self.output)?;
        Ok(ExitCode::SUCCESS)
    }
}
