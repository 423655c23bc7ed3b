//! A heap whose blocks are the host allocator's own: a byte too far is AddressSanitizer's to find.

use llext::{Heap, HeapBlock, HeapStats, MemoryKind};
use std::alloc::{Layout, alloc, dealloc};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr::NonNull;

/// Bytes of target addresses that a heap spans.
const SPAN: usize = 16 << 20;
/// The most that is in use at a time.
const LIMIT: usize = 1 << 20;
/// The greatest alignment that it has.
const ALIGN: usize = 1 << 16;

struct Taken {
    kind: MemoryKind,
    at: NonNull<u8>,
    layout: Layout,
    address: usize,
}

/// A heap that the target sees at an address of its own. It hands out no target address twice, and checks what it gets back.
pub struct CheckedHeap {
    base: usize,
    next: Cell<usize>,
    fail_at: Cell<usize>,
    used: Cell<usize>,
    taken: RefCell<Vec<Taken>>,
    is_one: bool,
}

impl CheckedHeap {
    /// An empty heap whose target addresses begin at `base`, a multiple of 65,536. `is_one`: all kinds are the same memory.
    pub fn new(base: usize, is_one: bool) -> Self {
        Self {
            base,
            next: Cell::new(base),
            fail_at: Cell::new(usize::MAX),
            used: Cell::new(0),
            taken: RefCell::new(Vec::new()),
            is_one,
        }
    }

    /// From now on the request after `requests` more fails, and all after it.
    pub fn fail_after(&self, requests: usize) {
        self.fail_at.set(requests);
    }

    /// What is in use: target addresses and sizes, in the order of the requests.
    pub fn in_use(&self) -> Vec<(usize, usize)> {
        let taken = self.taken.borrow();
        taken
            .iter()
            .map(|block| (block.address, block.layout.size()))
            .collect()
    }
}

// SAFETY: each block is one of the host's allocator, filled, with target addresses that no other block ever has.
unsafe impl Heap for CheckedHeap {
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        let left = self.fail_at.get().checked_sub(1)?;
        let layout = Layout::from_size_align(size.max(1), align).expect("a power of two");
        let address = self.next.get().next_multiple_of(align);
        let end = address.checked_add(size)?.checked_add(1)?;
        if align > ALIGN || end > self.base + SPAN || size > LIMIT - self.used.get() {
            return None;
        }
        self.fail_at.set(left);
        // SAFETY: the size is not 0.
        let at = NonNull::new(unsafe { alloc(layout) })?;
        // SAFETY: fresh memory of that size.
        unsafe { at.write_bytes(0xa5, layout.size()) };
        self.next.set(end);
        self.used.set(self.used.get() + layout.size());
        self.taken.borrow_mut().push(Taken {
            kind,
            at,
            layout,
            address,
        });
        Some(at)
    }

    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize) {
        let mut taken = self.taken.borrow_mut();
        let at = taken.iter().position(|taken| taken.at == block);
        let taken = taken.remove(at.expect("a block that is in use"));
        let layout = Layout::from_size_align(size.max(1), align).expect("a power of two");
        assert_eq!(
            (taken.kind, taken.layout),
            (kind, layout),
            "freed as it was taken"
        );
        self.used.set(self.used.get() - layout.size());
        // SAFETY: this block is the allocator's, with this layout; the caller uses it no more.
        unsafe { dealloc(block.as_ptr(), layout) };
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        let at = at.as_ptr() as usize;
        let taken = self.taken.borrow();
        let block = taken.iter().find_map(|block| {
            let offset = at.checked_sub(block.at.as_ptr() as usize)?;
            (offset <= block.layout.size()).then_some(block.address + offset)
        });
        block.expect("a pointer into a block")
    }

    fn bounds(&self, _kind: MemoryKind) -> Range<usize> {
        self.base..self.base + SPAN
    }

    fn stats(&self) -> HeapStats {
        let (used, free) = (self.used.get(), LIMIT - self.used.get());
        HeapStats {
            total: LIMIT,
            used,
            free,
            largest: free,
            peak: LIMIT,
        }
    }

    fn is_one(&self) -> bool {
        self.is_one
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        for (address, size) in self.in_use() {
            each(HeapBlock {
                address,
                size,
                used: true,
            });
        }
    }
}

impl Drop for CheckedHeap {
    fn drop(&mut self) {
        assert!(
            self.taken.borrow().is_empty() || std::thread::panicking(),
            "nothing is left behind"
        );
    }
}
