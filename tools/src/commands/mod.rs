//! The subcommands: one file each.

mod build;
mod call;
mod check;
mod console;
mod dev;
mod files;
mod gdb;
mod load;
mod map;
mod push;
mod run;
mod shown;
mod size;
mod target;
mod workshop;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use target::Target;
use workshop::Workshop;

/// Extensions for a running llext-shell: build, send, call, debug
///
/// Ends with status 0 if all went well, 1 if something failed, 2 if it was typed wrong, 3 if the target does not answer, and 4 if
/// a call ended in a fault.
#[derive(Parser)]
#[command(
    name = "llext",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Llext {
    #[command(flatten)]
    world: World,
    #[command(subcommand)]
    command: Command,
}

/// What all subcommands share.
#[derive(clap::Args)]
pub struct World {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    workshop: Workshop,
}

#[derive(Subcommand)]
enum Command {
    Build(build::Build),
    Push(push::Push),
    Load(load::Load),
    Call(call::Call),
    Run(run::Run),
    Dev(dev::Dev),
    Console(console::Console),
    Ls(files::Ls),
    Cat(files::Cat),
    Get(files::Get),
    Put(files::Put),
    Rm(files::Rm),
    Check(check::Check),
    Size(size::Size),
    Map(map::Map),
    Gdb(gdb::Gdb),
}

impl Llext {
    /// Does what was asked for.
    ///
    /// # Errors
    /// It cannot be done, and the message says why.
    pub fn run(self) -> Result<ExitCode> {
        let mut world = self.world;
        world.target.agree(&mut world.workshop.board)?;
        let world = &world;
        match self.command {
            Command::Build(command) => command.run(world),
            Command::Push(command) => command.run(world),
            Command::Load(command) => command.run(world),
            Command::Call(command) => command.run(world),
            Command::Run(command) => command.run(world),
            Command::Dev(command) => command.run(world),
            Command::Console(command) => command.run(world),
            Command::Ls(command) => command.run(world),
            Command::Cat(command) => command.run(world),
            Command::Get(command) => command.run(world),
            Command::Put(command) => command.run(world),
            Command::Rm(command) => command.run(world),
            Command::Check(command) => command.run(world),
            Command::Size(command) => command.run(),
            Command::Map(command) => command.run(world),
            Command::Gdb(command) => command.run(world),
        }
    }
}

/// The status of a program that a signal ended: 128 and its number.
fn by_signal(signal: i32) -> ExitCode {
    ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_has_no_contradictions() {
        super::Llext::command().debug_assert();
    }
}
