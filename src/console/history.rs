//! The lines before: noline's history, without what is not worth a place in it.

use noline::history::{CircularSlice, History, SliceHistory};

/// noline's history in a buffer, which skips blank lines and repetitions of the last one.
pub struct Past<'a>(SliceHistory<'a>);

impl<'a> Past<'a> {
    /// An empty history that keeps as many lines as `buffer` has room for.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self(SliceHistory::new(buffer))
    }

    /// Whether `entry` is kept.
    fn is_news(&self, entry: &str) -> bool {
        let last = self
            .number_of_entries()
            .checked_sub(1)
            .and_then(|last| self.get_entry(last));
        let repeats =
            last.is_some_and(|last| last.into_iter().map(|(_, byte)| *byte).eq(entry.bytes()));
        !entry.trim_ascii().is_empty() && !repeats
    }
}

impl History for Past<'_> {
    fn get_entry(&self, index: usize) -> Option<CircularSlice<'_>> {
        self.0.get_entry(index)
    }

    fn add_entry<'b>(&mut self, entry: &'b str) -> Result<(), &'b str> {
        if self.is_news(entry) {
            self.0.add_entry(entry)
        } else {
            Err(entry)
        }
    }

    fn number_of_entries(&self) -> usize {
        self.0.number_of_entries()
    }
}
