//! Memory that a load holds and gives back if it is not finished (invariant 2, *refuse first*).

use super::{Heap, MemoryKind};
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;

/// A block of a heap, given back when dropped.
pub(crate) struct Block<'h> {
    heap: &'h dyn Heap,
    kind: MemoryKind,
    at: NonNull<u8>,
    size: usize,
    align: usize,
}

impl<'h> Block<'h> {
    /// Takes `size` bytes (at least one) aligned to `align`, a power of two; `None` if there is no such block.
    pub(crate) fn take(
        heap: &'h dyn Heap,
        kind: MemoryKind,
        size: usize,
        align: usize,
    ) -> Option<Self> {
        let at = heap.allocate(kind, size.max(1), align)?;
        Some(Self {
            heap,
            kind,
            at,
            size,
            align,
        })
    }

    /// Target address of the first byte.
    pub(crate) fn address(&self) -> usize {
        self.heap.address(self.at)
    }

    /// The bytes; not zeroed.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: as below, and `self` is borrowed.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.size) }
    }

    /// The bytes; not zeroed.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the block is ours alone until it is freed, and a heap hands out initialised bytes (`Heap::allocate`).
        unsafe { slice::from_raw_parts_mut(self.at.as_ptr(), self.size) }
    }

    /// The block without its owner: who takes it frees it, with its kind, size and alignment.
    pub(crate) fn into_raw(self) -> (NonNull<u8>, usize, usize) {
        let raw = (self.at, self.size, self.align);
        mem::forget(self);
        raw
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // SAFETY: `take` got the block from this heap with this kind, size (at least one) and alignment; it is not used again.
        unsafe {
            self.heap
                .free(self.kind, self.at, self.size.max(1), self.align)
        }
    }
}

/// Types for which every byte pattern is a value.
///
/// # Safety
/// All of `size_of::<Self>()` zero bytes are a valid value, and there is no padding.
pub(crate) unsafe trait Zero: Copy {}

// SAFETY: an integer.
unsafe impl Zero for u32 {}
// SAFETY: two integers.
unsafe impl Zero for [u32; 2] {}

/// A zeroed array in a heap, given back when dropped: the scratch of a load.
pub(crate) struct Array<'h, T: Zero> {
    block: Block<'h>,
    len: usize,
    _items: PhantomData<T>,
}

impl<'h, T: Zero> Array<'h, T> {
    /// Takes room for `len` items; `None` if there is none.
    pub(crate) fn take(heap: &'h dyn Heap, len: usize) -> Option<Self> {
        let size = len.checked_mul(size_of::<T>())?;
        let mut block = Block::take(heap, MemoryKind::Metadata, size, align_of::<T>())?;
        super::zero(block.bytes_mut());
        Some(Self {
            block,
            len,
            _items: PhantomData,
        })
    }
}

impl<T: Zero> Deref for Array<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the block holds `len` items, aligned for them, zeroed at first and only written as items since.
        unsafe { slice::from_raw_parts(self.block.at.cast().as_ptr(), self.len) }
    }
}

impl<T: Zero> DerefMut for Array<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed for writing.
        unsafe { slice::from_raw_parts_mut(self.block.at.cast().as_ptr(), self.len) }
    }
}
