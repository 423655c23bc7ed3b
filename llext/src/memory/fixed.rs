//! A heap of blocks of one size.

use super::exclusive::Exclusive;
use super::{Heap, HeapBlock, HeapError, HeapStats, MemoryKind, TlsfHeap};
use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;

/// A [`Heap`] whose regions are runs of blocks of one size, found by a bitmap of `32 * WORDS` bits; metadata comes from
/// a heap of its own. With a block size and a first address that the protection unit can name, each region can be protected
/// however the sizes fall; and what is free never splinters into pieces smaller than a block.
///
/// Time is one step a block that the search passes. A run at a larger alignment than the block's begins at the first
/// free block that has it.
pub struct BlockHeap<const WORDS: usize> {
    state: Exclusive<Blocks<WORDS>>,
    metadata: TlsfHeap,
    displacement: AtomicUsize,
    /// Target address of the first block, and the length of all in bytes.
    start: AtomicUsize,
    len: AtomicUsize,
}

struct Blocks<const WORDS: usize> {
    first: Option<NonNull<u8>>,
    block_size: usize,
    count: usize,
    /// One bit a block, set where it is in use.
    bitmap: [u32; WORDS],
    used: usize,
    peak: usize,
}

// SAFETY: the state owns the memory that `first` points to.
unsafe impl<const WORDS: usize> Send for Blocks<WORDS> {}

impl<const WORDS: usize> Default for BlockHeap<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> BlockHeap<WORDS> {
    /// How many blocks it can have at most.
    pub const LIMIT: usize = 32 * WORDS;

    /// A heap without memory.
    pub const fn new() -> Self {
        Self {
            state: Exclusive::new(Blocks::NONE),
            metadata: TlsfHeap::new(),
            displacement: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
        }
    }

    /// Gives the heap as many whole blocks of `block_size` bytes as `memory` has, and `metadata` for the rest. Blocks are
    /// aligned as `memory` and multiples of `block_size` are.
    ///
    /// # Errors
    /// [`HeapError`]: it has memory; there is not one block, or the heap of metadata would be empty; or there are more
    /// than [`LIMIT`](Self::LIMIT) blocks. Then all stays the caller's.
    ///
    /// # Safety
    /// As for [`TlsfHeap::init`], for each of the two stretches.
    pub unsafe fn init(
        &self,
        memory: NonNull<[u8]>,
        block_size: usize,
        metadata: NonNull<[u8]>,
    ) -> Result<(), HeapError> {
        let itself = |memory: NonNull<[u8]>| (memory, memory.cast::<u8>().addr().get());
        // SAFETY: the caller's word.
        unsafe { self.init_mapped(itself(memory), block_size, itself(metadata)) }
    }

    /// The same for a host: each stretch with the address that the target sees it at.
    ///
    /// # Errors
    /// As for [`init`](Self::init).
    ///
    /// # Safety
    /// As for [`init`](Self::init). The target's addresses do not overlap.
    pub unsafe fn init_mapped(
        &self,
        (memory, target): (NonNull<[u8]>, usize),
        block_size: usize,
        (metadata, metadata_target): (NonNull<[u8]>, usize),
    ) -> Result<(), HeapError> {
        let taken = self.state.with(|state| {
            let blocks = Blocks::over(memory, block_size)?;
            if state.first.is_some() {
                return Err(HeapError::HasMemory);
            }
            // SAFETY: the caller's word.
            unsafe {
                self.metadata
                    .init_mapped(metadata.cast(), metadata.len(), metadata_target)?;
            }
            let displacement = target.wrapping_sub(memory.cast::<u8>().addr().get());
            self.displacement.store(displacement, Relaxed);
            self.start.store(target, Relaxed);
            self.len.store(blocks.bytes(), Relaxed);
            *state = blocks;
            Ok(())
        });
        taken.unwrap_or(Err(HeapError::InUse))
    }

    /// Gives all memory back.
    ///
    /// # Errors
    /// [`HeapError`]: a block is in use, or there is no memory. Then nothing has changed.
    pub fn uninit(&self) -> Result<(), HeapError> {
        let given = self.state.with(|state| {
            if state.used != 0 {
                return Err(HeapError::InUse);
            }
            self.metadata.uninit()?;
            *state = Blocks::NONE;
            self.start.store(0, Relaxed);
            self.len.store(0, Relaxed);
            Ok(())
        });
        given.unwrap_or(Err(HeapError::InUse))
    }
}

impl<const WORDS: usize> Blocks<WORDS> {
    const NONE: Self = Self {
        first: None,
        block_size: 0,
        count: 0,
        bitmap: [0; WORDS],
        used: 0,
        peak: 0,
    };

    /// All blocks of `memory`, free.
    fn over(memory: NonNull<[u8]>, block_size: usize) -> Result<Self, HeapError> {
        let count = memory.len().checked_div(block_size).unwrap_or(0);
        if count == 0 {
            return Err(HeapError::TooSmall);
        }
        if count > BlockHeap::<WORDS>::LIMIT {
            return Err(HeapError::TooManyBlocks);
        }
        Ok(Self {
            first: Some(memory.cast()),
            block_size,
            count,
            ..Self::NONE
        })
    }

    fn bytes(&self) -> usize {
        self.count.saturating_mul(self.block_size)
    }

    /// The first block from `index` on that is in use (or that is free); the number of blocks if none is.
    fn next(&self, mut index: usize, used: bool) -> usize {
        while index < self.count {
            let word = self.bitmap.get(index / 32).copied().unwrap_or(0);
            let wanted = if used { word } else { !word } >> (index % 32);
            if wanted != 0 {
                return self
                    .count
                    .min(index.saturating_add(wanted.trailing_zeros() as usize));
            }
            index = index.saturating_add(32) / 32 * 32;
        }
        self.count
    }

    /// Calls `each` with the first block of every run of free ones, and the one behind it, until it returns `Some`.
    fn free_runs<T>(&self, mut each: impl FnMut(usize, usize) -> Option<T>) -> Option<T> {
        let mut end = 0;
        loop {
            let start = self.next(end, false);
            if start >= self.count {
                return None;
            }
            end = self.next(start, true);
            if let Some(found) = each(start, end) {
                return Some(found);
            }
        }
    }

    /// Marks `len` blocks from `start` on as used, or as free.
    fn mark(&mut self, start: usize, len: usize, used: bool) {
        for index in start..start.saturating_add(len) {
            if let Some(word) = self.bitmap.get_mut(index / 32) {
                let bit = 1 << (index % 32);
                *word = if used { *word | bit } else { *word & !bit };
            }
        }
        let bytes = len.saturating_mul(self.block_size);
        self.used = if used {
            self.used.saturating_add(bytes)
        } else {
            self.used.saturating_sub(bytes)
        };
        self.peak = self.peak.max(self.used);
    }

    /// Where block `index` begins.
    fn at(&self, first: NonNull<u8>, index: usize) -> NonNull<u8> {
        // SAFETY: `index` is at most the number of blocks that lie behind `first`.
        unsafe { first.add(index.min(self.count).saturating_mul(self.block_size)) }
    }

    fn allocate(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let first = self.first?;
        let needed = size.div_ceil(self.block_size).max(1);
        let mask = align.is_power_of_two().then(|| align.wrapping_sub(1))?;
        let start = self.free_runs(|start, end| {
            let fits = |index: &usize| self.at(first, *index).addr().get() & mask == 0;
            let last = end.checked_sub(needed)?;
            (start..=last).find(fits)
        })?;
        self.mark(start, needed, true);
        Some(self.at(first, start))
    }

    fn free(&mut self, block: NonNull<u8>, size: usize) {
        if let Some(first) = self.first {
            let offset = block.addr().get().wrapping_sub(first.addr().get());
            let start = offset.checked_div(self.block_size).unwrap_or(self.count);
            let len = size.div_ceil(self.block_size).max(1);
            self.mark(start, len, false);
        }
    }

    fn stats(&self) -> HeapStats {
        let mut longest = 0;
        let _ = self.free_runs(|start, end| {
            longest = longest.max(end.saturating_sub(start));
            None::<()>
        });
        HeapStats {
            total: self.bytes(),
            used: self.used,
            free: self.bytes().saturating_sub(self.used),
            largest: longest.saturating_mul(self.block_size),
            peak: self.peak,
        }
    }
}

// SAFETY: a bit is set while its block is out, so that no byte is handed out twice; `allocate` checks the alignment of
// the pointer, and memory is initialised by `init`'s contract. Displacement is one number for all blocks.
unsafe impl<const WORDS: usize> Heap for BlockHeap<WORDS> {
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        if kind == MemoryKind::Metadata {
            return self.metadata.allocate(kind, size, align);
        }
        self.state
            .with(|state| state.allocate(size, align))
            .flatten()
    }

    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize) {
        if kind == MemoryKind::Metadata {
            // SAFETY: passed on to the heap that the block came from.
            return unsafe { self.metadata.free(kind, block, size, align) };
        }
        self.state.with(|state| state.free(block, size));
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        if self.metadata.holds(at) {
            return self.metadata.address(at);
        }
        at.addr()
            .get()
            .wrapping_add(self.displacement.load(Relaxed))
    }

    fn bounds(&self, kind: MemoryKind) -> Range<usize> {
        if kind == MemoryKind::Metadata {
            return self.metadata.bounds(kind);
        }
        let start = self.start.load(Relaxed);
        start..start.saturating_add(self.len.load(Relaxed))
    }

    fn stats(&self) -> HeapStats {
        self.stats_of(MemoryKind::Data).and(self.metadata.stats())
    }

    fn stats_of(&self, kind: MemoryKind) -> HeapStats {
        if kind == MemoryKind::Metadata {
            return self.metadata.stats();
        }
        self.state.with(|state| state.stats()).unwrap_or_default()
    }

    fn rest_of(
        &self,
        kind: MemoryKind,
        stretch: usize,
        size: usize,
        align: usize,
    ) -> Result<usize, usize> {
        if kind == MemoryKind::Metadata {
            return self.metadata.rest_of(kind, stretch, size, align);
        }
        let block = self.state.with(|state| state.block_size).unwrap_or(0);
        // Of so many blocks one has the alignment: the others may lie before it.
        let cycle = align.wrapping_shr(block.trailing_zeros().min(align.trailing_zeros()));
        let passed = cycle.saturating_sub(1).saturating_mul(block);
        let taken = size.max(1).checked_next_multiple_of(block.max(1));
        let taken = taken.and_then(|taken| taken.checked_add(passed));
        let rest = taken.and_then(|taken| stretch.checked_sub(taken));
        rest.ok_or(stretch.saturating_sub(passed))
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        let start = self.start.load(Relaxed);
        self.state.with(|state| {
            for index in 0..state.count {
                each(HeapBlock {
                    address: start.saturating_add(index.saturating_mul(state.block_size)),
                    size: state.block_size,
                    used: state.next(index, true) == index,
                });
            }
        });
        self.metadata.blocks(each);
    }
}
