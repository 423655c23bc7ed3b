//! `cargo xtask gdb`: GDB beside a `cargo xtask run --gdb`.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use llext_tools::debugger;

use crate::board::Board;
use crate::debug_files;
use crate::extensions;
use crate::firmware;
use crate::paths;
use crate::run::{DEFAULT_BOARD, GDB_PORT};
use crate::tools;

/// Debug a board that `run --gdb` has started, extensions included
///
/// GDB has the firmware's symbols, those of extensions as they come and go, and the commands of gdb/llext.py. It runs where the
/// extensions with debug information are, target/ext/BOARD.
#[derive(Args)]
pub struct Gdb {
    /// Board that runs
    #[arg(long, value_name = "NAME", default_value = DEFAULT_BOARD)]
    board: String,
    /// Port that was given to `run --gdb`
    #[arg(long, default_value_t = GDB_PORT)]
    port: u16,
    /// Firmware ELF that runs, if it is not the project's own
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    /// More arguments for GDB
    #[arg(last = true)]
    args: Vec<String>,
}

impl Gdb {
    /// Becomes GDB.
    ///
    /// # Errors
    /// GDB is missing, or the firmware has not been built.
    pub fn run(self) -> Result<ExitCode> {
        let board = Board::load(paths::root(), &self.board)?;
        tools::install(&tools::to_debug())?;
        let firmware = match &self.firmware {
            Some(file) => fs::canonicalize(file).with_context(|| paths::shown(file))?,
            None => firmware::elf(&board),
        };
        if !firmware.is_file() {
            bail!(
                "{} has not been built: is `cargo xtask run --gdb` running?",
                paths::shown(&firmware)
            );
        }
        let extensions = extensions::dir(&board);
        fs::create_dir_all(&extensions).with_context(|| paths::shown(&extensions))?;
        let error = debugger::command(
            &firmware,
            &debug_files::dir(),
            Some(&paths::root().join(debug_files::COMMANDS)),
            &format!("127.0.0.1:{}", self.port),
        )
        .current_dir(extensions)
        .args(&self.args)
        .arg(firmware)
        .exec();
        Err(error).context("cannot start gdb-multiarch")
    }
}
