//! Memory of the host that stands for memory of the target.

use llext::{Heap, HeapBlock, HeapStats, MemoryKind};
use std::cell::Cell;
use std::ops::Range;
use std::ptr::NonNull;

/// Alignment of the memory, on the host as on the target.
const PAGE: usize = 4096;
/// Its size in bytes.
const SIZE: usize = 4 << 20;

#[derive(Clone, Copy)]
#[repr(align(4096))]
struct Page {
    _bytes: [u8; PAGE],
}

/// A heap whose memory the target sees at an address of its own. Memory that is given back is not
/// used again: each load has a heap to itself.
pub struct HostHeap {
    base: usize,
    pages: NonNull<u8>,
    taken: Cell<usize>,
    used: Cell<usize>,
}

impl HostHeap {
    /// Four MiB that the target sees at `base`, a multiple of 4096.
    pub fn new(base: usize) -> Self {
        assert_eq!(base % PAGE, 0);
        // Filled, so that a byte that the loader forgot is seen.
        let pages = vec![
            Page {
                _bytes: [0xa5; PAGE]
            };
            SIZE / PAGE
        ]
        .into_boxed_slice();
        let pages = NonNull::from(Box::leak(pages)).cast();
        Self {
            base,
            pages,
            taken: Cell::new(0),
            used: Cell::new(0),
        }
    }

    /// `size` bytes at the target's `address`, if they are this heap's.
    pub fn bytes(&self, address: usize, size: usize) -> Option<&[u8]> {
        let offset = address.checked_sub(self.base)?;
        let end = offset.checked_add(size)?;
        // SAFETY: `offset..end` lies within the `SIZE` initialised bytes at `pages`. Nobody writes
        // while the slice lives: whoever holds this heap's bytes to compare them has loaded before.
        (end <= SIZE)
            .then(|| unsafe { std::slice::from_raw_parts(self.pages.as_ptr().add(offset), size) })
    }

    /// All that was ever handed out, with its address.
    pub fn all(&self) -> (usize, &[u8]) {
        let bytes = self.bytes(self.base, self.taken.get());
        (self.base, bytes.unwrap_or_default())
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.get()
    }
}

impl Drop for HostHeap {
    fn drop(&mut self) {
        let pages =
            std::ptr::slice_from_raw_parts_mut(self.pages.as_ptr().cast::<Page>(), SIZE / PAGE);
        // SAFETY: this is the box that `new` leaked, and blocks of it do not outlive the heap.
        drop(unsafe { Box::from_raw(pages) });
    }
}

// SAFETY: `taken` only grows, so no byte is handed out twice; offsets keep their alignment because the
// host's and the target's base are both multiples of `PAGE`; all bytes are initialised by `new`.
unsafe impl Heap for HostHeap {
    fn allocate(&self, _kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        let start = self.taken.get().next_multiple_of(align);
        let end = start.checked_add(size)?;
        if align > PAGE || end > SIZE {
            return None;
        }
        self.taken.set(end);
        self.used.set(self.used.get() + size);
        // SAFETY: `start <= SIZE`.
        Some(unsafe { self.pages.add(start) })
    }

    unsafe fn free(&self, _kind: MemoryKind, _block: NonNull<u8>, size: usize, _align: usize) {
        self.used.set(self.used.get() - size);
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        self.base + (at.addr().get() - self.pages.addr().get())
    }

    fn bounds(&self, _kind: MemoryKind) -> Range<usize> {
        self.base..self.base + SIZE
    }

    fn stats(&self) -> HeapStats {
        let (used, free) = (self.used.get(), SIZE - self.taken.get());
        HeapStats {
            total: SIZE,
            used,
            free,
            largest: free,
            peak: self.taken.get(),
        }
    }

    fn blocks(&self, _each: &mut dyn FnMut(HeapBlock)) {}
}
