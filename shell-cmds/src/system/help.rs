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
//! llext> help list
//! List what is loaded: name, bytes, address, file and users
//!
//! Usage: llext list
//!
//! Options:
//!   -h, --help  Print help
//! llext> help llext lod
//! error: llext: lod: unknown subcommand
//! hint: did you mean load?
//! ```

use crate::{
    Status,
    context::Context,
    help,
    parse::Parsed,
    table::{Action, Argument, Command},
};

/// The command.
pub const HELP: Command = Command {
    name: "help",
    about: "List the commands, or explain one",
    arguments: &[Argument {
        name: "[COMMAND...]",
        about: "Command to explain, and its subcommand",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    help::show_all(ctx.console)
}
