//! The ordinary heap: `rlsf`'s two-level segregated fit.
//!
//! Taking and giving back cost the same few dozen instructions however full the heap is. `rlsf` was chosen
//! over `talc` and `linked_list_allocator` for that bound, and because its blocks can be walked.

mod place;

use super::exclusive::Exclusive;
use super::{Heap, HeapBlock, HeapError, HeapStats, MemoryKind};
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use rlsf::{GRANULARITY, Tlsf};

/// Size classes: powers of two from `GRANULARITY`; on 32 bits up to 16 MiB a pool.
const FIRST_LEVEL: usize = 20;
/// Steps between two powers of two.
const SECOND_LEVEL: usize = 16;
/// What a block of ordinary alignment costs beyond its bytes.
const HEADER: usize = GRANULARITY / 2;

type Pool = Tlsf<'static, u32, u16, FIRST_LEVEL, SECOND_LEVEL>;

/// A [`Heap`] over one stretch of memory.
pub struct TlsfHeap {
    state: Exclusive<State>,
    /// What is added to a pointer to give the target's address, modulo the address space.
    displacement: AtomicUsize,
    /// Target address of the pool, and its length in bytes.
    start: AtomicUsize,
    len: AtomicUsize,
}

struct State {
    tlsf: Pool,
    pool: Option<NonNull<[u8]>>,
    total: usize,
    used: usize,
    peak: usize,
}

// SAFETY: the state owns the pool that its pointers point into.
unsafe impl Send for State {}

impl Default for TlsfHeap {
    fn default() -> Self {
        Self::new()
    }
}

impl TlsfHeap {
    /// A heap without memory.
    pub const fn new() -> Self {
        Self {
            state: Exclusive::new(State {
                tlsf: Pool::new(),
                // Zeros, so that a static heap takes no flash.
                pool: None,
                total: 0,
                used: 0,
                peak: 0,
            }),
            displacement: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
        }
    }

    /// Gives the heap its memory, `size` bytes at `start`.
    ///
    /// # Errors
    /// [`HeapError`]: it has some already, or this is too little. Then the memory stays the caller's.
    ///
    /// # Safety
    /// `[start, start + size)` is initialised memory that nothing else uses, for as long as the heap lives or until
    /// [`uninit`](Self::uninit) gives it back.
    pub unsafe fn init(&self, start: NonNull<u8>, size: usize) -> Result<(), HeapError> {
        // SAFETY: the caller's word is the same.
        unsafe { self.init_mapped(start, size, start.addr().get()) }
    }

    /// The same for a host that prepares memory which the target sees at `target`. Alignments hold on
    /// the target if `start` and `target` are equal modulo the largest one.
    ///
    /// # Safety
    /// As for [`init`](Self::init).
    pub unsafe fn init_mapped(
        &self,
        start: NonNull<u8>,
        size: usize,
        target: usize,
    ) -> Result<(), HeapError> {
        let taken = self.state.with(|state| {
            // SAFETY: the caller's word.
            let len = unsafe { state.init(NonNull::slice_from_raw_parts(start, size)) }?;
            self.displacement
                .store(target.wrapping_sub(start.addr().get()), Relaxed);
            self.start.store(target, Relaxed);
            self.len.store(len, Relaxed);
            Ok(())
        });
        taken.unwrap_or(Err(HeapError::InUse))
    }

    /// Gives the memory back to who called `init`, which may be called again.
    ///
    /// # Errors
    /// [`HeapError`]: a block is in use, or there is no memory.
    pub fn uninit(&self) -> Result<(), HeapError> {
        let given = self.state.with(|state| {
            state.uninit()?;
            self.start.store(0, Relaxed);
            self.len.store(0, Relaxed);
            Ok(())
        });
        given.unwrap_or(Err(HeapError::InUse))
    }

    /// Whether it has memory.
    pub fn has_memory(&self) -> bool {
        self.len.load(Relaxed) != 0
    }

    /// Whether `at` is a byte of this heap's memory.
    pub(super) fn holds(&self, at: NonNull<u8>) -> bool {
        let offset = self.address(at).wrapping_sub(self.start.load(Relaxed));
        offset < self.len.load(Relaxed)
    }
}

impl State {
    /// Takes the memory, and says how many bytes of it.
    ///
    /// # Safety
    /// As for [`TlsfHeap::init`].
    unsafe fn init(&mut self, memory: NonNull<[u8]>) -> Result<usize, HeapError> {
        if self.pool.is_some() {
            return Err(HeapError::HasMemory);
        }
        // SAFETY: by the caller's word the memory is ours until `uninit`, and then `tlsf` forgets it.
        let len = unsafe { self.tlsf.insert_free_block_ptr(memory) };
        let len = len.ok_or(HeapError::TooSmall)?.get();
        self.pool = Some(NonNull::slice_from_raw_parts(memory.cast(), len));
        let mut total = 0usize;
        self.each_block(|_, size, _| total = total.wrapping_add(size));
        (self.total, self.peak) = (total, 0);
        Ok(len)
    }

    fn uninit(&mut self) -> Result<(), HeapError> {
        if self.pool.is_none() {
            return Err(HeapError::NoMemory);
        }
        if self.used != 0 {
            return Err(HeapError::InUse);
        }
        (self.tlsf, self.pool, self.total) = (Pool::new(), None, 0);
        Ok(())
    }

    /// Calls `each` with place, size and use of the pool's blocks, in the order of their addresses. Ends before
    /// the first block whose header somebody has overwritten.
    fn each_block(&self, mut each: impl FnMut(usize, usize, bool)) {
        let Some(pool) = self.pool else {
            return;
        };
        // SAFETY: `pool` starts where `insert_free_block_ptr` was told and is as long as it said.
        let mut blocks = unsafe { self.tlsf.iter_blocks(pool) };
        let start = pool.cast::<u8>().addr().get();
        let mut at = start.next_multiple_of(GRANULARITY);
        // `iter_blocks` believes every header: one of no bytes, or beyond the end, would keep it going for ever.
        while header_is_sound(pool, at.wrapping_sub(start))
            && let Some(block) = blocks.next()
        {
            each(at, block.size(), block.is_occupied());
            at = at.saturating_add(block.size());
        }
    }

    #[inline(always)]
    fn allocate(&mut self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, align).ok()?;
        let at = self.tlsf.allocate(layout)?;
        // SAFETY: a block that has just been taken, with this alignment.
        self.used = self.used.wrapping_add(unsafe { block_size(at, align) });
        self.peak = self.peak.max(self.used);
        Some(at)
    }

    #[inline(never)]
    fn stats(&self) -> HeapStats {
        let mut largest = 0;
        self.each_block(|_, size, used| {
            if !used {
                largest = largest.max(sure_size(size));
            }
        });
        HeapStats {
            total: self.total,
            used: self.used,
            free: self.total.saturating_sub(self.used),
            largest,
            peak: self.peak,
        }
    }
}

/// Bytes of the block that holds `at`, its header and padding included.
///
/// # Safety
/// `at` is a live block of a pool, taken with this alignment.
#[inline(always)]
unsafe fn block_size(at: NonNull<u8>, align: usize) -> usize {
    // SAFETY: `rlsf` puts the header right before the block, or, before a block of a larger alignment than headers have,
    // a pointer to the header. It begins with the size; what lies below the granularity are flags.
    unsafe {
        let header = if align < GRANULARITY {
            at.sub(HEADER)
        } else {
            at.cast::<NonNull<u8>>().sub(1).read()
        };
        header.cast::<usize>().read() & !(GRANULARITY - 1)
    }
}

/// Whether the header at `offset` of `pool` gives a block that may be one: of some bytes, and within the pool.
fn header_is_sound(pool: NonNull<[u8]>, offset: usize) -> bool {
    let left = pool.len().saturating_sub(offset);
    if left < GRANULARITY {
        return false;
    }
    // SAFETY: a granule of the pool is left there, aligned for a word. A header begins with the size; what lies
    // below the granularity are flags.
    let word = unsafe { pool.cast::<u8>().add(offset).cast::<usize>().read() };
    (GRANULARITY..=left).contains(&(word - word % GRANULARITY))
}

/// The largest request that a free block of `size` bytes surely satisfies. The search takes the first block of
/// the next size class up, so what counts is where the block's own class begins.
fn sure_size(size: usize) -> usize {
    let step = size
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(SECOND_LEVEL.ilog2());
    let class = size >> step << step;
    class.saturating_sub(HEADER)
}

// SAFETY: `rlsf` hands out disjoint blocks of the pool, aligned as asked, and the pool is initialised by `init`'s
// contract. Displacement is one number for the whole pool.
unsafe impl Heap for TlsfHeap {
    fn allocate(&self, _kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        if align > GRANULARITY
            && let Some(block) = self.allocate_apart(size, align)
        {
            return Some(block);
        }
        self.state
            .with(|state| state.allocate(size, align))
            .flatten()
    }

    fn allocate_last(&self, _kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        let peak = self.state.with(|state| state.peak)?;
        let block = self.allocate_behind(size, align, 2);
        self.state
            .with(|state| state.peak = peak.max(state.used))
            .and(block)
    }

    unsafe fn free(&self, _kind: MemoryKind, block: NonNull<u8>, _size: usize, align: usize) {
        self.state.with(|state| {
            // SAFETY: by the caller's word the block came from `allocate` with this alignment and is free to go.
            unsafe {
                state.used = state.used.wrapping_sub(block_size(block, align));
                state.tlsf.deallocate(block, align);
            }
        });
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        at.addr()
            .get()
            .wrapping_add(self.displacement.load(Relaxed))
    }

    fn bounds(&self, _kind: MemoryKind) -> Range<usize> {
        let start = self.start.load(Relaxed);
        start..start.saturating_add(self.len.load(Relaxed))
    }

    fn is_one(&self) -> bool {
        true
    }

    fn stats(&self) -> HeapStats {
        self.state.with(|state| state.stats()).unwrap_or_default()
    }

    fn rest_of(
        &self,
        _kind: MemoryKind,
        stretch: usize,
        size: usize,
        align: usize,
    ) -> Result<usize, usize> {
        // What is skipped before a block: by `rlsf` alone, or by `allocate_apart`.
        let skipped = match align > GRANULARITY {
            true => align.saturating_add(3 * GRANULARITY),
            false => align.saturating_sub(HEADER),
        };
        let sure = sure_size(stretch).saturating_sub(skipped);
        let taken = size
            .saturating_add(skipped)
            .saturating_add(HEADER)
            .checked_next_multiple_of(GRANULARITY);
        match taken {
            Some(taken) if size <= sure => Ok(stretch.saturating_sub(taken)),
            _ => Err(sure),
        }
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        let displacement = self.displacement.load(Relaxed);
        self.state.with(|state| {
            state.each_block(|start, size, used| {
                each(HeapBlock {
                    address: start.wrapping_add(displacement),
                    size,
                    used,
                });
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryKind::Data;
    use super::*;
    use crate::testing::{ARENA, Arena, BASE};
    use std::vec::Vec;

    /// Takes blocks of these sizes and alignments and gives every `step`th back.
    fn disturb(heap: &TlsfHeap, sizes: &[(usize, usize)], step: usize) {
        let blocks: Vec<_> = sizes
            .iter()
            .filter_map(|&(size, align)| Some((heap.allocate(Data, size, align)?, size, align)))
            .collect();
        for &(block, size, align) in blocks.iter().step_by(step) {
            // SAFETY: taken above, and not used.
            unsafe { heap.free(Data, block, size, align) }
        }
    }

    fn check(arena: &Arena) {
        let stats = arena.heap.stats();
        let blocks = arena.blocks();
        assert_eq!(stats.used + stats.free, stats.total);
        let sum = |used| {
            blocks
                .iter()
                .filter(|block| block.used == used)
                .map(|block| block.size)
                .sum::<usize>()
        };
        assert_eq!((sum(true), sum(false)), (stats.used, stats.free));
        assert!(stats.peak >= stats.used);
        for pair in blocks.windows(2) {
            assert_eq!(pair[0].address + pair[0].size, pair[1].address);
        }
        let largest = arena
            .heap
            .allocate(Data, stats.largest, 8)
            .expect("the largest request that would succeed");
        assert!(
            arena
                .heap
                .bounds(Data)
                .contains(&arena.heap.address(largest))
        );
        // SAFETY: taken above, and not used.
        unsafe { arena.heap.free(Data, largest, stats.largest, 8) }
        assert_eq!(arena.heap.stats().used, stats.used);
    }

    #[test]
    fn figures_agree_and_the_largest_request_succeeds() {
        let arena = Arena::new();
        check(&arena);
        assert_eq!(arena.heap.bounds(Data), BASE..BASE + ARENA);
        let mut state = 1u32;
        let mut next = |limit: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % limit as usize
        };
        for round in 0..30 {
            let sizes: Vec<_> = (0..12).map(|_| (next(1500) + 1, 1 << next(8))).collect();
            disturb(&arena.heap, &sizes, 1 + round % 2);
            check(&arena);
        }
        assert!(arena.heap.stats().peak > 1000);
    }

    #[test]
    fn blocks_are_aligned_at_the_target() {
        let arena = Arena::new();
        for align in [1, 4, 8, 16, 32, 64, 256, 4096] {
            let block = arena.heap.allocate(Data, 24, align).unwrap();
            assert_eq!(arena.heap.address(block) % align, 0);
        }
        assert_eq!(arena.heap.allocate(Data, ARENA, 1), None);
        assert_eq!(arena.heap.allocate(Data, usize::MAX, 8), None);
        assert_eq!(arena.heap.allocate(Data, 8, 3), None);
    }

    #[test]
    fn a_large_alignment_takes_no_memory_of_its_own() {
        let arena = Arena::new();
        let mut taken = Vec::new();
        let mut bytes = 0;
        for (size, align) in [
            (100, 1),
            (96, 128),
            (1100, 2048),
            (40, 8),
            (900, 1024),
            (500, 512),
        ] {
            let block = arena.heap.allocate(Data, size, align).expect("a block");
            assert_eq!(arena.heap.address(block) % align, 0);
            bytes += size + 2 * GRANULARITY;
            let stats = arena.heap.stats();
            assert!(stats.used <= bytes, "{size} at {align}");
            assert_eq!(stats.peak, stats.used);
            taken.push((block, size, align));
        }
        check(&arena);
        for (block, size, align) in taken {
            // SAFETY: taken above, and not used.
            unsafe { arena.heap.free(Data, block, size, align) }
        }
        assert_eq!((arena.heap.stats().used, arena.blocks().len()), (0, 1));
    }

    #[test]
    fn a_walk_ends_at_a_header_that_was_overwritten() {
        let arena = Arena::new();
        let blocks = [16; 3].map(|size| arena.heap.allocate(Data, size, 1).unwrap());
        let intact = arena.blocks().len();
        for word in [0, 2, 3, GRANULARITY / 2, ARENA, usize::MAX] {
            // SAFETY: the second block's header is part of the arena, and is put back.
            let kept = unsafe {
                let header = blocks[1].sub(HEADER).cast::<usize>();
                let kept = header.read();
                header.write(word);
                (header, kept)
            };
            assert_eq!(arena.blocks().len(), 1, "{word:#x}");
            // SAFETY: as above.
            unsafe { kept.0.write(kept.1) };
            assert_eq!(arena.blocks().len(), intact);
        }
    }

    #[test]
    fn memory_is_taken_once_and_given_back_when_nothing_is_in_use() {
        let arena = Arena::new();
        let heap = &arena.heap;
        let mut other = [0usize; 64];
        let other = NonNull::from(&mut other);
        // SAFETY: refused, and alive to the end of the test where it is not.
        let again = |heap: &TlsfHeap, size| unsafe { heap.init(other.cast(), size) };
        assert_eq!(again(heap, 64), Err(HeapError::HasMemory));
        let empty = heap.stats();
        let block = heap.allocate(Data, 100, 64).expect("a block");
        assert_eq!(heap.uninit(), Err(HeapError::InUse));
        // SAFETY: taken above, and not used.
        unsafe { heap.free(Data, block, 100, 64) }
        assert_eq!(heap.uninit(), Ok(()));
        assert_eq!(heap.uninit(), Err(HeapError::NoMemory));
        assert!(!heap.has_memory() && heap.bounds(Data).is_empty());
        assert_eq!(heap.allocate(Data, 1, 1), None);
        assert_eq!(again(heap, 8), Err(HeapError::TooSmall));
        assert_eq!(again(heap, size_of::<[usize; 64]>()), Ok(()));
        assert!(heap.holds(other.cast()) && heap.stats().total < empty.total);
        assert_eq!((heap.stats().used, heap.stats().peak), (0, 0));
        let block = heap.allocate(Data, 8, 8).expect("a block");
        // SAFETY: taken above, and not used.
        unsafe { heap.free(Data, block, 8, 8) }
        assert_eq!(heap.uninit(), Ok(()));
    }

    #[test]
    fn a_heap_without_memory_has_none() {
        let heap = TlsfHeap::new();
        assert_eq!(heap.allocate(Data, 1, 1), None);
        assert_eq!(heap.stats(), HeapStats::default());
        heap.blocks(&mut |_| panic!("a block"));
    }
}
