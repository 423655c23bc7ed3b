//! Memory for extensions. (Skeleton.)
mod heap;
pub use heap::{Heap, HeapBlock, HeapStats};

use crate::ExtensionId;
use core::ptr::NonNull;

/// A [`Heap`] over one stretch of memory: `rlsf`'s two-level segregated fit.
pub struct TlsfHeap { _todo: () }

impl TlsfHeap {
    /// A heap without memory.
    pub const fn new() -> Self { Self { _todo: () } }
    /// Gives the heap its memory; once.
    ///
    /// # Safety
    /// `[start, start + size)` is memory that nothing else uses, for as long as the heap lives.
    pub unsafe fn init(&self, start: NonNull<u8>, size: usize) { let _ = (start, size); todo!() }
}

/// `malloc` for extensions: blocks that know their owner, in a heap of the firmware's choice.
pub struct OwnedBlocks { _todo: () }

/// What an owner holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage { /// Blocks.
    pub blocks: usize, /// Bytes, as asked for.
    pub bytes: usize }

impl OwnedBlocks {
    /// No blocks yet.
    pub const fn new() -> Self { Self { _todo: () } }
    /// C's `malloc`, 8-aligned; null when there is no memory.
    pub fn malloc(&self, heap: &dyn Heap, owner: ExtensionId, size: usize) -> *mut u8 { let _ = (heap, owner, size); todo!() }
    /// C's `realloc`.
    pub fn realloc(&self, heap: &dyn Heap, owner: ExtensionId, block: *mut u8, size: usize) -> *mut u8 { let _ = (heap, owner, block, size); todo!() }
    /// C's `free`; false (and nothing done) for a pointer that is no live block.
    pub fn free(&self, heap: &dyn Heap, block: *mut u8) -> bool { let _ = (heap, block); todo!() }
    /// What `owner` holds.
    pub fn usage(&self, owner: ExtensionId) -> Usage { let _ = owner; todo!() }
    /// Frees all that `owner` holds, and says how much it was.
    pub fn reclaim(&self, heap: &dyn Heap, owner: ExtensionId) -> Usage { let _ = (heap, owner); todo!() }
}
