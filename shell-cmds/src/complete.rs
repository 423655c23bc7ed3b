//! What Tab offers.
//!
//! It follows from the table of commands. Where a command or an option stands, those that exist are offered; an
//! argument is completed by its name, which may join several with `|`:
//!
//! | name | offers |
//! |---|---|
//! | `PATH`, `FROM`, `TO`, `DIR` | files and directories |
//! | `NAME` | loaded extensions |
//! | `FUNCTION` | exports of the extension that is named before it |
//! | `PATTERN` | the same, or the firmware's exports |
//! | `COMMAND` | commands |
//! | lower case | itself: `plain\|ansi` |
//!
//! A path that begins with `"` gets its second quote. One with a space is offered only with quotes: nothing is
//! inserted before what was typed.

use crate::{
    COMMANDS,
    context::{Context, Metadata},
    dispatch::{names, shift},
    line::{last_word, with_words},
    parse::{Item, Parsed},
    path::Path,
};
use embedded_cli::command::RawCommand;

/// A word that may stand at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'c> {
    /// The whole word.
    pub text: &'c str,
    /// Whether the word is complete, so that a space may follow; a directory is not.
    pub done: bool,
}

/// Calls `each` for every word that may stand before `cursor` (a byte offset in `line`) and begins with
/// what is typed of it there. Returns the offset at which that word begins.
pub fn complete(
    line: &str,
    cursor: usize,
    ctx: &mut Context<'_>,
    each: &mut dyn FnMut(Candidate<'_>),
) -> usize {
    let typed = line.get(..cursor).unwrap_or(line);
    let start = typed.len() - last_word(typed).len();
    let (before, word) = typed.split_at(start);
    let mut offers = Offers { word, each };
    let mut any_words = false;
    // A line that is too long gets no offers.
    let _ = with_words(before, &mut |raw| {
        any_words = true;
        match shift(&raw) {
            Some(inner) if matches!(raw.name(), "help" | "time") => offers.after(&inner, ctx),
            None if matches!(raw.name(), "help" | "time") => offers.commands(),
            _ => offers.after(&raw, ctx),
        }
    });
    if !any_words && before.trim_matches(' ').is_empty() {
        offers.commands();
    }
    start
}

struct Offers<'o> {
    word: &'o str,
    each: &'o mut dyn FnMut(Candidate<'_>),
}

impl Offers<'_> {
    fn offer(&mut self, text: &str) {
        if text.starts_with(self.word) {
            (self.each)(Candidate { text, done: true });
        }
    }

    fn commands(&mut self) {
        names(COMMANDS, &mut |name| self.offer(name));
    }

    /// What may follow the words of `raw`.
    fn after(&mut self, raw: &RawCommand<'_>, ctx: &mut Context<'_>) {
        let Some(parsed) = Parsed::find(raw) else {
            return;
        };
        let command = parsed.command;
        if let Some(Item::Choice(choice, None)) = parsed.items().last()
            && !choice.value.is_empty()
        {
            return self.kind(choice.value, None, ctx);
        }
        if self.word.starts_with('-') {
            let own = command
                .options
                .iter()
                .flat_map(|choice| [choice.short, choice.long]);
            own.chain(["-h", "--help"])
                .filter(|name| !name.is_empty())
                .for_each(|name| self.offer(name));
            return;
        }
        names(command.subcommands(), &mut |name| self.offer(name));
        let place = parsed.values().count();
        let repeated = command.arguments.last().filter(|last| last.repeats());
        if let Some(argument) = command.arguments.get(place).or(repeated) {
            self.kind(argument.name, parsed.values().last(), ctx);
        }
    }

    /// What an argument of this `kind` may be (`<NAME>`, `[plain|ansi]`), after the value `before`.
    fn kind(&mut self, kind: &str, before: Option<&str>, ctx: &mut Context<'_>) {
        for kind in kind.trim_matches(['<', '>', '[', ']', '.']).split('|') {
            match kind {
                "PATH" | "FROM" | "TO" | "DIR" => self.paths(ctx),
                "NAME" => ctx
                    .llext
                    .iter()
                    .for_each(|extension| self.offer(extension.name())),
                "FUNCTION" | "PATTERN" => self.symbols(kind, before, ctx),
                "COMMAND" => self.commands(),
                word if word
                    .starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) =>
                {
                    self.offer(word)
                }
                _ => {}
            }
        }
    }

    fn symbols(&mut self, kind: &str, before: Option<&str>, ctx: &mut Context<'_>) {
        match before.and_then(|name| ctx.llext.by_name(name)) {
            Some(extension) => extension.exports().for_each(|(name, _)| self.offer(name)),
            None if kind == "PATTERN" => ctx
                .llext
                .exports()
                .iter()
                .for_each(|(name, _)| self.offer(name)),
            None => {}
        }
    }

    fn paths(&mut self, ctx: &mut Context<'_>) {
        let quoted = self.word.starts_with('"');
        let typed = self.word.trim_start_matches('"');
        let (directory, leaf) = typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1));
        let any_quotes = quoted || self.word.is_empty();
        let Ok(path) = Path::new(directory) else {
            return;
        };
        let each = &mut *self.each;
        // A directory that cannot be read has nothing to offer.
        let _ = ctx.files.list(path.as_str(), &mut |name, metadata| {
            let quotes = quoted || name.contains(' ');
            if !name.starts_with(leaf) || (quotes && !any_quotes) {
                return;
            }
            let mut text = [0; 258];
            let done = metadata != Metadata::Dir;
            let (open, close) = match (quotes, done) {
                (true, true) => ("\"", "\""),
                (true, false) => ("\"", "/"),
                (false, true) => ("", ""),
                (false, false) => ("", "/"),
            };
            if let Some(text) = join(&mut text, &[open, directory, name, close]) {
                each(Candidate { text, done });
            }
        });
    }
}

/// `parts` one after the other, if `buffer` takes them.
fn join<'b>(buffer: &'b mut [u8], parts: &[&str]) -> Option<&'b str> {
    let mut length = 0;
    for part in parts {
        buffer
            .get_mut(length..length + part.len())?
            .copy_from_slice(part.as_bytes());
        length += part.len();
    }
    core::str::from_utf8(buffer.get(..length)?).ok()
}
