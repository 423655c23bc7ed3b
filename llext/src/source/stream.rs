//! A file that arrives once, in order: over a serial line, a socket, a decompressor.

use super::{Source, SourceError, SourceFault};
use crate::memory::{Block, Heap, MemoryKind, copy};

/// Bytes of the first block for a file of unknown length.
const FIRST: usize = 4096;

/// A file that was received into memory of a heap. The memory goes back when the source is dropped: after the
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

    /// Receives until `read` says that there is no more, in memory that is doubled whenever it is full. For a moment that is
    /// three times the file; where the length is known, [`receive`](Self::receive) takes just that.
    ///
    /// # Errors
    /// As of [`receive`](Self::receive), but no file is too short.
    pub fn receive_all(
        heap: &'h dyn Heap,
        read: &mut dyn FnMut(&mut [u8]) -> Result<usize, i32>,
    ) -> Result<Self, SourceError> {
        let take = |offset: usize, len: usize| {
            Block::take(heap, MemoryKind::Data, len, 8).ok_or(SourceError {
                offset,
                wanted: len,
                reason: SourceFault::Memory,
            })
        };
        let (mut block, mut len) = (take(0, FIRST)?, 0usize);
        loop {
            let rest = block.bytes_mut().get_mut(len..).unwrap_or_default();
            if rest.is_empty() {
                let mut larger = take(len, len.saturating_mul(2))?;
                let place = larger.bytes_mut().get_mut(..len).unwrap_or_default();
                copy(place, block.bytes());
                block = larger;
                continue;
            }
            match read(rest) {
                Ok(0) => return Ok(Self { block, len }),
                Ok(count) => len = len.saturating_add(count.min(rest.len())),
                Err(code) => {
                    return Err(SourceError {
                        offset: len,
                        wanted: rest.len(),
                        reason: SourceFault::Device(code),
                    });
                }
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        self.block.bytes().get(..self.len).unwrap_or_default()
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
