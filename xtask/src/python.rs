//! Python for the tests: a virtual environment in `target/venv`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths;
use crate::process;

/// The Python that has the packages of `tests/requirements.txt`. They are installed when that
/// file has changed.
///
/// # Errors
/// The packages cannot be installed.
pub fn with_requirements() -> Result<PathBuf> {
    let venv = paths::target().join("venv");
    let python = venv.join("bin").join("python");
    let wanted_file = paths::root().join("tests").join("requirements.txt");
    let wanted = fs::read_to_string(&wanted_file).context("tests/requirements.txt")?;
    let installed_file = venv.join("installed.txt");
    if fs::read_to_string(&installed_file).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    eprintln!(
        "xtask: installing tests/requirements.txt in {}",
        paths::shown(&venv)
    );
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    process::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .arg("-r")
            .arg(&wanted_file),
    )?;
    fs::write(&installed_file, wanted).context("target/venv")?;
    Ok(python)
}
