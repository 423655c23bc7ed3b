//! The programs that the tasks need: what is missing, and how it is installed.
//!
//! On systems with `apt-get`, as root or with `sudo`, missing packages are installed after saying
//! which and why; elsewhere they are listed and the task stops. Nothing that is there is touched.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::board::Board;
use crate::process;

/// Something that a task needs, and the Debian package that has it.
pub struct Tool {
    package: String,
    why: &'static str,
    check: Check,
}

enum Check {
    /// A program on `PATH`.
    Program(String),
    /// A file, by its full path.
    File(&'static str),
    /// libclang, which bindgen loads.
    Libclang,
    /// A gcc that knows picolibc.
    Picolibc(String),
    /// Python with venv and pip.
    Venv,
}

impl Tool {
    fn new(package: impl Into<String>, why: &'static str, check: Check) -> Tool {
        Tool {
            package: package.into(),
            why,
            check,
        }
    }

    fn program(package: impl Into<String>, why: &'static str, program: &str) -> Tool {
        Tool::new(package, why, Check::Program(program.to_owned()))
    }

    fn is_there(&self) -> bool {
        match &self.check {
            Check::Program(program) => on_path(program),
            Check::File(path) => Path::new(path).exists(),
            Check::Libclang => has_libclang(),
            Check::Picolibc(gcc) => knows_picolibc(gcc),
            Check::Venv => {
                process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
            }
        }
    }
}

/// What building the firmware, extensions and image of `board` needs.
pub fn to_build(board: &Board) -> Vec<Tool> {
    let target = board.config.c.prefix.trim_end_matches('-');
    let gcc = board.cross("gcc");
    vec![
        Tool::program(
            format!("gcc-{target}"),
            "compiles C and links the firmware",
            &gcc,
        ),
        Tool::new(
            format!("picolibc-{target}"),
            "the C library of firmware and extensions",
            Check::Picolibc(gcc),
        ),
        Tool::new(
            "libclang-dev",
            "littlefs's bindings are generated with it",
            Check::Libclang,
        ),
    ]
}

/// What running `board` needs beside [`to_build`].
pub fn to_run(board: &Board) -> Vec<Tool> {
    let program = &board.config.qemu.program;
    let package = match program.strip_prefix("qemu-system-") {
        Some("arm" | "aarch64") => "qemu-system-arm",
        _ => "qemu-system-misc",
    };
    vec![Tool::program(package, "emulates the board", program)]
}

/// What debugging needs beside [`to_run`].
pub fn to_debug() -> Vec<Tool> {
    vec![Tool::program(
        "gdb-multiarch",
        "debugs every board",
        "gdb-multiarch",
    )]
}

/// What the tests need beside all of the above.
pub fn to_test() -> Vec<Tool> {
    let mut tools = vec![
        Tool::program("python3", "runs the tests under tests/", "python3"),
        Tool::new(
            "python3-venv",
            "keeps the tests' packages in target/venv",
            Check::Venv,
        ),
        Tool::program(
            "lld",
            "judges relocations beside GNU ld, and links libraries for RISC-V",
            "ld.lld",
        ),
        Tool::program("g++", "makes extensions for the host", "g++"),
        Tool::program("lrzsz", "sends and takes files by YMODEM", "sb"),
        Tool::program(
            "clang",
            "makes extensions for the host and objects for the others",
            "clang++",
        ),
    ];
    // Machines that have no board: the loader knows them all the same. The host's own tools have no suffix.
    let machines = [
        (
            "aarch64-linux-gnu",
            "-aarch64-linux-gnu",
            "judge AArch64 files",
        ),
        ("i686-linux-gnu", "-i686-linux-gnu", "judge i386 files"),
        ("xtensa-lx106-elf", "-xtensa-lx106", "judge Xtensa files"),
        ("arc-linux-gnu", "-arc-linux-gnu", "judge ARC files"),
        if cfg!(target_arch = "x86_64") {
            ("x86_64-linux-gnu", "", "judge x86-64 files")
        } else {
            (
                "x86_64-linux-gnu",
                "-x86-64-linux-gnu",
                "judge x86-64 files",
            )
        },
    ];
    for (prefix, suffix, why) in machines {
        let [gcc, ld] = ["gcc", "ld"].map(|program| format!("{prefix}-{program}"));
        tools.push(Tool::program(format!("binutils{suffix}"), why, &ld));
        tools.push(Tool::program(format!("gcc{suffix}"), why, &gcc));
    }
    tools
}

/// What fuzzing needs beside cargo.
pub fn to_fuzz() -> Vec<Tool> {
    vec![Tool::program("g++", "compiles libFuzzer", "g++")]
}

/// Debian's Rust; see [`crate::toolchain`].
pub fn debian_rust() -> Vec<Tool> {
    let why = "compiles the firmware where rustup has no target";
    vec![
        Tool::new("rustc-web", why, Check::File("/usr/bin/rustc")),
        Tool::new("cargo-web", why, Check::File("/usr/bin/cargo")),
        Tool::new(
            "rust-web-src",
            why,
            Check::File("/usr/lib/rustlib/src/rust/library/core"),
        ),
    ]
}

/// Debian's lints for Debian's Rust.
pub fn debian_clippy() -> Vec<Tool> {
    let check = Check::File("/usr/bin/cargo-clippy");
    vec![Tool::new("rust-web-clippy", "lints the firmware", check)]
}

/// Installs what is missing of `tools`.
///
/// # Errors
/// Something is missing and cannot be installed; the message lists it.
pub fn install(tools: &[Tool]) -> Result<()> {
    let mut missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.is_there()).collect();
    missing.dedup_by(|a, b| a.package == b.package);
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = missing
        .iter()
        .map(|tool| format!("  {:32} {}", tool.package, tool.why))
        .collect();
    let list = list.join("\n");
    let Some(apt) = apt_get() else {
        bail!("missing, by the names of Debian's packages:\n{list}\ninstall these and try again");
    };
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package.as_str()).collect();
    eprintln!("xtask: installing what is missing:\n{list}");
    eprintln!("xtask: {} install {}", apt.join(" "), packages.join(" "));
    // Old package lists name versions that the mirrors have dropped; no lists name nothing.
    process::run(command(&apt).args(["update", "-qq"]))?;
    process::run(
        command(&apt)
            .args(["install", "-qq", "-y", "--no-install-recommends"])
            .args(&packages),
    )?;
    let still: Vec<&str> = missing
        .iter()
        .filter(|tool| !tool.is_there())
        .map(|tool| tool.package.as_str())
        .collect();
    if !still.is_empty() {
        bail!("installed, but not found: {}", still.join(", "));
    }
    Ok(())
}

/// The words that start apt-get with the rights to install, if there are any.
fn apt_get() -> Option<Vec<&'static str>> {
    if !on_path("apt-get") {
        return None;
    }
    if rustix::process::geteuid().is_root() {
        return Some(vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    }
    on_path("sudo").then(|| vec!["sudo", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn knows_picolibc(gcc: &str) -> bool {
    // A gcc that does not have the file prints its name as it was given.
    on_path(gcc)
        && process::output(Command::new(gcc).arg("--print-file-name=picolibc.specs"))
            .is_ok_and(|path| path.contains('/'))
}

/// Where bindgen looks for libclang.
fn has_libclang() -> bool {
    if let Some(path) = env::var_os("LIBCLANG_PATH") {
        return Path::new(&path).exists();
    }
    let mut dirs: Vec<PathBuf> = ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .map(PathBuf::from)
        .into();
    for entry in fs::read_dir("/usr/lib").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("llvm-") {
            dirs.push(entry.path().join("lib"));
        } else if name.contains("-linux-") {
            dirs.push(entry.path());
        }
    }
    dirs.iter().any(|dir| {
        fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| is_libclang(&entry.file_name()))
    })
}

fn is_libclang(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.strip_prefix("libclang").is_some_and(|rest| {
        rest.starts_with(".so")
            || (rest.starts_with('-') && rest.contains(".so") && !rest.starts_with("-cpp"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        for name in ["libclang.so", "libclang.so.1", "libclang-14.so.13"] {
            assert!(is_libclang(OsStr::new(name)), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclangAST.a", "libclangdMain.so"] {
            assert!(!is_libclang(OsStr::new(name)), "{name}");
        }
    }
}
