//! Memory that a load holds and gives back if it is not finished (invariant 2, *refuse first*).

use super::{Heap, MemoryKind};
use core::cell::Cell;
use core::ptr::NonNull;
use core::slice;

/// A block of a heap, given back when dropped.
pub(crate) struct Block<'h> {
    heap: &'h dyn Heap,
    kind: MemoryKind,
    at: NonNull<u8>,
    size: usize,
    align: usize,
}

impl<'h> Block<'h> {
    /// Takes `size` bytes (at least one) aligned to `align`, a power of two; `None` if there is no such block.
    pub(crate) fn take(
        heap: &'h dyn Heap,
        kind: MemoryKind,
        size: usize,
        align: usize,
    ) -> Option<Self> {
        let at = heap.allocate(kind, size.max(1), align)?;
        Some(Self {
            heap,
            kind,
            at,
            size,
            align,
        })
    }

    /// The same by [`Heap::allocate_last`].
    pub(crate) fn take_last(
        heap: &'h dyn Heap,
        kind: MemoryKind,
        size: usize,
        align: usize,
    ) -> Option<Self> {
        let at = heap.allocate_last(kind, size.max(1), align)?;
        Some(Self {
            heap,
            kind,
            at,
            size,
            align,
        })
    }

    /// The address that the target sees it at.
    pub(crate) fn address(&self) -> usize {
        self.heap.address(self.at)
    }

    /// The bytes; not zeroed.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: as below, and `self` is borrowed.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.size) }
    }

    /// The bytes; not zeroed.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the block is ours alone until it is freed, and a heap hands out initialised bytes (`Heap::allocate`).
        unsafe { slice::from_raw_parts_mut(self.at.as_ptr(), self.size) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // SAFETY: `take` got the block from this heap with this kind, size (at least one) and alignment; it is not used again.
        unsafe {
            self.heap
                .free(self.kind, self.at, self.size.max(1), self.align)
        }
    }
}

/// The scratch of a load, given back when dropped: two words a section and one a symbol, of any value at first.
pub(crate) struct Scratch<'h> {
    block: Option<Block<'h>>,
    at: NonNull<u8>,
    slots: usize,
    entries: usize,
}

impl<'h> Scratch<'h> {
    /// None yet. (A constant would be copied.)
    #[inline(always)]
    pub(crate) fn none() -> Self {
        Self {
            block: None,
            at: NonNull::<u32>::dangling().cast(),
            slots: 0,
            entries: 0,
        }
    }

    /// Bytes of scratch for so many sections and symbols.
    pub(crate) fn size(slots: usize, entries: usize) -> usize {
        let slots = slots.saturating_mul(size_of::<[u32; 2]>());
        slots.saturating_add(entries.saturating_mul(size_of::<u32>()))
    }

    /// Takes room for so many sections and symbols; `None` if there is none.
    pub(crate) fn take(&mut self, heap: &'h dyn Heap, slots: usize, entries: usize) -> Option<()> {
        let size = Self::size(slots, entries);
        let block = Block::take(heap, MemoryKind::Metadata, size, align_of::<u32>())?;
        (self.at, self.slots, self.entries) = (block.at, slots, entries);
        self.block = Some(block);
        Some(())
    }

    /// Writes the same to every byte of the symbols' words.
    pub(crate) fn fill_entries(&mut self, byte: u8) {
        let words = self.entries();
        // SAFETY: bytes of words that nobody else looks at, for `self` is borrowed for writing.
        unsafe { super::bytes::fill_at(words.as_ptr() as *mut u8, size_of_val(words), byte) }
    }

    /// The words of the sections.
    #[inline(always)]
    pub(crate) fn slots(&self) -> &[Cell<[u32; 2]>] {
        // SAFETY: the block begins with `slots` pairs, is aligned for them and initialised (`Heap::allocate`); nobody has
        // references to them but to such cells.
        unsafe { slice::from_raw_parts(self.at.cast().as_ptr(), self.slots) }
    }

    /// The words of the symbols.
    #[inline(always)]
    pub(crate) fn entries(&self) -> &[Cell<u32>] {
        // SAFETY: the block has room for `slots` pairs and behind them for `entries` words; the rest is as for `slots`.
        unsafe {
            let at = self.at.cast::<[u32; 2]>().add(self.slots);
            slice::from_raw_parts(at.cast().as_ptr(), self.entries)
        }
    }
}
