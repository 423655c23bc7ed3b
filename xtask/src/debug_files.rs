//! What is made for GDB: files by their build-id, in what `set debug-file-directory` is to name, and commands.
//!
//! `target/debug-files/.build-id/xx/yyyy.debug` is the file with the build-id `xxyyyy`, for all boards (GDB's manual,
//! "Separate Debug Files"). What was built before stays: it may still be loaded somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::Object;

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

/// Puts a copy of `file` where GDB looks for its build-id. A file without one is left alone.
///
/// # Errors
/// It is no ELF file, or the directory cannot be written.
pub fn keep(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let parsed =
        object::File::parse(&*bytes).with_context(|| format!("{}: not ELF", file.display()))?;
    let Some(place) = parsed.build_id()?.and_then(|id| place(&dir(), id)) else {
        return Ok(());
    };
    // The id is a digest of the contents: what is there is the same.
    if place.is_file() {
        return Ok(());
    }
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    // GDB must never see half of it.
    let partly = place.with_extension(format!("{}", std::process::id()));
    fs::write(&partly, &bytes).with_context(|| partly.display().to_string())?;
    fs::rename(&partly, &place).with_context(|| place.display().to_string())
}

/// `.build-id/xx/yyyy.debug`.
fn place(dir: &Path, id: &[u8]) -> Option<PathBuf> {
    let (first, rest) = id.split_first()?;
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(
        dir.join(".build-id")
            .join(format!("{first:02x}"))
            .join(format!("{rest}.debug")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_names_a_folder() {
        let place = place(Path::new("/d"), &[0x0a, 0xbc, 0x01]);
        assert_eq!(place, Some(PathBuf::from("/d/.build-id/0a/bc01.debug")));
        assert_eq!(super::place(Path::new("/d"), &[]), None);
    }
}
