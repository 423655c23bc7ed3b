//! Steps that build firmware, and run it in QEMU.

use std::process::Command;

use anyhow::{Context, Result};

use super::host::{cargo, cargo_test};
use super::{Step, World};
use crate::bench;
use crate::board::Board;
use crate::count::{Count, PASSED, cargo_count, counted, pytest_count};
use crate::extensions;
use crate::firmware;
use crate::groups;
use crate::image;
use crate::panics;
use crate::paths;
use crate::process;
use crate::python;
use crate::size;
use crate::toolchain;

/// In this order.
pub const STEPS: &[Step] = &[
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
        name: "c-api",
        about: "the C library, in one program of the host and of the boards",
        run: c_api,
    },
    Step {
        name: "slid",
        about: "the loader with ids for names: unit tests, and a board in QEMU",
        run: slid,
    },
    Step {
        name: "pytest",
        about: "the boards in QEMU",
        run: pytest,
    },
];

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

/// Firmware that somebody may want smaller: each feature is missing once, and each kind of console is alone once.
const LEFT_OUT: [&[&str]; 2] = [&["uart", "transfer"], &["rtt", "machine"]];

fn build(world: &World) -> Result<Count> {
    let mut count = Count::default();
    for board in &world.boards {
        let way = toolchain::find(&board.config.triple)?;
        for package in [&board.name, firmware::MEASURING] {
            let mut clippy = firmware::with_package(toolchain::clippy(way)?, board, package);
            process::run(clippy.args(["--", "-D", "warnings"]))?;
        }
        for features in LEFT_OUT {
            let mut clippy = firmware::with_package(toolchain::clippy(way)?, board, &board.name);
            clippy.args(firmware::without(board, features)?);
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
        // Each of the two begins with a board of its own, and so builds what the tests of one board share once.
        .args(["-m", "pytest", "-n", "2", "--dist", "worksteal"])
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
