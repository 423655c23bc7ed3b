//! One heap or two: code apart from data where the hardware wants it so, or all that only the loader writes.

use super::{Heap, HeapBlock, HeapError, HeapStats, MemoryKind, TlsfHeap};
use core::ops::Range;
use core::ptr::NonNull;

/// A [`Heap`] that is given its memory while the firmware runs: one stretch for everything, or one for
/// instructions and one for the rest (tightly coupled memories, Harvard buses). Where code may be read as data,
/// [`new_sealed`](Self::new_sealed) has in the first stretch all that nobody but the loader writes, so that one area of a
/// memory protection unit keeps it while extensions run.
///
/// Its figures are the sums of both stretches; the sum of both peaks may be more than was ever in use at one time.
pub struct SplitHeap {
    /// Without memory where all is in `data`.
    instruction: TlsfHeap,
    data: TlsfHeap,
    /// Whether only [`MemoryKind::Data`] is in `data`.
    sealed: bool,
}

impl Default for SplitHeap {
    fn default() -> Self {
        Self::new()
    }
}

impl SplitHeap {
    /// A heap without memory. With two stretches, instructions alone come from the first.
    pub const fn new() -> Self {
        Self {
            instruction: TlsfHeap::new(),
            data: TlsfHeap::new(),
            sealed: false,
        }
    }

    /// A heap without memory. With two stretches, what extensions write comes from the second, and all else from the first:
    /// instructions, constants and metadata.
    pub const fn new_sealed() -> Self {
        Self {
            instruction: TlsfHeap::new(),
            data: TlsfHeap::new(),
            sealed: true,
        }
    }

    /// Gives the heap one stretch of memory for everything, `size` bytes at `start`.
    ///
    /// # Errors
    /// [`HeapError`]: it has memory, or this is too little. Then it stays the caller's.
    ///
    /// # Safety
    /// As for [`TlsfHeap::init`].
    pub unsafe fn init(&self, start: NonNull<u8>, size: usize) -> Result<(), HeapError> {
        // SAFETY: the caller's word.
        unsafe { self.data.init(start, size) }
    }

    /// Gives the heap memory for instructions and other memory for data.
    ///
    /// # Errors
    /// [`HeapError`]: it has memory, or one of the two is too little. Then both stay the caller's.
    ///
    /// # Safety
    /// As for [`TlsfHeap::init`], for each of the two.
    pub unsafe fn init_split(
        &self,
        instruction: NonNull<[u8]>,
        data: NonNull<[u8]>,
    ) -> Result<(), HeapError> {
        let itself = |memory: NonNull<[u8]>| (memory, memory.cast::<u8>().addr().get());
        // SAFETY: the caller's word; targets are the pointers themselves.
        unsafe { self.init_split_mapped(itself(instruction), itself(data)) }
    }

    /// The same for a host: each stretch with the address that the target sees it at.
    ///
    /// # Errors
    /// As for [`init_split`](Self::init_split).
    ///
    /// # Safety
    /// As for [`TlsfHeap::init_mapped`], for each of the two. The target's addresses do not overlap.
    pub unsafe fn init_split_mapped(
        &self,
        instruction: (NonNull<[u8]>, usize),
        data: (NonNull<[u8]>, usize),
    ) -> Result<(), HeapError> {
        let init = |heap: &TlsfHeap, (memory, target): (NonNull<[u8]>, usize)| {
            // SAFETY: the caller's word.
            unsafe { heap.init_mapped(memory.cast(), memory.len(), target) }
        };
        init(&self.data, data)?;
        init(&self.instruction, instruction).inspect_err(|_| {
            // Nothing has been allocated from it yet.
            let _ = self.data.uninit();
        })
    }

    /// Gives all memory back.
    ///
    /// # Errors
    /// [`HeapError`]: a block is in use, or there is no memory. Then nothing has changed.
    pub fn uninit(&self) -> Result<(), HeapError> {
        if self.stats().used != 0 {
            return Err(HeapError::InUse);
        }
        self.data.uninit()?;
        match self.instruction.uninit() {
            Err(HeapError::NoMemory) => Ok(()),
            result => result,
        }
    }

    fn of(&self, kind: MemoryKind) -> &TlsfHeap {
        match kind {
            _ if self.is_one() => &self.data,
            MemoryKind::Instruction => &self.instruction,
            MemoryKind::ReadOnly | MemoryKind::Metadata if self.sealed => &self.instruction,
            _ => &self.data,
        }
    }
}

// SAFETY: each kind's blocks come from one heap and go back to it; which one changes only while none is in use.
unsafe impl Heap for SplitHeap {
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        self.of(kind).allocate(kind, size, align)
    }

    fn allocate_last(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        self.of(kind).allocate_last(kind, size, align)
    }

    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize) {
        // SAFETY: passed on to the heap that the block came from.
        unsafe { self.of(kind).free(kind, block, size, align) }
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        if self.instruction.holds(at) {
            self.instruction.address(at)
        } else {
            self.data.address(at)
        }
    }

    fn bounds(&self, kind: MemoryKind) -> Range<usize> {
        self.of(kind).bounds(kind)
    }

    fn stats(&self) -> HeapStats {
        self.instruction.stats().and(self.data.stats())
    }

    fn stats_of(&self, kind: MemoryKind) -> HeapStats {
        self.of(kind).stats()
    }

    fn is_one(&self) -> bool {
        !self.instruction.has_memory()
    }

    fn is_sealed(&self) -> bool {
        self.sealed && !self.is_one()
    }

    fn rest_of(
        &self,
        kind: MemoryKind,
        stretch: usize,
        size: usize,
        align: usize,
    ) -> Result<usize, usize> {
        self.of(kind).rest_of(kind, stretch, size, align)
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        self.instruction.blocks(each);
        self.data.blocks(each);
    }
}
