//! Files that do not lie in memory, or fail.

use llext::{Source, SourceError, SourceFault};

/// A file that can only be read piece by piece, and whose `fail_at`th read fails.
pub struct Stream<'b> {
    bytes: &'b [u8],
    fail_at: usize,
}

impl<'b> Stream<'b> {
    /// One that never fails.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self::failing(bytes, usize::MAX)
    }

    /// One that fails after `reads` reads, for good.
    pub fn failing(bytes: &'b [u8], reads: usize) -> Self {
        Self {
            bytes,
            fail_at: reads,
        }
    }
}

impl Source for Stream<'_> {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let error = |reason| SourceError {
            offset,
            wanted: into.len(),
            reason,
        };
        self.fail_at = self
            .fail_at
            .checked_sub(1)
            .ok_or(error(SourceFault::Device(-5)))?;
        let from = self
            .bytes
            .get(offset..)
            .and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(from.ok_or(error(SourceFault::Short))?);
        Ok(())
    }
}
