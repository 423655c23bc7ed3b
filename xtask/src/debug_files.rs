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
pub const PART: &str = "gdb/llext_fault.py";

/// Puts a copy of the GDB commands beside a firmware's ELF, under the name by which GDB loads it with that (its manual,
/// "objfile-gdbdotext file").
///
/// # Errors
/// The file cannot be written.
pub fn give_commands(elf: &Path) -> Result<()> {
    let mut name = elf.as_os_str().to_owned();
    name.push("-gdb.py");
    let part = elf.with_file_name(Path::new(PART).file_name().unwrap_or_default());
    for (from, to) in [(PART, part), (COMMANDS, PathBuf::from(name))] {
        fs::copy(paths::root().join(from), &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}
