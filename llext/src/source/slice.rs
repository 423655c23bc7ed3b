use crate::memory::copy;

use super::{Source, SourceError, SourceFault};

/// A file that lies in memory.
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
        match self.bytes.get(range) {
            Some(bytes) => {
                copy(into, bytes);
                Ok(())
            }
            None => Err(SourceError {
                offset,
                wanted: into.len(),
                reason: SourceFault::Short,
            }),
        }
    }

    fn peek(&self) -> Option<&[u8]> {
        Some(self.bytes)
    }
}
