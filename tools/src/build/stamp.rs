//! Steps that run only if something that they depend on has changed.
//!
//! Beside each output lies a stamp: the command line that made it, and when each of its inputs was last changed. A step runs
//! only if its stamp would be another.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use crate::process;

/// The files that a dependency file of gcc (`-MMD`) names; none if there is no such file yet.
pub fn headers(dependencies: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dependencies).unwrap_or_default();
    let Some((_object, files)) = text.split_once(": ") else {
        return Vec::new();
    };
    // A space within a name is written `\ `, a line is continued by `\` at its end.
    files
        .replace("\\\n", "\n")
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}

/// Runs `command`, which makes `output` of `inputs`, unless it has been run with just these.
///
/// # Errors
/// It fails, or its output's folder cannot be written.
pub fn run_if_stale(
    command: &mut Command,
    inputs: &dyn Fn() -> Vec<PathBuf>,
    output: &Path,
) -> Result<()> {
    let line = process::line(command);
    let mut stamp = output.as_os_str().to_owned();
    stamp.push(".stamp");
    let stamp = PathBuf::from(stamp);
    let made = fs::read_to_string(&stamp).unwrap_or_default();
    if output.is_file() && made == stamp_of(&line, &inputs()) {
        return Ok(());
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    process::run(command)?;
    fs::write(&stamp, stamp_of(&line, &inputs())).with_context(|| stamp.display().to_string())
}

/// A command line, and its inputs with the nanoseconds of their last change.
fn stamp_of(line: &str, inputs: &[PathBuf]) -> String {
    let mut stamp = format!("{line}\n");
    for input in inputs {
        let changed = fs::metadata(input)
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .map_or(0, |age| age.as_nanos());
        stamp += &format!("{changed} {}\n", input.display());
    }
    stamp
}

/// Waits until nobody else builds in `folder`, and keeps others away until the file is dropped.
///
/// # Errors
/// The folder cannot be written.
pub fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    flock(&file, FlockOperation::LockExclusive).with_context(|| path.display().to_string())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_files_are_read() {
        let folder = std::env::temp_dir().join(format!("llext-headers-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("a.d");
        fs::write(
            &file,
            "obj/a.o: /src/a.c \\\n /my\\ sdk/llext.h \\\n /src/b.h\n",
        )
        .expect("a file");
        let expected = ["/src/a.c", "/my sdk/llext.h", "/src/b.h"].map(PathBuf::from);
        assert_eq!(headers(&file), expected);
        assert_eq!(headers(&folder.join("none.d")), Vec::<PathBuf>::new());
        fs::remove_dir_all(&folder).expect("it was there");
    }
}
