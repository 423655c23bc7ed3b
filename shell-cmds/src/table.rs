//! What a command is made of: one value a command, from which parser, help and completion work.
//!
//! embedded-cli splits lines, tells options from values and names what can be wrong. It could also derive one parser
//! and one printer of help for every command; measured on thumbv7m, that is 11 KB of flash more than this table.

use crate::{Status, context::Context, parse::Parsed};
use embedded_cli::arguments::Arg;

/// A command or subcommand.
pub struct Command {
    /// What is typed.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Its arguments, in order. Only the last may repeat, and none that must be there follows one that need not.
    pub arguments: &'static [Argument],
    /// Its options, beside `--help`.
    pub options: &'static [Choice],
    /// What happens.
    pub action: Action,
}

/// What a command does.
pub enum Action {
    /// It runs. A command that fails has written its `error:` line itself.
    Run(fn(&mut Context<'_>, &Parsed<'_>) -> Status),
    /// It has subcommands.
    Subcommands(&'static [Command]),
}

/// An argument.
pub struct Argument {
    /// As usage shows it: `<PATH>` must be there, `[PATH]` need not, `...` may be many. See `complete.rs`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
}

/// An option.
pub struct Choice {
    /// With its dashes: `--name`.
    pub long: &'static str,
    /// With its dash: `-n`; empty if there is none.
    pub short: &'static str,
    /// What follows it: `<TEXT>`; empty if it stands alone.
    pub value: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
}

impl Argument {
    /// Whether it must be there.
    pub fn is_needed(&self) -> bool {
        self.name.starts_with('<')
    }

    /// Whether it may be many.
    pub fn repeats(&self) -> bool {
        self.name.trim_end_matches(['>', ']']).ends_with("...")
    }
}

impl Command {
    /// Its subcommands; none if it runs itself.
    pub fn subcommands(&self) -> &'static [Command] {
        match self.action {
            Action::Run(_) => &[],
            Action::Subcommands(subcommands) => subcommands,
        }
    }

    /// The option that `arg` names.
    pub fn choice(&self, arg: &Arg<'_>) -> Option<&'static Choice> {
        self.options.iter().find(|choice| match arg {
            Arg::LongOption(name) => choice.long.strip_prefix("--") == Some(name),
            Arg::ShortOption(name) => {
                choice.short.strip_prefix('-') == Some(name.encode_utf8(&mut [0; 4]))
            }
            Arg::DoubleDash | Arg::Value(_) => false,
        })
    }
}

/// The command called `name` among `commands`.
pub fn find(commands: &'static [Command], name: &str) -> Option<&'static Command> {
    commands.iter().find(|command| command.name == name)
}
