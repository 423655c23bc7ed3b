//! Every heap against a model: random requests of all kinds, sizes and alignments.

use super::MemoryKind::{Data, Instruction, Metadata, ReadOnly};
use super::{BlockHeap, Heap, HeapBlock, HeapError, MemoryKind, SplitHeap, TlsfHeap, check_fit};
use std::boxed::Box;
use std::ptr::NonNull;
use std::vec::Vec;

/// Bytes of a stretch of memory.
const SIZE: usize = 32 * 1024;
/// Where the target sees the stretches.
const CODE: usize = 0x1000_0000;
const VARIABLES: usize = 0x2000_0000;

#[repr(align(8192))]
struct Memory([u8; SIZE]);

/// Memory that is returned to nobody: a heap's contract asks for as much life as itself.
fn memory() -> NonNull<[u8]> {
    NonNull::from(&mut Box::leak(Box::new(Memory([0x5a; SIZE]))).0)
}

struct Taken {
    kind: MemoryKind,
    at: NonNull<u8>,
    size: usize,
    align: usize,
    fill: u8,
}

impl Taken {
    /// What the block holds was written by nobody else.
    fn is_intact(&self) -> bool {
        // SAFETY: the block is ours, initialised, and no other reference to it exists.
        let bytes = unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.size) };
        bytes.iter().all(|&byte| byte == self.fill)
    }
}

/// The model: what is out, and a generator of requests.
struct Model<'h> {
    heap: &'h dyn Heap,
    out: Vec<Taken>,
    random: u32,
}

impl Model<'_> {
    fn next(&mut self, limit: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.random >> 8) as usize % limit
    }

    fn take(&mut self) -> bool {
        let kind = MemoryKind::ALL[self.next(MemoryKind::ALL.len())];
        let (small, large) = (self.next(64), self.next(6000));
        let size = 1 + if self.next(3) == 0 { large } else { small };
        let align = 1 << self.next(11);
        let before = self.heap.stats();
        let Some(at) = self.heap.allocate(kind, size, align) else {
            assert_eq!(self.heap.stats(), before, "a refusal changes nothing");
            return false;
        };
        let (address, bounds) = (self.heap.address(at), self.heap.bounds(kind));
        assert_eq!((address % align, at.addr().get() % align), (0, 0));
        assert!(bounds.start <= address && address + size <= bounds.end);
        let fill = self.next(256) as u8;
        // SAFETY: so many bytes are ours now.
        unsafe { at.write_bytes(fill, size) };
        self.out.push(Taken {
            kind,
            at,
            size,
            align,
            fill,
        });
        true
    }

    fn give_back(&mut self) {
        let index = self.next(self.out.len());
        let taken = self.out.swap_remove(index);
        assert!(taken.is_intact(), "blocks overlap");
        // SAFETY: taken from this heap as it says, and not used any more.
        unsafe {
            self.heap
                .free(taken.kind, taken.at, taken.size, taken.align)
        };
    }

    /// Asks whether some requests will be met when some blocks are given back; if so, they are. Returns what the answer was.
    fn foresee(&mut self) -> bool {
        let mut gone = Vec::new();
        for _ in 0..self.next(self.out.len() + 1) {
            let index = self.next(self.out.len());
            gone.push(self.out.swap_remove(index));
        }
        let requests: Vec<_> = (0..1 + self.next(5))
            .map(|_| {
                let kind = MemoryKind::ALL[self.next(MemoryKind::ALL.len())];
                let limit = [64, 1000, SIZE][self.next(3)];
                (kind, self.next(limit), 1 << self.next(8))
            })
            .collect();
        let heap = self.heap;
        let is_gone = |block: &HeapBlock| {
            let inside = |address| address < block.address + block.size && block.address <= address;
            let meets = |taken: &Taken| {
                let start = heap.address(taken.at);
                inside(start) || (start..start + taken.size).contains(&block.address)
            };
            gone.iter().any(meets)
        };
        let answer = check_fit(heap, &is_gone, &requests);
        for taken in gone {
            // SAFETY: taken from this heap as it says, and not used any more.
            unsafe { heap.free(taken.kind, taken.at, taken.size, taken.align) };
        }
        let mut met = Vec::new();
        for (kind, size, align) in requests.into_iter().filter(|(_, size, _)| *size != 0) {
            match heap.allocate(kind, size, align) {
                Some(at) => met.push((kind, at, size, align)),
                None => assert_ne!(answer, Ok(()), "{size} at {align}"),
            }
        }
        for (kind, at, size, align) in met {
            // SAFETY: just taken.
            unsafe { heap.free(kind, at, size, align) };
        }
        answer.is_ok()
    }

    /// The heap's figures fit what is out, and each other.
    fn check(&self) {
        let stats = self.heap.stats();
        assert_eq!(stats.used + stats.free, stats.total);
        assert!(stats.peak >= stats.used);
        assert!(stats.used >= self.out.iter().map(|taken| taken.size).sum());
        let blocks = blocks(self.heap);
        let used: usize = blocks
            .iter()
            .filter(|block| block.used)
            .map(|block| block.size)
            .sum();
        assert_eq!(used, stats.used);
        assert_eq!(
            blocks.iter().map(|block| block.size).sum::<usize>(),
            stats.total
        );
        for kind in MemoryKind::ALL {
            let largest = self.heap.stats_of(kind).largest;
            if largest == 0 {
                continue;
            }
            let at = self
                .heap
                .allocate(kind, largest, 1)
                .expect("the largest request");
            // SAFETY: just taken.
            unsafe { self.heap.free(kind, at, largest, 1) };
        }
        assert_eq!(self.heap.stats().used, stats.used);
    }
}

fn blocks(heap: &dyn Heap) -> Vec<HeapBlock> {
    let mut blocks = Vec::new();
    heap.blocks(&mut |block| blocks.push(block));
    blocks
}

/// Random requests; in the end all is as it was, so that nothing stays in splinters.
fn exercise(heap: &dyn Heap) {
    let (empty, room) = (blocks(heap), heap.stats());
    assert_eq!(room.used, 0);
    let (mut refused, mut foreseen) = (0, 0);
    for seed in 0..if cfg!(miri) { 2 } else { 40 } {
        let mut model = Model {
            heap,
            out: Vec::new(),
            random: seed,
        };
        for _ in 0..if cfg!(miri) { 60 } else { 600 } {
            if model.out.is_empty() || model.next(5) < 3 {
                refused += usize::from(!model.take());
            } else {
                model.give_back();
            }
        }
        model.check();
        for _ in 0..4 {
            foreseen += usize::from(model.foresee());
        }
        while !model.out.is_empty() {
            model.give_back();
        }
        model.check();
        assert_eq!(blocks(heap), empty);
        assert_eq!((heap.stats().used, heap.stats().largest), (0, room.largest));
    }
    assert!(cfg!(miri) || refused > 0, "it was never full");
    assert!(cfg!(miri) || foreseen > 20, "{foreseen} rows foreseen");
    for kind in MemoryKind::ALL {
        for (size, align) in [
            (usize::MAX, 1),
            (usize::MAX, 8),
            (SIZE + 1, 1),
            (8, 3),
            (8, 0),
        ] {
            assert_eq!(heap.allocate(kind, size, align), None, "{size} at {align}");
        }
    }
}

fn split() -> SplitHeap {
    let heap = SplitHeap::new();
    // SAFETY: the memory is leaked.
    unsafe { heap.init_split_mapped((memory(), CODE), (memory(), VARIABLES)) }.expect("a heap");
    heap
}

fn fixed(block_size: usize) -> BlockHeap<8> {
    let heap = BlockHeap::new();
    // SAFETY: the memory is leaked.
    unsafe { heap.init_mapped((memory(), CODE), block_size, (memory(), VARIABLES)) }
        .expect("a heap");
    heap
}

#[test]
fn one_heap_keeps_to_the_model() {
    let heap = TlsfHeap::new();
    // SAFETY: the memory is leaked.
    unsafe { heap.init_mapped(memory().cast(), SIZE, CODE) }.expect("a heap");
    exercise(&heap);
    assert!(heap.is_one());
}

#[test]
fn a_split_heap_keeps_to_the_model() {
    let heap = split();
    exercise(&heap);
    let (code, data) = (heap.bounds(Instruction), heap.bounds(Data));
    assert!(!heap.is_one() && code.start == CODE && data.start == VARIABLES);
    assert_eq!(
        [Metadata, ReadOnly].map(|kind| heap.bounds(kind)),
        [data.clone(), data]
    );
}

#[test]
fn a_sealed_heap_has_apart_what_extensions_write() {
    let heap = SplitHeap::new_sealed();
    // SAFETY: the memory is leaked.
    unsafe { heap.init_split_mapped((memory(), CODE), (memory(), VARIABLES)) }.expect("a heap");
    exercise(&heap);
    let starts = MemoryKind::ALL.map(|kind| heap.bounds(kind).start);
    assert_eq!(starts, [CODE, CODE, VARIABLES, CODE]);
    assert!(!heap.is_one());
    let one = SplitHeap::new_sealed();
    // SAFETY: the memory is leaked.
    unsafe { one.init(memory().cast(), SIZE) }.expect("a heap");
    assert!(one.is_one() && one.bounds(Instruction) == one.bounds(Data));
}

#[test]
fn fixed_blocks_keep_to_the_model() {
    for block_size in [128, 200, 256, 1024, 4096] {
        exercise(&fixed(block_size));
    }
}

#[test]
fn runs_of_blocks_fill_gaps_that_are_long_enough() {
    let heap = fixed(1024);
    let take = |size| heap.allocate(Data, size, 4).expect("a run");
    let block = |at| (heap.address(at) - CODE) / 1024;
    let runs = [1, 1025, 1024, 5000].map(take);
    assert_eq!(runs.map(block), [0, 1, 3, 4]);
    // SAFETY: taken above, and not used.
    unsafe { heap.free(Data, runs[1], 1025, 4) };
    assert_eq!(block(take(2049)), 9, "the gap has two blocks");
    assert_eq!(block(take(2048)), 1);
    let stats = heap.stats_of(Data);
    assert_eq!((stats.used, stats.largest), (12 * 1024, 20 * 1024));
    let aligned = heap.allocate(Instruction, 1, 8192);
    assert_eq!(aligned.map(block), Some(16));
}

#[test]
fn fixed_blocks_are_taken_once_and_given_back() {
    let heap = BlockHeap::<1>::new();
    let (first, second, notes) = (memory(), memory(), memory());
    // SAFETY: the memory is leaked.
    let init = |memory, size| unsafe { heap.init(memory, size, notes) };
    assert_eq!(heap.uninit(), Err(HeapError::NoMemory));
    assert_eq!(init(first, 0), Err(HeapError::TooSmall));
    assert_eq!(init(first, SIZE + 1), Err(HeapError::TooSmall));
    assert_eq!(init(first, SIZE / 64), Err(HeapError::TooManyBlocks));
    assert_eq!(heap.allocate(Data, 1, 1), None);
    assert_eq!(init(first, SIZE / 32), Ok(()));
    assert_eq!(init(second, SIZE / 32), Err(HeapError::HasMemory));
    let note = heap.allocate(Metadata, 10, 4).expect("metadata");
    assert_eq!(heap.uninit(), Err(HeapError::InUse));
    // SAFETY: just taken.
    unsafe { heap.free(Metadata, note, 10, 4) };
    let whole = heap.allocate(Instruction, SIZE, 4).expect("all blocks");
    assert_eq!(
        (heap.uninit(), heap.allocate(Data, 1, 1)),
        (Err(HeapError::InUse), None)
    );
    // SAFETY: just taken.
    unsafe { heap.free(Instruction, whole, SIZE, 4) };
    assert_eq!((heap.uninit(), heap.stats().total), (Ok(()), 0));
    assert_eq!(init(second, SIZE / 32), Ok(()));
}

#[test]
fn a_split_heap_is_given_memory_while_it_runs() {
    let heap = SplitHeap::new();
    let (code, data, small) = (
        memory(),
        memory(),
        NonNull::slice_from_raw_parts(memory().cast(), 8),
    );
    // SAFETY: the memory is leaked.
    let split = |code, data| unsafe { heap.init_split(code, data) };
    assert_eq!(heap.uninit(), Err(HeapError::NoMemory));
    assert_eq!(split(small, data), Err(HeapError::TooSmall));
    assert_eq!(split(code, small), Err(HeapError::TooSmall));
    assert_eq!(heap.stats().total, 0);
    // SAFETY: the memory is leaked.
    assert_eq!(unsafe { heap.init(data.cast(), SIZE) }, Ok(()));
    assert_eq!(split(code, data), Err(HeapError::HasMemory));
    assert!(heap.is_one() && heap.bounds(Instruction) == heap.bounds(Data));
    let block = heap.allocate(Instruction, 10, 4).expect("a block");
    assert_eq!(heap.uninit(), Err(HeapError::InUse));
    // SAFETY: just taken.
    unsafe { heap.free(Instruction, block, 10, 4) };
    assert_eq!(heap.uninit(), Ok(()));
    assert_eq!(split(code, data), Ok(()));
    let block = heap.allocate(Instruction, 10, 4).expect("a block");
    assert!(!heap.bounds(Data).contains(&heap.address(block)));
    assert_eq!(heap.uninit(), Err(HeapError::InUse));
    // SAFETY: just taken.
    unsafe { heap.free(Instruction, block, 10, 4) };
    assert_eq!(heap.uninit(), Ok(()));
}
