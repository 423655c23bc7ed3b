//! Results as text: lines `key=value`, an empty line between records.

/// Lines of fields: the payloads of all [`Kind::Fields`](crate::Kind::Fields) of a request, one after the other, or that of a
/// [`Kind::Hello`](crate::Kind::Hello).
///
/// ```
/// use llext_wire::{Field, Fields};
///
/// let mut fields = Fields("name=hello\nsays=a\\nb\n\nname=guest\n");
/// assert!(matches!(fields.next(), Some(Field::Value { key: "name", .. })));
/// let Some(Field::Value { key: "says", value }) = fields.next() else { panic!() };
/// assert_eq!(Fields::unescape(value).collect::<String>(), "a\nb");
/// assert_eq!(fields.next(), Some(Field::Next));
/// ```
#[derive(Clone, Debug)]
pub struct Fields<'a>(pub &'a str);

/// A line of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A value, escaped as it came: [`Fields::unescape`].
    Value {
        /// Its name.
        key: &'a str,
        /// What it is.
        value: &'a str,
    },
    /// The next record begins.
    Next,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (line, rest) = self.0.split_once('\n').unwrap_or((self.0, ""));
        if self.0.is_empty() {
            return None;
        }
        self.0 = rest;
        Some(match line.split_once('=') {
            Some((key, value)) => Field::Value { key, value },
            None => Field::Next,
        })
    }
}

impl Fields<'_> {
    /// The characters that `value` stands for: `\n` is a newline, `\\` a backslash.
    pub fn unescape(value: &str) -> impl Iterator<Item = char> {
        let mut chars = value.chars();
        core::iter::from_fn(move || match chars.next()? {
            '\\' => chars.next().map(|c| if c == 'n' { '\n' } else { c }),
            c => Some(c),
        })
    }
}

/// Gives `value` to `sink` as a field's value is written. A value may come in pieces.
pub fn escape(value: &[u8], sink: &mut dyn FnMut(&[u8])) {
    for piece in value.split_inclusive(|byte| matches!(byte, b'\\' | b'\n')) {
        match piece.split_last() {
            Some((b'\n', text)) => [text, b"\\n"].into_iter().for_each(&mut *sink),
            Some((b'\\', text)) => [text, b"\\\\"].into_iter().for_each(&mut *sink),
            _ => sink(piece),
        }
    }
}
