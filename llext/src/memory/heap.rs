//! The trait between the loader and whoever owns the memory.

use core::{ops::Range, ptr::NonNull};

/// What memory is for. A heap may serve kinds from different memory, or all from the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryKind {
    /// Code: what the processor fetches instructions from, and the loader writes once.
    Instruction,
    /// Constants: what extensions read, and the loader writes once.
    ReadOnly,
    /// What extensions read and write: variables, and blocks that they allocate.
    Data,
    /// What the loader alone reads and writes: descriptors, and scratch while it loads.
    Metadata,
}

impl MemoryKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Instruction,
        Self::ReadOnly,
        Self::Data,
        Self::Metadata,
    ];

    /// What a descriptor lies in: by itself, or in `one` block with its regions, which may be written.
    pub(crate) const fn of_descriptor(one: bool) -> Self {
        match one {
            true => Self::Data,
            false => Self::Metadata,
        }
    }
}

/// Memory that extensions live in.
///
/// Methods take `&self`: the loader and the extensions that it loaded (through `malloc`) share one heap.
///
/// # Safety
/// `allocate` returns memory of at least `size` bytes, aligned to `align`, that nothing else uses until it is given
/// back by `free`, and whose bytes are initialised (to anything: memory of a linker's symbol, or a zeroed static).
/// Its addresses, as `address` gives them, follow each other as the bytes do and lie in `bounds` of its kind.
pub unsafe trait Heap {
    /// Memory of `size` bytes, aligned to `align` (a power of two); `None` when there is not enough.
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>>;

    /// Gives back what `allocate` returned, with the same `kind`, `size` and `align`.
    ///
    /// # Safety
    /// `block` came from `allocate` of this heap with this `kind`, `size` and `align` and is used no more.
    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize);

    /// The same near the end of the longest free block, if the heap has a choice, so that most of that stays in one piece with what
    /// is freed before it.
    fn allocate_last(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        self.allocate(kind, size, align)
    }

    /// The address that the target sees `at` at. Where the loader runs on the target itself, that is the pointer;
    /// a host that prepares memory for another machine says its own.
    fn address(&self, at: NonNull<u8>) -> usize {
        at.as_ptr() as usize
    }

    /// All target addresses that this heap can ever hand out for `kind` lie in here. The loader decides by it
    /// which calls need a veneer, before any memory is taken.
    fn bounds(&self, kind: MemoryKind) -> Range<usize>;

    /// How full the heap is: all of its memory together.
    fn stats(&self) -> HeapStats;

    /// How full the memory is that serves `kind`.
    fn stats_of(&self, _kind: MemoryKind) -> HeapStats {
        self.stats()
    }

    /// Whether all kinds come from the same memory, so that one block may serve several of them.
    fn is_one(&self) -> bool {
        false
    }

    /// Whether extensions may read memory for instructions, but not write it. Then what is code and data in one piece, the image
    /// of a linked file, comes from memory for data.
    fn is_sealed(&self) -> bool {
        false
    }

    /// Walks the heap's blocks, each stretch of memory in address order.
    fn blocks(&self, each: &mut dyn FnMut(HeapBlock));

    /// How many bytes are left in one piece, at least, of `stretch` free bytes in one piece that blocks may lie in (their headers
    /// included, as [`blocks`](Self::blocks) counts them) when a request is met from there. While there is such a stretch, the
    /// request has to be met, from wherever. A heap that does not know promises nothing.
    ///
    /// # Errors
    /// The stretch may be too short: how many bytes, at this alignment, are sure to be found there.
    fn rest_of(
        &self,
        _kind: MemoryKind,
        _stretch: usize,
        _size: usize,
        _align: usize,
    ) -> Result<usize, usize> {
        Err(0)
    }
}

/// Why a heap did not take memory, or did not give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapError {
    /// It has memory already: `uninit` first.
    HasMemory,
    /// It has no memory: `init` first.
    NoMemory,
    /// Too little to hold even the heap's own data.
    TooSmall,
    /// More blocks than the heap has bits for: make them larger.
    TooManyBlocks,
    /// Something that was allocated is in use: unload all extensions first.
    InUse,
}

/// How full a heap is. All figures in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// All that can be handed out at best, free and used.
    pub total: usize,
    /// In use, the allocator's own overhead for it included.
    pub used: usize,
    /// `total - used`.
    pub free: usize,
    /// The largest single request that would succeed now.
    pub largest: usize,
    /// The most that was ever in use.
    pub peak: usize,
}

impl HeapStats {
    /// Two heaps, seen as one.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            total: self.total.saturating_add(other.total),
            used: self.used.saturating_add(other.used),
            free: self.free.saturating_add(other.free),
            largest: self.largest.max(other.largest),
            peak: self.peak.saturating_add(other.peak),
        }
    }
}

/// One block of a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapBlock {
    /// Target address of its first byte.
    pub address: usize,
    /// Length in bytes.
    pub size: usize,
    /// Whether it is in use.
    pub used: bool,
}
