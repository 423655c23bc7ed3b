//! Writes the two export tables, and lets the linker find the board's memory.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use workloads::Names;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("exports.rs"), exports()?)?;
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let memory = PathBuf::from(format!("{}.x", env::var("CARGO_CFG_TARGET_ARCH")?));
    println!("cargo::rerun-if-changed={}", memory.display());
    fs::copy(memory, out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    // Before compiler_builtins in the linker's order, as in the shell's firmware.
    println!("cargo::rustc-link-lib=c");
    println!("cargo::rustc-link-lib=gcc");
    Ok(())
}

/// A function for each plain name, which returns the name's place, and the tables of all names and of a few.
fn exports() -> Result<String, std::fmt::Error> {
    let names = workloads::names();
    let mut text = String::new();
    for (place, name) in names.all.iter().enumerate() {
        if Names::is_plain(name) {
            writeln!(
                text,
                "extern \"C\" fn {name}() -> u32 {{ core::hint::black_box({place}) }}"
            )?;
        }
    }
    for (table, names) in [("ALL", &names.all), ("FEW", &names.few)] {
        writeln!(text, "const {table}: &[Export] = &[")?;
        for name in names {
            writeln!(text, "Export::new(c\"{name}\", {name} as *const ()),")?;
        }
        writeln!(text, "];")?;
    }
    Ok(text)
}
