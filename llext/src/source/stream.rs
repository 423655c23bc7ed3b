//! A file that arrives once, in order: over a serial line, a socket, a decompressor.

use super::{Source, SourceError, SourceFault};
use crate::memory::{Block, Heap, MemoryKind, copy};

/// A file of known length that was received into memory of a heap. The memory goes back when the source is dropped: after the
/// load.
pub struct StreamSource<'h> {
    block: Block<'h>,
    len: usize,
}

impl<'h> StreamSource<'h> {
    /// Receives `len` bytes. `read` is that of `embedded-io`: it waits for some bytes, writes them to the beginning of
    /// what it is given and says how many; 0 is the end. Its errors are codes of its own.
    ///
    /// # Errors
    /// [`SourceFault::Memory`] if there is no block of `len` bytes, [`SourceFault::Short`] if the stream ends before,
    /// [`SourceFault::Device`] with the code of `read`.
    pub fn receive(
        heap: &'h dyn Heap,
        len: usize,
        read: &mut dyn FnMut(&mut [u8]) -> Result<usize, i32>,
    ) -> Result<Self, SourceError> {
        let fail = |offset: usize, reason| SourceError {
            offset,
            wanted: len.saturating_sub(offset),
            reason,
        };
        // Aligned for whoever wants to look at tables in it.
        let block = Block::take(heap, MemoryKind::Data, len, 8);
        let mut block = block.ok_or(fail(0, SourceFault::Memory))?;
        let mut received = 0usize;
        while let Some(rest) = block.bytes_mut().get_mut(received..)
            && !rest.is_empty()
        {
            match read(rest) {
                Ok(0) => return Err(fail(received, SourceFault::Short)),
                Ok(count) => received = received.saturating_add(count.min(rest.len())),
                Err(code) => return Err(fail(received, SourceFault::Device(code))),
            }
        }
        Ok(Self { block, len })
    }

    fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }
}

impl Source for StreamSource<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let range = offset..offset.saturating_add(into.len());
        let bytes = self.bytes().get(range);
        copy(into, bytes.ok_or(SourceError::short(offset, into.len()))?);
        Ok(())
    }

    fn peek(&self) -> Option<&[u8]> {
        Some(self.bytes())
    }
}
