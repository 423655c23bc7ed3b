//! The line under the cursor.

use heapless::String;

use super::keys::Key;

/// The longest line, in bytes.
pub const LINE_BYTES: usize = 255;

/// How a line came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// With Enter.
    Line,
    /// With Enter, but it had more than [`LINE_BYTES`] bytes.
    TooLong,
    /// With Ctrl-C: it is dropped.
    Interrupted,
    /// With Ctrl-D on an empty line, or with the end of all input: so does the session.
    End,
}

/// A line while it is typed: its text, the cursor in it, and what a screen that showed it has to change.
///
/// Columns count characters, each one column wide (as noline counts them).
pub struct Line {
    text: String<LINE_BYTES>,
    /// Characters before the cursor; at most those of `text`.
    cursor: usize,
    /// The first column that changed since [`Line::take_changed`].
    changed: usize,
    /// Characters that came after the line was full.
    excess: usize,
}

impl Line {
    /// An empty line.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            cursor: 0,
            changed: 0,
            excess: 0,
        }
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the cursor.
    pub fn halves(&self) -> (&str, &str) {
        split(&self.text, self.cursor)
    }

    /// Length in columns.
    pub fn columns(&self) -> usize {
        self.text.chars().count()
    }

    /// Column of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether more was typed than fits.
    pub fn too_long(&self) -> bool {
        self.excess > 0
    }

    /// The first column that changed since the last call, if one did.
    pub fn take_changed(&mut self) -> Option<usize> {
        let changed = core::mem::replace(&mut self.changed, usize::MAX);
        (changed != usize::MAX).then_some(changed)
    }

    /// Marks all of the line as changed, for a screen that lost it.
    pub fn touch(&mut self) {
        self.changed = 0;
    }

    /// Lets `key` through, unless the line is full: then characters are counted, Backspace takes them
    /// back, and only keys that end or empty the line get through.
    pub fn admit(&mut self, key: Key) -> Option<Key> {
        match key {
            Key::Char(c) if self.excess > 0 || self.text.len() + c.len_utf8() > LINE_BYTES => {
                self.excess = self.excess.saturating_add(1);
                None
            }
            Key::Backspace if self.excess > 0 => {
                self.excess -= 1;
                None
            }
            Key::KillLine => {
                self.excess = 0;
                Some(key)
            }
            Key::Enter | Key::Interrupt => Some(key),
            _ => (self.excess == 0).then_some(key),
        }
    }

    /// Moves the cursor to `column`, or to the end if the line is shorter.
    pub fn move_to(&mut self, column: usize) {
        self.cursor = column.min(self.columns());
    }

    /// Removes what follows the cursor.
    pub fn erase_tail(&mut self) {
        self.replace_tail("");
        self.cursor = self.columns();
    }

    /// Puts `tail` in the place of all that follows the cursor, and the cursor behind it.
    pub fn replace_tail(&mut self, tail: &str) {
        let (head, old) = self.halves();
        let keep = head.len();
        if old != tail {
            let same = common(old, tail).chars().count();
            self.changed = self.changed.min(self.cursor + same);
            self.text.truncate(keep);
            // Never longer than the line: it mirrors a buffer of the same size.
            let _ = self.text.push_str(tail);
        }
        self.cursor = self.columns();
    }

    /// Removes the last character; whether there was one.
    pub fn pop(&mut self) -> bool {
        let popped = self.text.pop().is_some();
        self.cursor = self.columns();
        popped
    }

    /// Characters from the cursor back to the start of the word before it.
    pub fn to_word_start(&self) -> usize {
        to_word_end(self.halves().0.chars().rev())
    }

    /// Characters from the cursor on to the end of the word after it.
    pub fn to_word_end(&self) -> usize {
        to_word_end(self.halves().1.chars())
    }
}

/// The first `columns` characters of `text`, and the rest.
pub fn split(text: &str, columns: usize) -> (&str, &str) {
    let at = text
        .char_indices()
        .nth(columns)
        .map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// What `a` begins with that `b` begins with too.
pub fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let mut same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    while !a.is_char_boundary(same) {
        same -= 1;
    }
    a.get(..same).unwrap_or_default()
}

/// How many characters lead across punctuation and blanks and then to the end of a word.
fn to_word_end(chars: impl Iterator<Item = char>) -> usize {
    let mut in_word = false;
    chars
        .take_while(|&c| {
            let ended = in_word && !in_words(c);
            in_word |= in_words(c);
            !ended
        })
        .count()
}

/// Whether words are made of `c`: a letter or a digit, or anything beyond ASCII. (What is a letter there
/// takes tables of 3 KiB to know.)
fn in_words(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, cursor: usize) -> Line {
        let mut line = Line::new();
        line.replace_tail(text);
        line.move_to(cursor);
        line.take_changed();
        line
    }

    #[test]
    fn a_change_is_told_from_its_first_column_on() {
        let mut line = line("llext läd", 6);
        line.replace_tail("loäd");
        assert_eq!(line.take_changed(), Some(7));
        assert_eq!((line.text(), line.cursor()), ("llext loäd", 10));
        line.move_to(7);
        line.replace_tail("oäd");
        assert_eq!(line.take_changed(), None);
        line.move_to(8);
        line.erase_tail();
        assert_eq!(line.take_changed(), Some(8));
        assert_eq!((line.text(), line.cursor()), ("llext lo", 8));
    }

    #[test]
    fn words_end_where_letters_and_digits_do() {
        assert_eq!(line("llext load /ext/hello.elf", 25).to_word_start(), 3);
        assert_eq!(line("llext load /ext/hello.elf", 21).to_word_start(), 5);
        assert_eq!(line("ls  /", 5).to_word_start(), 5);
        assert_eq!(line("llext load /ext", 5).to_word_end(), 5);
        assert_eq!(line("a b", 3).to_word_end(), 0);
    }

    #[test]
    fn a_full_line_counts_what_it_cannot_take() {
        let mut line = line(&"x".repeat(LINE_BYTES - 1), 0);
        assert_eq!(line.admit(Key::Char('é')), None);
        assert!(line.too_long());
        assert_eq!(line.admit(Key::Left), None);
        assert_eq!(line.admit(Key::Backspace), None);
        assert!(!line.too_long());
        assert_eq!(line.admit(Key::Backspace), Some(Key::Backspace));
        assert_eq!(line.admit(Key::Char('y')), Some(Key::Char('y')));
    }
}
