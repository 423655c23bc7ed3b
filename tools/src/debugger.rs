//! GDB, set up for extensions.

use std::path::Path;
use std::process::Command;

/// So that add-symbol-file acts at once, breakpoints wait for what is not loaded yet, and pasted text runs through.
const SETTINGS: [&str; 3] = [
    "set confirm off",
    "set breakpoint pending on",
    "set pagination off",
];

/// A GDB that finds extensions in `debug_files`, reads `commands`, and connects to `server`. More arguments may follow, and
/// `firmware` last. The commands that lie beside the firmware are read with it.
pub fn command(
    firmware: &Path,
    debug_files: &Path,
    commands: Option<&Path>,
    server: &str,
) -> Command {
    let mut gdb = Command::new("gdb-multiarch");
    gdb.arg("-q");
    // The commands beside the firmware are the project's: GDB need not warn of them.
    if let Some(folder) = firmware.parent() {
        let safe = format!("add-auto-load-safe-path {}", folder.display());
        gdb.args(["-iex", &safe]);
    }
    for setting in SETTINGS {
        gdb.args(["-ex", setting]);
    }
    gdb.arg("-ex").arg(format!(
        "set debug-file-directory {}",
        debug_files.display()
    ));
    if let Some(commands) = commands {
        gdb.arg("-x").arg(commands);
    }
    gdb.args(["-ex", &format!("target remote {server}")]);
    gdb
}
