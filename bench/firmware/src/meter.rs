//! A heap that notes what is asked of it: in bytes as requested, so that figures do not depend on the allocator.

use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

use llext::{Heap, HeapBlock, HeapStats, MemoryKind};

/// `inner`, and what it has given out.
pub struct Meter<'h> {
    inner: &'h dyn Heap,
    held: Cell<usize>,
    peak: Cell<usize>,
}

impl<'h> Meter<'h> {
    pub fn new(inner: &'h dyn Heap) -> Self {
        Meter {
            inner,
            held: Cell::new(0),
            peak: Cell::new(0),
        }
    }

    /// Bytes given out now.
    pub fn held(&self) -> usize {
        self.held.get()
    }

    /// The most bytes that were given out at once.
    pub fn peak(&self) -> usize {
        self.peak.get()
    }
}

// SAFETY: all is the inner heap's doing.
unsafe impl Heap for Meter<'_> {
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        let block = self.inner.allocate(kind, size, align)?;
        self.held.set(self.held.get() + size);
        self.peak.set(self.peak.get().max(self.held.get()));
        Some(block)
    }

    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize) {
        self.held.set(self.held.get() - size);
        // SAFETY: the caller's promise.
        unsafe { self.inner.free(kind, block, size, align) }
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        self.inner.address(at)
    }

    fn bounds(&self, kind: MemoryKind) -> Range<usize> {
        self.inner.bounds(kind)
    }

    fn stats(&self) -> HeapStats {
        self.inner.stats()
    }

    fn is_one(&self) -> bool {
        self.inner.is_one()
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        self.inner.blocks(each)
    }
}
