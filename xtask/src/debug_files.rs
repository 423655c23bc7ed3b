//! What is made for GDB: files by their build-id ([`llext_tools::build::debug_files`]), and commands.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths;

/// The directory for GDB.
pub fn dir() -> PathBuf {
    paths::target().join("debug-files")
}

/// GDB commands for the firmware, in the repository.
pub const COMMANDS: &str = "gdb/llext.py";

/// What they read, beside them.
const PART: &str = "llext_fault.py";

/// Puts a copy of the GDB commands beside a firmware's ELF, under the name by which GDB loads it with that (its manual,
/// "objfile-gdbdotext file").
///
/// # Errors
/// The file cannot be written.
pub fn give_commands(elf: &Path) -> Result<()> {
    let mut name = elf.as_os_str().to_owned();
    name.push("-gdb.py");
    let commands = paths::root().join(COMMANDS);
    let part = elf.with_file_name(PART);
    for (from, to) in [
        (commands.with_file_name(PART), part),
        (commands, PathBuf::from(name)),
    ] {
        fs::copy(from, &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}
