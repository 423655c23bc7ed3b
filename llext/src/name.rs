//! Names of sections and symbols inside errors.

use core::fmt;
use ufmt::{Formatter, uDisplay, uWrite};

const CAPACITY: usize = 47;
const ELLIPSIS: &[u8] = "…".as_bytes();

/// A name from a file, kept by value so that an error borrows nothing.
///
/// Holds up to 47 bytes; a longer name ends in `…`. If it is not UTF-8, bytes that are not ASCII show as `?`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; CAPACITY],
    len: u8,
}

impl Name {
    /// The name with no letters, of what has none.
    pub const EMPTY: Self = Self {
        bytes: [0; CAPACITY],
        len: 0,
    };

    /// Keeps as much of `name` as there is room for.
    pub fn new(name: &[u8]) -> Self {
        let text = core::str::from_utf8(name).ok();
        let mut kept = Self::EMPTY;
        let mut len = name.len();
        if len > CAPACITY {
            // The last whole letter that leaves room for the ellipsis.
            len = CAPACITY.saturating_sub(ELLIPSIS.len());
            while text.is_some_and(|text| !text.is_char_boundary(len)) {
                len = len.saturating_sub(1);
            }
        }
        let (from, ellipsis) = (
            name.get(..len).unwrap_or_default(),
            if len < name.len() { ELLIPSIS } else { &[] },
        );
        for (place, &byte) in kept.bytes.iter_mut().zip(from) {
            *place = if text.is_none() && !byte.is_ascii() {
                b'?'
            } else {
                byte
            };
        }
        for (place, &byte) in kept.bytes.iter_mut().skip(len).zip(ellipsis) {
            *place = byte;
        }
        kept.len = len.saturating_add(ellipsis.len()) as u8;
        kept
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether there are no letters.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl uDisplay for Name {
    fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_whole() {
        assert_eq!(Name::new(b".text").as_str(), ".text");
        assert!(Name::new(b"").is_empty());
        let full = "x".repeat(47);
        assert_eq!(Name::new(full.as_bytes()).as_str(), full);
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        let long = "x".repeat(48);
        assert_eq!(
            Name::new(long.as_bytes()).as_str(),
            format!("{}…", "x".repeat(44))
        );
        let wide = "ü".repeat(24);
        assert_eq!(
            Name::new(wide.as_bytes()).as_str(),
            format!("{}…", "ü".repeat(22))
        );
    }

    #[test]
    fn what_is_no_text_is_a_question_mark() {
        assert_eq!(Name::new(b"a\xffb").as_str(), "a?b");
    }
}
