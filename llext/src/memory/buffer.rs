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

    /// The same by [`Heap::allocate_last`].
    pub fn take_last(heap: &'h dyn Heap, len: usize) -> Option<Self> {
        let block = Block::take_last(heap, MemoryKind::Data, len, 8)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ARENA, Arena, BASE};

    #[test]
    fn the_last_one_leaves_nearly_all_in_one_piece() {
        for len in [1, 16, 300, 5000] {
            let arena = Arena::new();
            let first = Buffer::take(&arena.heap, 20_000).unwrap();
            let empty = arena.blocks();
            let last = Buffer::take_last(&arena.heap, len).unwrap();
            let behind = BASE + ARENA - last.address() - len;
            assert!(last.len() == len && behind < 400 + len / 2, "{behind}");
            drop(last);
            assert_eq!(arena.blocks(), empty);
            assert!(arena.heap.stats().peak < 20_000 + len + 200);
            drop(first);
            assert!(Buffer::take_last(&arena.heap, ARENA).is_none());
        }
    }
}
