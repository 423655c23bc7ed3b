//! `llext console`: the shell itself, for a person or a pipe.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::console::{self, End, Options};

use super::World;
use crate::told::{NO_TARGET, Told};

/// Type at the target's own prompt
///
/// Every key goes to the target, Ctrl-C too; Ctrl-] leaves. A connection that is lost is opened again. Piped input is typed, and
/// the session ends when the target has answered it.
#[derive(Args)]
pub struct Console {
    /// End when the connection is lost
    #[arg(long)]
    once: bool,
}

impl Console {
    /// Runs the session.
    ///
    /// # Errors
    /// There is no target there.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let target = &world.target;
        let (port, link) = target.open()?;
        if io::stdin().is_terminal() {
            eprintln!("llext: connected to {port}; Ctrl-] leaves");
        }
        let mut reopen = || port.open(target.baud);
        let options = Options {
            reopen: match self.once || !io::stdin().is_terminal() {
                true => None,
                false => Some(&mut reopen),
            },
            // An empty line shows a prompt.
            typed: b"\r".to_vec(),
            last: Vec::new(),
            is_over: &mut || false,
        };
        match console::attach(link, options) {
            Ok(End::Left | End::Over) => Ok(ExitCode::SUCCESS),
            Ok(End::Signal(signal)) => Ok(super::by_signal(signal)),
            Err(error) => Err(Told::new(NO_TARGET, format!("{port}: {error}"))
                .hint(port.advice(Some(&error)))
                .into()),
        }
    }
}
