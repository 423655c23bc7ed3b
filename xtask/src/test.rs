//! `cargo xtask test`: everything that there is to test, one row of [`STEPS`] a step.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::bench;
use crate::board::Board;
use crate::count::{Count, PASSED, cargo_count, counted, pytest_count};
use crate::extensions;
use crate::firmware;
use crate::fuzz;
use crate::groups;
use crate::image;
use crate::panics;
use crate::paths;
use crate::process;
use crate::python;
use crate::sanitizer;
use crate::setup;
use crate::size;
use crate::toolchain;

/// Test everything: formatting, lints, documentation, unit tests, and the boards in QEMU
///
/// The last line is `N passed, N failed`.
#[derive(Args)]
pub struct Test {
    /// Only these steps [repeatable; --list names them]
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Only this board [default: all]
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
    /// List the steps
    #[arg(long)]
    list: bool,
    /// Arguments for pytest
    #[arg(last = true)]
    pytest: Vec<String>,
}

/// What a step works on.
struct World {
    boards: Vec<Board>,
    pytest: Vec<String>,
    restricted: bool,
}

/// A step of the tests.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&World) -> Result<Count>,
}

const STEPS: &[Step] = &[
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
        name: "slid",
        about: "the loader with ids for names: unit tests, and a board in QEMU",
        run: slid,
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
        name: "asan",
        about: "unit tests and calls on the host, under AddressSanitizer",
        run: asan,
    },
    Step {
        name: "fuzz",
        about: "two minutes of mutated files and scripts, under AddressSanitizer",
        run: fuzz,
    },
    Step {
        name: "gnu-ld",
        about: "the loader's bytes are GNU ld's",
        run: gnu_ld,
    },
    Step {
        name: "c-api",
        about: "the C library, in one program of the host and of the boards",
        run: c_api,
    },
    Step {
        name: "linked",
        about: "shared libraries of every linker are loaded byte for byte",
        run: linked,
    },
    Step {
        name: "firmware",
        about: "firmware and examples build, without lints",
        run: build,
    },
    Step {
        name: "groups",
        about: "a firmware without a group of exports links nothing of it",
        run: without_groups,
    },
    Step {
        name: "size",
        about: "the firmware keeps its limits",
        run: limits,
    },
    Step {
        name: "panics",
        about: "no panic is linked with the loader",
        run: panics,
    },
    Step {
        name: "loads",
        about: "loads take no more instructions than they should",
        run: loads,
    },
    Step {
        name: "linear",
        about: "a load's cost grows with what is loaded, no faster",
        run: linear,
    },
    Step {
        name: "pytest",
        about: "the boards in QEMU",
        run: pytest,
    },
];

impl Test {
    /// Runs the steps; one that fails does not stop the others.
    ///
    /// # Errors
    /// A step or board has a wrong name, or what the tests need cannot be installed.
    pub fn run(self) -> Result<ExitCode> {
        if self.list {
            for step in STEPS {
                println!("{:10} {}", step.name, step.about);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let steps = self.steps()?;
        let root = paths::root();
        let world = World {
            boards: match &self.board {
                Some(name) => vec![Board::load(root, name)?],
                None => Board::all(root)?,
            },
            pytest: self.pytest,
            restricted: self.board.is_some(),
        };
        // The loader is tested with the tools of all boards, whichever of them is run.
        setup::everything(&Board::all(root)?)?;
        let mut total = Count::default();
        let mut failures = Vec::new();
        for step in steps {
            let count = step.count(&world);
            if count.failed != 0 {
                failures.push(step.name);
            }
            total.add(count);
        }
        if !failures.is_empty() {
            println!("failed: {}", failures.join(", "));
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        Ok(if total.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn steps(&self) -> Result<Vec<&'static Step>> {
        if self.only.is_empty() {
            return Ok(STEPS.iter().collect());
        }
        let find = |name: &String| {
            STEPS
                .iter()
                .find(|step| step.name == name)
                .with_context(|| format!("no step `{name}`: --list names them"))
        };
        self.only.iter().map(find).collect()
    }
}

impl Step {
    fn count(&self, world: &World) -> Count {
        println!("=== {}: {}", self.name, self.about);
        let start = Instant::now();
        let count = (self.run)(world).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Count {
                passed: 0,
                failed: 1,
            }
        });
        println!(
            "=== {}: {} passed, {} failed, {:.0} s",
            self.name,
            count.passed,
            count.failed,
            start.elapsed().as_secs_f64()
        );
        count
    }
}

fn cargo(args: &[&str]) -> Command {
    let mut cargo = toolchain::host_cargo();
    cargo.current_dir(paths::root()).args(args);
    cargo
}

fn fmt(_: &World) -> Result<Count> {
    rustup_component("rustfmt", "fmt")?;
    process::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    // With it the SDK, on which it depends: both are of no workspace.
    let example = ["--manifest-path", "examples/rusty/Cargo.toml"];
    process::run(cargo(&["fmt", "--all", "--check"]).args(example))?;
    Ok(PASSED)
}

fn clippy(_: &World) -> Result<Count> {
    rustup_component("clippy", "clippy")?;
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

fn c_api(_: &World) -> Result<Count> {
    let mut cargo = cargo(&["test", "--no-fail-fast", "-p", "llext-c", "-p", "c-api"]);
    for board in Board::all(paths::root())? {
        cargo.env(
            format!("LIBRARY_{}", board.config.triple),
            firmware::c_library(&board)?,
        );
    }
    counted(&mut cargo, cargo_count)
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

fn slid(world: &World) -> Result<Count> {
    let mut count = cargo_test(&["-p", "llext", "--features", "slid"])?;
    // All boards have words of the same size: one will do.
    let board = world.boards.first().context("no board")?;
    let mut pytest = start_pytest()?;
    pytest.args(["tests/test_examples.py", "tests/test_behaviours.py"]);
    pytest.args(["-k", "hello or greeter or shapes or ids"]);
    pytest.args(["--board", &board.name, "--firmware"]);
    pytest.arg(firmware::build_with_ids(board)?);
    count.add(counted(&mut pytest, pytest_count)?);
    Ok(count)
}

fn packer(_: &World) -> Result<Count> {
    cargo_test(&["-p", "fs-image", "--features", "packer"])
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

fn build(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        let way = toolchain::find(&board.config.triple)?;
        for package in [&board.name, firmware::MEASURING] {
            let mut clippy = firmware::with_package(toolchain::clippy(way)?, board, package);
            process::run(clippy.args(["--", "-D", "warnings"]))?;
        }
        firmware::build(board)?;
        extensions::build_all(board)?;
        count.add(PASSED);
    }
    image::packer()?;
    Ok(count)
}

fn without_groups(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        groups::check(board)?;
        count.add(PASSED);
    }
    Ok(count)
}

fn limits(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        let report = size::measure(board)?;
        print!("{report}");
        let loader = size::loader::measure(board)?;
        print!("{loader}");
        report.check()?;
        loader.check()?;
        count.add(PASSED);
    }
    Ok(count)
}

fn panics(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        panics::check(board)?;
        count.add(PASSED);
    }
    Ok(count)
}

fn loads(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        bench::keep_limits(board)?;
        count.add(PASSED);
    }
    Ok(count)
}

fn linear(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        bench::is_linear(board)?;
        count.add(PASSED);
    }
    Ok(count)
}

/// `pytest`, without what it is to run.
fn start_pytest() -> Result<Command> {
    let mut pytest = Command::new(python::with_requirements()?);
    pytest
        .current_dir(paths::root())
        .args(["-m", "pytest", "-n", "2"])
        // The tests start this program again; through cargo they would wait for its lock.
        .env("LLEXT_XTASK", std::env::current_exe()?)
        .env_remove("PYTHONPATH");
    Ok(pytest)
}

fn pytest(world: &World) -> Result<Count> {
    let mut pytest = start_pytest()?;
    pytest.args(&world.pytest);
    if !world.pytest.iter().any(|word| names_tests(word)) {
        pytest.arg("tests");
    }
    if world.restricted {
        for board in &world.boards {
            pytest.args(["--board", &board.name]);
        }
    }
    counted(&mut pytest, pytest_count)
}

/// Whether an argument of pytest is a file of tests, or one of the tests in it.
fn names_tests(word: &str) -> bool {
    word.starts_with("tests") && word.contains(".py")
}

fn cargo_test(args: &[&str]) -> Result<Count> {
    counted(cargo(&["test", "--no-fail-fast"]).args(args), cargo_count)
}

/// Adds a component that a minimal toolchain lacks.
fn rustup_component(component: &str, subcommand: &str) -> Result<()> {
    if process::succeeds(&mut cargo(&[subcommand, "--version"])) {
        return Ok(());
    }
    eprintln!("xtask: rustup component add {component}: the tests use it");
    process::run(Command::new("rustup").args(["component", "add", component]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_told_from_other_arguments() {
        for word in ["tests/test_run.py", "tests/test_run.py::test_exit"] {
            assert!(names_tests(word), "{word}");
        }
        for word in ["-k", "tests", "hello.py"] {
            assert!(!names_tests(word), "{word}");
        }
    }
}
