//! `llext gdb`: the right GDB, set up.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::debugger;

use super::World;
use crate::told::{FAILED, Told};

/// Start GDB on the firmware, with the extensions that were built here
///
/// Connects to what serves GDB: `cargo xtask run --gdb`, J-Link, OpenOCD, probe-rs.
#[derive(Args)]
pub struct Gdb {
    /// Where GDB's server is
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3333")]
    server: String,
    /// More arguments for GDB
    #[arg(last = true, value_name = "ARG")]
    args: Vec<String>,
}

impl Gdb {
    /// Becomes GDB.
    ///
    /// # Errors
    /// GDB is missing, or the firmware has not been built.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let site = world.workshop.site()?;
        let firmware = &site.files.firmware;
        if !firmware.is_file() {
            let what = format!("{}: not there", firmware.display());
            return Err(Told::new(FAILED, what)
                .hint("build the firmware first: `cargo xtask build`")
                .into());
        }
        let mut gdb = debugger::command(firmware, &site.debug_files, None, &self.server);
        let error = gdb.args(&self.args).arg(firmware).exec();
        Err(
            Told::new(FAILED, format!("cannot start gdb-multiarch: {error}"))
                .hint("on Debian and Ubuntu: sudo apt install gdb-multiarch")
                .into(),
        )
    }
}
