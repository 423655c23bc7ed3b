//! Blocks at places of one's own choice, which `rlsf` does not offer: other blocks hold what is in the way meanwhile.

use super::super::{Heap, MemoryKind, align_up};
use super::{GRANULARITY, HEADER, TlsfHeap};
use core::ptr::NonNull;

/// Free blocks that a search for one at a certain place passes by, at most.
const HOLES: u32 = 4;

impl TlsfHeap {
    /// A block of a large alignment. What `rlsf` skips before one stays a part of it, so that half of the alignment is lost on
    /// average. Here another block holds it meanwhile, and is given back; `None` if they do not come to lie so.
    #[cold]
    pub(super) fn allocate_apart(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let peak = self.state.with(|state| state.peak)?;
        let whole = size.checked_add(align)?.checked_add(3 * GRANULARITY)?;
        let start = Heap::allocate(self, MemoryKind::Data, whole, 1)?;
        // SAFETY: just taken.
        unsafe { self.free(MemoryKind::Data, start, whole, 1) };
        let header = start.addr().get().wrapping_sub(HEADER);
        // Before the block lies a granule with its header, and before that one granule at least.
        let at = align_up(header.wrapping_add(2 * GRANULARITY), align)?;
        let skipped = at.wrapping_sub(header).wrapping_sub(GRANULARITY + HEADER);
        let before = self.allocate_at(start.addr().get(), skipped, 1, HOLES);
        // Taken with a granule's alignment, given back with a larger one: to `rlsf` these are the same.
        let block = before.and_then(|_| self.allocate_at(at, size, GRANULARITY, HOLES));
        if let Some(before) = before {
            // SAFETY: just taken.
            unsafe { self.free(MemoryKind::Data, before, skipped, 1) };
        }
        self.state
            .with(|state| state.peak = peak.max(state.used))
            .and(block)
    }

    /// A block that is taken while so many others hold what lies before it. (One alone does not: it is rounded down.)
    pub(super) fn allocate_behind(
        &self,
        size: usize,
        align: usize,
        others: u32,
    ) -> Option<NonNull<u8>> {
        // The header, and what the search rounds up.
        let room = size.saturating_add(size / 4).saturating_add(align);
        let whole = self.stats().largest;
        let before = whole.checked_sub(room.saturating_add(4 * GRANULARITY));
        let before = before.filter(|&before| before != 0 && others != 0);
        let held = before.and_then(|size| Heap::allocate(self, MemoryKind::Data, size, 1));
        let Some((held, before)) = held.zip(before) else {
            return Heap::allocate(self, MemoryKind::Data, size, align);
        };
        let block = self.allocate_behind(size, align, others.wrapping_sub(1));
        // SAFETY: just taken.
        unsafe { self.free(MemoryKind::Data, held, before, 1) };
        block
    }

    /// The block at `at`, if no more than so many free ones are closer in size.
    fn allocate_at(&self, at: usize, size: usize, align: usize, holes: u32) -> Option<NonNull<u8>> {
        let block = Heap::allocate(self, MemoryKind::Data, size, align)?;
        if block.addr().get() == at {
            return Some(block);
        }
        let holes = holes.checked_sub(1);
        let found = holes.and_then(|holes| self.allocate_at(at, size, align, holes));
        // SAFETY: just taken.
        unsafe { self.free(MemoryKind::Data, block, size, align) };
        found
    }
}
