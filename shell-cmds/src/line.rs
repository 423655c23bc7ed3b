//! From a typed line to words.
//!
//! embedded-cli splits lines into words, but only inside its `Cli`, and it loses two things on the way: `-7` is
//! a bad short option to it, and `"123"` and `123` are the same word. [`prepare`] rewrites a line so that both
//! arrive; [`with_words`] sends it through a `Cli` of its own that writes nothing.

use core::convert::Infallible;
use embedded_cli::{cli::CliBuilder, command::RawCommand, writer::EmptyWriter};

/// The longest line, as rewritten by [`prepare`], in bytes.
const LONGEST: usize = 512;

/// The command whose arguments keep their quotes, and how many words stand before these.
const KEEPS_QUOTES: ([&str; 2], usize) = (["llext", "call"], 4);

/// The line is longer than can be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The first word of `line`, and what follows it. Blanks separate words; a word that opens with `"` (or,
/// if `single`, with `'`) ends with the next such quote that no `\` protects. Quotes stay on the word.
fn first_word(line: &str, single: bool) -> (&str, &str) {
    let line = line.trim_start_matches(is_blank);
    let bytes = line.as_bytes();
    let quote = bytes
        .first()
        .filter(|first| **first == b'"' || (single && **first == b'\''));
    let mut end = usize::from(quote.is_some());
    while let Some(byte) = bytes.get(end) {
        match quote {
            None if is_blank(char::from(*byte)) => break,
            Some(_) if *byte == b'\\' => end += 1,
            Some(quote) if byte == quote => {
                end += 1;
                break;
            }
            _ => {}
        }
        end += 1;
    }
    line.split_at_checked(end).unwrap_or((line, ""))
}

/// The last word of `line`, or the beginning of one; empty after a blank.
pub fn last_word(line: &str) -> &str {
    let mut rest = line;
    loop {
        let (word, after) = first_word(rest, false);
        if after.is_empty() {
            return word;
        }
        rest = after;
    }
}

/// Whether `c` separates words. Control characters would be commands to embedded-cli's editor.
fn is_blank(c: char) -> bool {
    c == ' ' || c.is_ascii_control()
}

/// Rewrites `line` for embedded-cli's tokenizer and hands it out byte by byte.
///
/// - A negative number becomes `" -7"`, which is a value and no option.
/// - Among the arguments of `llext call`, a quoted word keeps its quotes: `"\"abc\""`.
fn prepare(line: &str, out: &mut dyn FnMut(u8)) {
    let (keeper, keep_from) = KEEPS_QUOTES;
    let mut rest = line;
    let mut first = true;
    let mut place = 0;
    let mut keeps = true;
    loop {
        let keeping = keeps && place >= keep_from;
        let (word, after) = first_word(rest, keeping);
        if word.is_empty() {
            return;
        }
        let negative = word
            .strip_prefix('-')
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()));
        if negative || (keeping && word.starts_with(['"', '\''])) {
            quote(word, out);
        } else {
            word.bytes().for_each(&mut *out);
        }
        out(b' ');
        // What `time` measures is a command line of its own.
        if !(first && word == "time") {
            keeps &= keeper.get(place).is_none_or(|name| *name == word);
            place += 1;
        }
        first = false;
        rest = after;
    }
}

/// Writes `word` so that the tokenizer gives it back with a space before it.
fn quote(word: &str, out: &mut dyn FnMut(u8)) {
    out(b'"');
    out(b' ');
    for byte in word.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out(b'\\');
        }
        out(byte);
    }
    out(b'"');
}

/// Splits `line` into words and calls `body` with them; not at all if there are none.
pub fn with_words(line: &str, body: &mut dyn FnMut(RawCommand<'_>)) -> Result<(), TooLong> {
    let mut length = 0;
    prepare(line, &mut |_| length += 1);
    if length > LONGEST {
        return Err(TooLong);
    }
    let builder = CliBuilder::default()
        .writer(EmptyWriter)
        .prompt("")
        .command_buffer([0u8; LONGEST]);
    let Ok(mut cli) = builder.history_buffer([0u8; 0]).build();
    let mut processor = RawCommand::processor(|_, raw| -> Result<(), Infallible> {
        body(raw);
        Ok(())
    });
    let mut feed = |byte| {
        let Ok(()) = cli.process_byte::<RawCommand<'_>, _>(byte, &mut processor);
    };
    prepare(line, &mut feed);
    feed(b'\r');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_cli::arguments::Arg;

    fn prepared(line: &str) -> String {
        let mut bytes = vec![];
        prepare(line, &mut |byte| bytes.push(byte));
        String::from_utf8(bytes).unwrap()
    }

    /// The words that embedded-cli makes of `line`, options with their dashes.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![];
        with_words(line, &mut |raw| {
            words.push(raw.name().to_string());
            words.extend(raw.args().args().map(|arg| match arg.unwrap() {
                Arg::Value(value) => value.to_string(),
                Arg::LongOption(name) => format!("--{name}"),
                Arg::ShortOption(name) => format!("-{name}"),
                Arg::DoubleDash => "(--)".to_string(),
            }));
        })
        .unwrap();
        words
    }

    #[test]
    fn lines_are_rewritten() {
        assert_eq!(prepared("  ls   /ext "), "ls /ext ");
        assert_eq!(prepared("mem write 0 -1"), "mem write 0 \" -1\" ");
        assert_eq!(
            prepared("llext call a f \"1\""),
            "llext call a f \" \\\"1\\\"\" "
        );
        assert_eq!(
            prepared("time llext call a f 'x'"),
            "time llext call a f \" 'x'\" "
        );
        assert_eq!(prepared("cat \"/a b\""), "cat \"/a b\" ");
    }

    #[test]
    fn words_arrive() {
        for (line, expected) in [
            ("", &[][..]),
            ("   ", &[]),
            ("ls", &["ls"]),
            ("ls\t/ext\x1b", &["ls", "/ext"]),
            ("rm a b", &["rm", "a", "b"]),
            ("ls --help -h", &["ls", "--help", "-h"]),
            ("rm -- --odd", &["rm", "(--)", "--odd"]),
            ("cat \"/a b\"", &["cat", "/a b"]),
            ("rm \"a\\\"b\" -", &["rm", "a\"b", "-"]),
            (
                "mem write 0 -1 --width 1",
                &["mem", "write", "0", " -1", "--width", "1"],
            ),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn arguments_of_a_call_keep_their_quotes() {
        for (line, expected) in [
            ("llext call a f 123 \"123\"", &["123", " \"123\""][..]),
            ("llext call a f -7 '-' '\\''", &[" -7", " '-'", " '\\''"]),
            ("llext call a f ' ' \" a  b \"", &[" ' '", " \" a  b \""]),
            (
                "llext call a f \"say \\\"hi\\\"\\n\"",
                &[" \"say \\\"hi\\\"\\n\""],
            ),
            ("llext call a f \"open", &[" \"open"]),
            ("time llext call a f \"1\"", &["a", "f", " \"1\""]),
        ] {
            let words = words(line);
            assert_eq!(words[words.len() - expected.len()..], *expected, "{line}");
        }
        assert_eq!(words("llext info \"a\""), ["llext", "info", "a"]);
    }

    #[test]
    fn a_line_that_does_not_fit_is_refused() {
        let fits = "x".repeat(LONGEST - 1);
        assert_eq!(words(&fits), [fits.as_str()]);
        assert_eq!(with_words(&"x".repeat(LONGEST), &mut |_| {}), Err(TooLong));
    }
}
