//! `cargo xtask gdb`: GDB beside a `cargo xtask run --gdb`.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

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

/// So that add-symbol-file acts at once, breakpoints wait for what is not loaded yet, and pasted text runs through.
const SETTINGS: [&str; 3] = [
    "set confirm off",
    "set breakpoint pending on",
    "set pagination off",
];

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
        let mut gdb = Command::new("gdb-multiarch");
        gdb.current_dir(extensions).arg("-q");
        // The commands that lie beside the firmware are those that are read below: GDB need not warn of them.
        if let Some(folder) = firmware.parent() {
            let safe = format!("add-auto-load-safe-path {}", folder.display());
            gdb.args(["-iex", &safe]);
        }
        for setting in SETTINGS {
            gdb.args(["-ex", setting]);
        }
        let error = gdb
            .arg("-ex")
            .arg(format!(
                "set debug-file-directory {}",
                debug_files::dir().display()
            ))
            .arg("-x")
            .arg(paths::root().join(debug_files::COMMANDS))
            .args(["-ex", &format!("target remote 127.0.0.1:{}", self.port)])
            .args(&self.args)
            .arg(firmware)
            .exec();
        Err(error).context("cannot start gdb-multiarch")
    }
}
