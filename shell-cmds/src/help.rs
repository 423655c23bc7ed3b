//! What embedded-cli derives from the commands' doc comments, taken apart again.
//!
//! Its help text is the one place that knows every command, argument and option. Help prints it; completion,
//! usage hints and "did you mean" read it, so that none of them needs a list of its own.

use crate::{
    Command,
    context::Console,
    text::{Left, print},
};
use core::convert::Infallible;
use embedded_cli::{arguments::Arg, command::RawCommand, service::Help, writer::Writer};
use embedded_io::{ErrorType, Write};

/// The longest line of help, in bytes; a test holds the texts to it.
const LONGEST: usize = 160;

/// One line of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'h> {
    /// What to type: `llext load [OPTIONS] <PATH>`.
    Usage(&'h str),
    /// A command or subcommand, and what it does.
    Command(&'h str, &'h str),
    /// An argument: `<PATH>`, `[NAME]`, `[ARG...]`.
    Argument(&'h str),
    /// An option: `-n, --name [NAME]`, `--all`.
    Option(&'h str),
    /// Anything else.
    Text,
}

/// Calls `each` with the lines of `raw`'s help, and with what each says. False if there is no such command.
pub fn of_command(raw: RawCommand<'_>, each: &mut dyn FnMut(&str, Line<'_>)) -> bool {
    let mut lines = Lines::new(each);
    let mut writer = Writer::new(&mut lines);
    Command::command_help(&mut |_: &mut Writer<'_, _, _>| Ok(()), raw, &mut writer).is_ok()
}

/// Calls `each` with the lines that list the shell's commands.
pub fn of_all(each: &mut dyn FnMut(&str, Line<'_>)) {
    let mut lines = Lines::new(each);
    let Ok(()) = Command::list_commands(&mut Writer::new(&mut lines));
}

/// The names of `parent`'s subcommands, or of all commands.
pub fn commands(parent: Option<RawCommand<'_>>, each: &mut dyn FnMut(&str)) {
    let mut names = |_: &str, line: Line<'_>| {
        if let Line::Command(name, _) = line {
            each(name);
        }
    };
    match parent {
        Some(parent) => {
            of_command(parent, &mut names);
        }
        None => of_all(&mut names),
    }
}

/// The options of `raw`, by each of their names, and the values that they take: `--name` and `[NAME]`.
pub fn options(raw: RawCommand<'_>, each: &mut dyn FnMut(&str, Option<&str>)) {
    of_command(raw, &mut |_, line| {
        if let Line::Option(option) = line {
            let (names, value) = option.split_at(option.find(['[', '<']).unwrap_or(option.len()));
            let value = Some(value).filter(|value| !value.is_empty());
            names
                .split([',', ' '])
                .filter(|name| !name.is_empty())
                .for_each(|name| each(name, value));
        }
    });
}

/// Whether `arg` is the option of `raw` that takes a value; `found` is told what: `[NAME]`.
pub fn takes_value(raw: &RawCommand<'_>, arg: &Arg<'_>, found: &mut dyn FnMut(&str)) -> bool {
    let mut letter = [0; 4];
    let (dashes, wanted) = match arg {
        Arg::LongOption(name) => ("--", *name),
        Arg::ShortOption(name) => ("-", &*name.encode_utf8(&mut letter)),
        Arg::DoubleDash | Arg::Value(_) => return false,
    };
    let mut takes = false;
    options(raw.clone(), &mut |name, value| {
        if let Some(value) = value.filter(|_| name.strip_prefix(dashes) == Some(wanted)) {
            takes = true;
            found(value);
        }
    });
    takes
}

/// The names in a usage: `llext load` of `llext load [OPTIONS] <PATH>`.
pub fn usage_names(usage: &str) -> &str {
    let end = usage.find(['[', '<']).unwrap_or(usage.len());
    usage.get(..end).unwrap_or(usage).trim_end_matches(' ')
}

/// Prints help. embedded-cli lists each table line under a title of its own: here they become one list.
#[derive(Default)]
pub struct Printer {
    listing: bool,
}

impl Printer {
    /// Prints one line as it came from [`of_command`] or [`of_all`].
    pub fn line(&mut self, console: &mut dyn Console, text: &str, line: Line<'_>) {
        const TITLE: &str = "Commands:";
        match line {
            Line::Command(name, about) => print!(console, "  {}  {}\n", Left(name, 8), about),
            _ if self.listing && (text.is_empty() || text == TITLE) => {}
            _ => {
                self.listing |= text == TITLE;
                print!(console, "{}\n", text);
            }
        }
    }
}

/// Cuts what embedded-cli writes into lines, and knows what section they stand in.
struct Lines<'a> {
    line: [u8; LONGEST],
    length: usize,
    section: Section,
    each: &'a mut dyn FnMut(&str, Line<'_>),
}

#[derive(Clone, Copy)]
enum Section {
    Text,
    Commands,
    Arguments,
    Options,
}

impl<'a> Lines<'a> {
    fn new(each: &'a mut dyn FnMut(&str, Line<'_>)) -> Self {
        Self {
            line: [0; LONGEST],
            length: 0,
            section: Section::Text,
            each,
        }
    }

    fn end_line(&mut self) {
        let bytes = self.line.get(..self.length).unwrap_or_default();
        let text = core::str::from_utf8(bytes).unwrap_or_default();
        let parsed = match text.strip_prefix("  ") {
            Some(element) => {
                let (head, about) = element.split_at(gap(element));
                match self.section {
                    Section::Text => Line::Text,
                    Section::Commands => Line::Command(head, about.trim_start_matches(' ')),
                    Section::Arguments => Line::Argument(head),
                    Section::Options => Line::Option(head),
                }
            }
            None => {
                self.section = match text {
                    "Commands:" => Section::Commands,
                    "Arguments:" => Section::Arguments,
                    "Options:" => Section::Options,
                    _ => Section::Text,
                };
                text.strip_prefix("Usage: ").map_or(Line::Text, Line::Usage)
            }
        };
        (self.each)(text, parsed);
        self.length = 0;
    }
}

/// Where the first two spaces in a row begin, or the end.
fn gap(text: &str) -> usize {
    let spaces = text.as_bytes().windows(2).position(|pair| pair == b"  ");
    spaces.unwrap_or(text.len())
}

impl ErrorType for Lines<'_> {
    type Error = Infallible;
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                _ => {
                    if let Some(place) = self.line.get_mut(self.length) {
                        *place = *byte;
                        self.length += 1;
                    }
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
