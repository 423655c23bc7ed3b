//! Steps that run only if something that they depend on has changed.
//!
//! Beside each output lies a stamp: the command line that made it, and when each of its inputs was last changed. A step runs
//! only if its stamp would be another. One whose input was changed while it ran leaves no stamp: nobody knows which of the two it
//! has read.

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
    let start = SystemTime::now();
    process::run(command)?;
    let inputs = inputs();
    if inputs.iter().any(|input| changed(input) > Some(start)) {
        let _ = fs::remove_file(&stamp);
        return Ok(());
    }
    fs::write(&stamp, stamp_of(&line, &inputs)).with_context(|| stamp.display().to_string())
}

/// When a file was changed last, if it is there.
pub fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|it| it.modified()).ok()
}

/// A command line, and its inputs with the nanoseconds of their last change.
fn stamp_of(line: &str, inputs: &[PathBuf]) -> String {
    let mut stamp = format!("{line}\n");
    for input in inputs {
        let changed = changed(input)
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
    fn a_file_that_is_saved_while_it_is_compiled_is_compiled_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name| folder.path().join(name);
        let (source, output) = (path("a.c"), path("a.o"));
        fs::write(&source, "old").expect("a file");
        let inputs = || vec![source.clone()];
        let copy = |and: &str| {
            let mut shell = Command::new("sh");
            let words = format!("cp \"$1\" \"$2\"; {and}");
            shell.args(["-c", &words, "sh"]).args([&source, &output]);
            run_if_stale(&mut shell, &inputs, &output).expect("it runs");
            fs::read_to_string(&output).expect("it is there")
        };
        let save = "if grep -q old \"$1\"; then sleep 0.02; printf new > \"$1\"; fi;";
        assert_eq!(copy(save), "old");
        assert_eq!(copy(save), "new");
    }

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
