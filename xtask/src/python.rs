//! Python for the tests: a virtual environment in `target/venv`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use llext_tools::build::children;

use crate::paths;
use crate::process;

/// The project's own package, which the tests use as its users do.
const CLIENT: &str = "tools/python";

/// The Python that has the packages of `tests/requirements.txt`, and the project's own. They are installed when one of
/// them has changed.
///
/// # Errors
/// The packages cannot be installed.
pub fn with_requirements() -> Result<PathBuf> {
    let venv = paths::target().join("venv");
    let python = venv.join("bin").join("python");
    let requirements = paths::root().join("tests").join("requirements.txt");
    let client = paths::root().join(CLIENT);
    let wanted = read(&requirements)?;
    let sources = contents(&client)?;
    let [wanted_file, sources_file] =
        ["installed.txt", "installed-client.txt"].map(|name| venv.join(name));
    if !is(&wanted_file, &wanted) {
        let shown = paths::shown(&venv);
        eprintln!("xtask: installing tests/requirements.txt in {shown}");
        process::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        process::run(pip(&python).arg("-r").arg(&requirements))?;
        fs::write(&wanted_file, wanted).context("target/venv")?;
    }
    if !is(&sources_file, &sources) {
        eprintln!("xtask: installing {CLIENT} in {}", paths::shown(&venv));
        // What it depends on is among the requirements.
        let options = ["--force-reinstall", "--no-deps"];
        process::run(pip(&python).args(options).arg(&client))?;
        fs::write(&sources_file, sources).context("target/venv")?;
    }
    Ok(python)
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"])
        .arg("--disable-pip-version-check");
    pip
}

fn is(file: &Path, contents: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|found| found == contents)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| paths::shown(file))
}

/// The texts of all files in a folder and below, but for what Python itself puts there.
fn contents(folder: &Path) -> Result<String> {
    let mut all = String::new();
    for path in children(folder)? {
        if path.ends_with("__pycache__") {
            continue;
        }
        all += &match path.is_dir() {
            true => contents(&path)?,
            false => read(&path)?,
        };
    }
    Ok(all)
}
