use crate::memory::copy;

use super::{Source, SourceError};

/// A file that lies in memory for as long as it is loaded. All of it is copied.
#[derive(Clone, Copy, Debug)]
pub struct SliceSource<'a> {
    bytes: &'a [u8],
}

impl<'a> SliceSource<'a> {
    /// A source over `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

impl Source for SliceSource<'_> {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let range = offset..offset.saturating_add(into.len());
        let bytes = self.bytes.get(range);
        copy(into, bytes.ok_or(SourceError::short(offset, into.len()))?);
        Ok(())
    }

    fn peek(&self) -> Option<&[u8]> {
        Some(self.bytes)
    }
}
