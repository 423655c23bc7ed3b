//! Steps that want nothing of a board but its compilers: lints, the host's tests, sanitizers.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Step, World};
use crate::count::{Count, PASSED, cargo_count, counted};
use crate::extensions;
use crate::fuzz;
use crate::image;
use crate::paths;
use crate::process;
use crate::sanitizer;
use crate::toolchain;

/// In this order.
pub const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "all code is formatted",
        run: fmt,
    },
    Step {
        name: "clippy",
        about: "no lint of the host's code",
        run: clippy,
    },
    Step {
        name: "doc",
        about: "the documentation has no warnings",
        run: doc,
    },
    Step {
        name: "unit",
        about: "unit tests on the host",
        run: unit,
    },
    Step {
        name: "packer",
        about: "unit tests of the image packer",
        run: packer,
    },
    Step {
        name: "host",
        about: "what the host's compilers make, loaded and called in a process",
        run: host,
    },
    Step {
        name: "gnu-ld",
        about: "the loader's bytes are GNU ld's",
        run: gnu_ld,
    },
    Step {
        name: "linked",
        about: "shared libraries of every linker are loaded byte for byte",
        run: linked,
    },
    Step {
        name: "asan",
        about: "unit tests and calls on the host, under AddressSanitizer",
        run: asan,
    },
    Step {
        name: "fuzz",
        about: "two minutes of mutated files and scripts, under AddressSanitizer",
        run: fuzz,
    },
];

/// What is run where it is asked for alone: 155 crates are compiled for it, which takes minutes.
pub const ASKED_FOR: Step = Step {
    name: "probe",
    about: "debug probes, as far as that is possible without one [only by --only]",
    run: probe,
};

/// Adds the components of the toolchain that the steps want, here and there.
///
/// # Errors
/// One cannot be installed.
pub fn components() -> Result<()> {
    rustup_component("rustfmt", "fmt")?;
    rustup_component("clippy", "clippy")
}

fn fmt(_: &World) -> Result<Count> {
    process::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    // With it the SDK, on which it depends: both are of no workspace.
    let example = ["--manifest-path", "examples/rusty/Cargo.toml"];
    process::run(cargo(&["fmt", "--all", "--check"]).args(example))?;
    Ok(PASSED)
}

fn clippy(_: &World) -> Result<Count> {
    let targets = ["clippy", "--quiet", "--all-targets"];
    let deny = ["--", "-D", "warnings"];
    process::run(cargo(&targets).args(deny))?;
    process::run(
        cargo(&targets)
            .args(["-p", "fs-image", "--features", "packer"])
            .args(deny),
    )?;
    process::run(
        cargo(&targets)
            .args(["-p", "llext", "--features", "slid"])
            .args(deny),
    )?;
    process::run(cargo(&targets).args(OTHERS).args(deny))?;
    Ok(PASSED)
}

/// What `cargo test` alone leaves out, for it wants compilers or is a C library.
const OTHERS: [&str; 12] = [
    "-p",
    "llext-c",
    "-p",
    "llext-fuzz",
    "-p",
    "c-api",
    "-p",
    "gnu-ld",
    "-p",
    "host",
    "-p",
    "linked",
];

fn doc(_: &World) -> Result<Count> {
    for packages in [&[][..], &OTHERS] {
        let mut doc = cargo(&["doc", "--quiet", "--no-deps", "--document-private-items"]);
        process::run(doc.args(packages).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(PASSED)
}

fn unit(_: &World) -> Result<Count> {
    cargo_test(&[])
}

fn host(_: &World) -> Result<Count> {
    cargo_test(&["-p", "host"])
}

fn linked(_: &World) -> Result<Count> {
    cargo_test(&["-p", "linked"])
}

fn asan(_: &World) -> Result<Count> {
    let host = sanitizer::host()?;
    let dir = paths::target().join("asan");
    let mut cargo = sanitizer::cargo("test", &host, &["-Cdebug-assertions"], &dir);
    cargo.args(["--no-fail-fast", "--lib", "--tests"]);
    for package in [
        "llext",
        "llext-fuzz",
        "host",
        "llext-shell",
        "shell-cmds",
        "fs-image",
    ] {
        cargo.args(["--package", package]);
    }
    counted(cargo.env("ASAN_OPTIONS", "detect_leaks=0"), cargo_count)
}

fn fuzz(_: &World) -> Result<Count> {
    let (passed, failed) = fuzz::all(120.0)?;
    Ok(Count { passed, failed })
}

fn probe(_: &World) -> Result<Count> {
    let with = ["-p", "llext-tools", "--features", "probe-rs"];
    let mut clippy = cargo(&["clippy", "--quiet", "--all-targets"]);
    process::run(clippy.args(with).args(["--", "-D", "warnings"]))?;
    cargo_test(&with)
}

fn packer(_: &World) -> Result<Count> {
    let dir = image::packer_dir();
    let mut cargo = cargo(&["test", "--no-fail-fast", "-p", "fs-image"]);
    // Beside the packer itself, so that littlefs is compiled once.
    cargo.args(["--features", "packer", "--target-dir"]);
    counted(cargo.arg(dir), cargo_count)
}

fn gnu_ld(world: &World) -> Result<Count> {
    let mut files = Vec::new();
    for board in &world.boards {
        files.extend(
            extensions::build_all(board)?
                .into_iter()
                .map(|extension| extension.debug),
        );
    }
    // The examples are compared too, beside the step's own files.
    let files = std::env::join_paths(files).context("target")?;
    let mut cargo = cargo(&["test", "--no-fail-fast", "-p", "gnu-ld"]);
    counted(cargo.env("EXTENSIONS", files), cargo_count)
}

/// `cargo test` with these arguments.
pub fn cargo_test(args: &[&str]) -> Result<Count> {
    counted(cargo(&["test", "--no-fail-fast"]).args(args), cargo_count)
}

/// Cargo in the repository, with the user's own toolchain.
pub fn cargo(args: &[&str]) -> Command {
    let mut cargo = toolchain::host_cargo();
    cargo.current_dir(paths::root()).args(args);
    cargo
}

/// Adds a component that a minimal toolchain lacks.
fn rustup_component(component: &str, subcommand: &str) -> Result<()> {
    if process::succeeds(&mut cargo(&[subcommand, "--version"])) {
        return Ok(());
    }
    eprintln!("xtask: rustup component add {component}: the tests use it");
    process::run(Command::new("rustup").args(["component", "add", component]))
}
