//! `cargo xtask test`: everything that there is to test, one row of a table a step: [`host::STEPS`] and [`boards::STEPS`].

mod beside;
mod boards;
mod host;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::board::Board;
use crate::count::Count;
use crate::paths;
use crate::setup;

use beside::Beside;

/// Test everything: formatting, lints, documentation, unit tests, and the boards in QEMU
///
/// Steps of the host and of the boards run side by side, those of --only one after the other. The last line is
/// `N passed, N failed`.
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

impl Test {
    /// Runs the steps; one that fails does not stop the others.
    ///
    /// # Errors
    /// A step or board has a wrong name, or what the tests need cannot be installed.
    pub fn run(self) -> Result<ExitCode> {
        if self.list {
            for step in all() {
                println!("{:10} {}", step.name, step.about);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let steps = self.steps()?;
        let root = paths::root();
        let options: Vec<_> = match &self.board {
            Some(name) => vec!["--board".to_owned(), name.clone()],
            None => Vec::new(),
        };
        let world = World {
            boards: Board::chosen(root, self.board.as_deref())?,
            pytest: self.pytest,
            restricted: self.board.is_some(),
        };
        // The loader is tested with the tools of all boards, whichever of them is run.
        setup::everything(&Board::all(root)?)?;
        host::components()?;
        let beside = match self.only.is_empty() {
            true => Some(Beside::start(host::STEPS, &options)?),
            false => None,
        };
        let mut total = Count::default();
        let mut failures = Vec::new();
        for step in steps {
            let count = step.count(&world);
            if count.failed != 0 {
                failures.push(step.name.to_owned());
            }
            total.add(count);
        }
        if let Some(beside) = beside {
            let (count, failed) = beside.finish()?;
            total.add(count);
            failures.extend(failed);
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

    /// Those that are named, or those of the boards.
    fn steps(&self) -> Result<Vec<&'static Step>> {
        if self.only.is_empty() {
            return Ok(boards::STEPS.iter().collect());
        }
        let find = |name: &String| {
            all()
                .find(|step| step.name == name)
                .with_context(|| format!("no step `{name}`: --list names them"))
        };
        self.only.iter().map(find).collect()
    }
}

/// All steps, the one among them that is not run unless it is named.
fn all() -> impl Iterator<Item = &'static Step> {
    let asked_for = std::iter::once(&host::ASKED_FOR);
    host::STEPS.iter().chain(boards::STEPS).chain(asked_for)
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
