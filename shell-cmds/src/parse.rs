//! From words to a command and its arguments.

use crate::{
    COMMANDS, Failed,
    args::{NUMBER, number},
    context::Context,
    help,
    llext::LLEXT,
    table::{Choice, Command, find},
    text::fail,
};
use core::iter::Peekable;
use embedded_cli::{
    arguments::{Arg, ArgError, ArgList, ArgsIter},
    command::RawCommand,
    service::{FromRaw, ParseError},
};
use ufmt::{Formatter, uDisplay, uWrite};

/// A command that is in the table, and the words that follow it.
#[derive(Clone)]
pub struct Parsed<'a> {
    /// The command whose subcommand it is.
    pub parent: Option<&'static Command>,
    /// The command.
    pub command: &'static Command,
    args: ArgList<'a>,
}

/// A word that follows a command, or two that belong together.
pub enum Item<'a> {
    /// An argument.
    Value(&'a str),
    /// An option, with its value if it takes one and one is there.
    Choice(&'static Choice, Option<&'a str>),
    /// An option that the command does not have.
    Unknown(Arg<'a>),
    /// No option and no argument.
    Malformed,
}

impl<'a> Parsed<'a> {
    /// Finds the command that `raw` names, and does not look at its arguments.
    pub fn find(raw: &RawCommand<'a>) -> Option<Self> {
        let mut found = Self {
            parent: None,
            command: find(COMMANDS, raw.name())?,
            args: raw.args(),
        };
        if !found.command.subcommands().is_empty() {
            let mut rest = found.args.args();
            if let Some(Ok(Arg::Value(name))) = rest.next() {
                found.parent = Some(found.command);
                found.command = find(found.command.subcommands(), name)?;
                found.args = rest.into_args();
            }
        }
        Some(found)
    }

    /// The command, for an error line.
    pub fn what(&self) -> What {
        What {
            parent: self.parent,
            command: self.command,
        }
    }

    /// What follows the command.
    pub fn items(&self) -> Items<'a> {
        Items {
            command: self.command,
            args: self.args.args().peekable(),
        }
    }

    /// The arguments.
    pub fn values(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.items().filter_map(|item| match item {
            Item::Value(value) => Some(value),
            _ => None,
        })
    }

    /// The argument at `place`, counted from 0.
    pub fn value(&self, place: usize) -> Option<&'a str> {
        self.values().nth(place)
    }

    /// The argument at `place`, which the table says is needed: so it is there.
    pub fn needed(&self, place: usize) -> &'a str {
        self.value(place).unwrap_or_default()
    }

    /// Whether the option `long` is there, and its value.
    pub fn choice(&self, long: &str) -> Option<Option<&'a str>> {
        self.items().find_map(|item| match item {
            Item::Choice(choice, value) if choice.long == long => Some(value),
            _ => None,
        })
    }

    /// `value` as a number; says so if it is none.
    pub fn number(
        &self,
        ctx: &mut Context<'_>,
        value: Option<&str>,
    ) -> Result<Option<u32>, Failed> {
        let Some(value) = value else { return Ok(None) };
        let value = value.trim_start_matches(' ');
        number(value).map(Some).ok_or_else(|| {
            let failed = fail!(ctx, self.what(), "{}: expected {}", value, NUMBER);
            help::hint_usage(ctx.console, self.parent, self.command);
            failed
        })
    }

    /// Whether arguments and options are those of the table.
    fn check(&self) -> Result<(), ParseError<'a>> {
        let arguments = self.command.arguments;
        let most = if arguments.last().is_some_and(|last| last.repeats()) {
            usize::MAX
        } else {
            arguments.len()
        };
        let mut values = 0;
        for item in self.items() {
            match item {
                Item::Value(_) if values < most => values += 1,
                Item::Value(value) => return Err(ParseError::UnexpectedArgument { value }),
                Item::Choice(choice, None) if !choice.value.is_empty() => {
                    return Err(ParseError::MissingRequiredArgument { name: choice.long });
                }
                Item::Choice(..) => {}
                Item::Unknown(Arg::LongOption(name)) => {
                    return Err(ParseError::UnexpectedLongOption { name });
                }
                Item::Unknown(Arg::ShortOption(name)) => {
                    return Err(ParseError::UnexpectedShortOption { name });
                }
                Item::Unknown(_) | Item::Malformed => return Err(ParseError::NonAsciiShortOption),
            }
        }
        if !self.command.subcommands().is_empty() {
            return Err(ParseError::MissingRequiredArgument { name: "<COMMAND>" });
        }
        match arguments
            .get(values)
            .filter(|argument| argument.is_needed())
        {
            Some(argument) => Err(ParseError::MissingRequiredArgument {
                name: argument.name,
            }),
            None => Ok(()),
        }
    }
}

/// The command, as an error line names it: `load` for `llext load`, `mem read` for `mem read`.
pub struct What {
    parent: Option<&'static Command>,
    command: &'static Command,
}

impl uDisplay for What {
    fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        if let Some(parent) = self.parent
            && parent.name != LLEXT.name
        {
            out.write_str(parent.name)?;
            out.write_str(" ")?;
        }
        out.write_str(self.command.name)
    }
}

impl<'a> FromRaw<'a> for Parsed<'a> {
    fn parse(raw: RawCommand<'a>) -> Result<Self, ParseError<'a>> {
        let parsed = Self::find(&raw).ok_or(ParseError::UnknownCommand)?;
        parsed.check()?;
        Ok(parsed)
    }
}

/// Iterates over what follows a command.
pub struct Items<'a> {
    command: &'static Command,
    args: Peekable<ArgsIter<'a>>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        Some(loop {
            match self.args.next()? {
                Ok(Arg::DoubleDash) => {}
                Ok(Arg::Value(value)) => break Item::Value(value),
                Ok(arg) => match self.command.choice(&arg) {
                    Some(choice) => break Item::Choice(choice, self.value_of(choice)),
                    None => break Item::Unknown(arg),
                },
                Err(ArgError::NonAsciiShortOption) => break Item::Malformed,
            }
        })
    }
}

impl<'a> Items<'a> {
    fn value_of(&mut self, choice: &Choice) -> Option<&'a str> {
        let wants = |arg: &Result<Arg<'_>, ArgError>| {
            !choice.value.is_empty() && matches!(arg, Ok(Arg::Value(_)))
        };
        match self.args.next_if(wants) {
            Some(Ok(Arg::Value(value))) => Some(value),
            _ => None,
        }
    }
}
