//! The project's tasks: `cargo xtask TASK`.
//!
//! One row of [`Task`] a task. What a task prints for people goes to stderr; stdout carries results
//! alone: the target's console, a table, paths.
#![deny(unsafe_code)]

mod bench;
mod board;
mod console;
mod count;
mod debug_files;
mod extension;
mod extensions;
mod firmware;
mod fuzz;
mod gdb;
mod groups;
mod image;
mod kit;
mod lines;
mod panics;
mod paths;
mod python;
mod qemu;
mod run;
mod sanitizer;
mod setup;
mod size;
mod test;
mod toolchain;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use llext_tools::process;

/// The project's tasks
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    Run(run::Run),
    Test(test::Test),
    Gdb(gdb::Gdb),
    Build(setup::Build),
    Extension(extension::BuildExtension),
    Kit(kit::Kit),
    Size(size::Size),
    Bench(bench::Bench),
    Fuzz(fuzz::Fuzz),
    Setup(setup::Setup),
}

impl Task {
    fn run(self) -> Result<ExitCode> {
        match self {
            Task::Run(task) => task.run(),
            Task::Test(task) => task.run(),
            Task::Gdb(task) => task.run(),
            Task::Build(task) => task.run(),
            Task::Extension(task) => task.run(),
            Task::Kit(task) => task.run(),
            Task::Size(task) => task.run(),
            Task::Bench(task) => task.run(),
            Task::Fuzz(task) => task.run(),
            Task::Setup(task) => task.run(),
        }
    }
}

fn main() -> ExitCode {
    Task::parse().run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
