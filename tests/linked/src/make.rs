//! Compilers and linkers, as programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a linked file is made.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'r> {
    /// Names the file.
    pub name: &'r str,
    /// The machine that it is for.
    pub machine: &'static llext::machine::Machine,
    /// The compiler with what selects the processor.
    pub compiler: &'r [&'r str],
    /// Options of the compiler.
    pub code: &'r [&'r str],
    /// The linker with its options; none: the compiler links.
    pub linker: &'r [&'r str],
}

/// Runs a command that must succeed.
fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
}

/// Compiles `objects/{source}.c` and links it as `recipe` says into a file of `folder`.
pub fn make(recipe: &Recipe<'_>, source: &str, folder: &Path) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("objects");
    let (object, file) = (
        folder.join(format!("{}-{source}.o", recipe.name)),
        folder.join(format!("{}-{source}.so", recipe.name)),
    );
    let [compiler, cpu @ ..] = recipe.compiler else {
        panic!("no compiler")
    };
    let [linker, options @ ..] = recipe.linker else {
        panic!("no linker")
    };
    run(Command::new(compiler)
        .args(cpu)
        .args(recipe.code)
        .args(["-O1", "-ffreestanding", "-c", "-o"])
        .arg(&object)
        .arg(here.join(format!("{source}.c"))));
    run(Command::new(linker)
        .args(options)
        .arg("-o")
        .arg(&file)
        .arg(&object));
    file
}
