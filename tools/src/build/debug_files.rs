//! Files for GDB by their build-id, in what `set debug-file-directory` is to name.
//!
//! `DIR/.build-id/xx/yyyy.debug` is the file with the build-id `xxyyyy`, for all boards (GDB's manual, "Separate Debug
//! Files"). What was built before stays: it may still be loaded somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::Object;

/// Puts a copy of `file` where GDB looks for its build-id, below `dir`. A file without one is left alone.
///
/// # Errors
/// It is no ELF file, or the directory cannot be written.
pub fn keep(file: &Path, dir: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let parsed =
        object::File::parse(&*bytes).with_context(|| format!("{}: not ELF", file.display()))?;
    let Some(place) = parsed.build_id()?.and_then(|id| place(dir, id)) else {
        return Ok(());
    };
    // The id is a digest of the contents: what is there is the same.
    if place.is_file() {
        return Ok(());
    }
    replace(&place, &bytes)
}

/// Gives `file` these contents, if it has others: who reads it meanwhile sees the old ones or the new ones.
pub(super) fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let partly = file.with_extension(format!("{}", std::process::id()));
    fs::write(&partly, bytes).with_context(|| partly.display().to_string())?;
    fs::rename(&partly, file).with_context(|| file.display().to_string())
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
