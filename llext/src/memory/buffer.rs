//! Memory that is lent to an extension for a call.

use super::{Block, Heap, MemoryKind};

/// A block of a heap that extension code may read and write: what a call is given as a pointer. It goes back when it is dropped.
pub struct Buffer<'h> {
    block: Block<'h>,
    len: usize,
}

impl<'h> Buffer<'h> {
    /// Takes `len` bytes, aligned for every C type; `None` if there is no such block.
    pub fn take(heap: &'h dyn Heap, len: usize) -> Option<Self> {
        let block = Block::take(heap, MemoryKind::Data, len, 8)?;
        Some(Self { block, len })
    }

    /// The address that extension code sees it at.
    pub fn address(&self) -> usize {
        self.block.address()
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
