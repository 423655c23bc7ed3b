//! How a table of commands is written: one line a command.

use crate::{Status, context::Context};

/// What a parsed command does. A command that fails has written its `error:` line itself.
pub trait Run {
    /// Runs the command.
    fn run(self, ctx: &mut Context<'_>) -> Status;
}

/// Declares a table of commands.
///
/// Each line holds a type that derives `embedded_cli::Command` (name, arguments and help come from it
/// and its doc comments) and implements [`Run`]. The table is one such type itself.
macro_rules! commands {
    ($(#[$meta:meta])* pub enum $Table:ident $(<$lifetime:lifetime>)? { $($Variant:ident($Command:ty),)+ }) => {
        $(#[$meta])*
        #[derive(embedded_cli::CommandGroup)]
        #[allow(missing_docs, reason = "the commands' own types carry the text")]
        pub enum $Table $(<$lifetime>)? { $($Variant($Command)),+ }

        impl $(<$lifetime>)? $crate::table::Run for $Table $(<$lifetime>)? {
            fn run(self, ctx: &mut $crate::context::Context<'_>) -> $crate::Status {
                match self { $(Self::$Variant(command) => command.run(ctx)),+ }
            }
        }
    };
}

pub(crate) use commands;
