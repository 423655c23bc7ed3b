//! `help`: lists the commands, or explains one.
//!
//! ```text
//! llext> help cat
//! Print a file
//!
//! Usage: cat <PATH>
//!
//! Arguments:
//!   <PATH>  File to print
//!
//! Options:
//!   -h, --help  Print help
//! llext> help llext lod
//! error: llext: lod: unknown subcommand
//! hint: did you mean load?
//! ```

use crate::{Run, Status, context::Context};
use embedded_cli::Command;

/// `help`. The dispatcher answers it, together with `--help`; here is its place in the table.
#[derive(Command)]
pub enum Help<'a> {
    /// List the commands, or explain one
    Help {
        /// Command to explain, and its subcommand
        #[arg(value_name = "COMMAND...")]
        command: Option<&'a str>,
    },
}

impl Run for Help<'_> {
    fn run(self, _: &mut Context<'_>) -> Status {
        Ok(())
    }
}
