//! Regions of loaded extensions.

use super::{Heap, InPlace, MemoryKind};
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use core::slice;

/// A region that a loaded extension holds: a block of a heap without a guard, since the extension lives on
/// when the load ends. A region without bytes has no block.
pub(crate) struct Held {
    at: NonNull<u8>,
    address: usize,
    /// Size in bytes, and above it the logarithm of the alignment.
    size_and_align: u32,
}

const SIZE_BITS: u32 = 27;
/// In place of an alignment: the region is a part of another block, or it is no block: a file that may be patched, or not.
const PART: u32 = 31;
const PATCHED: u32 = 30;
const KEPT: u32 = 29;

impl Held {
    /// Where the address is, for debuggers.
    pub(crate) const ADDRESS: usize = offset_of!(Self, address);
    /// Where the size is, below the bit of [`LIMIT`](Self::LIMIT).
    pub(crate) const SIZE: usize = offset_of!(Self, size_and_align);

    /// No region.
    pub(crate) const NONE: Self = Self {
        at: NonNull::dangling(),
        address: 0,
        size_and_align: 0,
    };

    /// No region, made where it stays.
    #[inline(always)]
    pub(crate) fn none() -> Self {
        Self {
            at: NonNull::dangling(),
            address: 0,
            size_and_align: 0,
        }
    }

    /// Regions are smaller than this, in bytes.
    pub(crate) const LIMIT: usize = 1 << SIZE_BITS;

    /// Takes `size` bytes aligned to `align`, a power of two; nothing if that is none. An error is what the heap did not
    /// have. No heap has `LIMIT` bytes.
    #[inline(never)]
    pub(crate) fn take(
        heap: &dyn Heap,
        kind: MemoryKind,
        size: usize,
        align: usize,
    ) -> Result<Self, (MemoryKind, usize)> {
        if size == 0 {
            return Ok(Self::NONE);
        }
        let at = match size < Self::LIMIT && align < Self::LIMIT {
            true => heap.allocate(kind, size, align).ok_or((kind, size))?,
            false => return Err((kind, size)),
        };
        Ok(Self {
            at,
            address: heap.address(at),
            size_and_align: align.trailing_zeros() << SIZE_BITS | size as u32,
        })
    }

    /// `size` bytes at `offset`, which are not freed on their own; none if they do not lie in it.
    #[inline(never)]
    pub(crate) fn part(&self, offset: usize, size: usize) -> Self {
        if size == 0 || offset.saturating_add(size) > self.size() {
            return Self::NONE;
        }
        Self {
            // SAFETY: the offset was checked to lie in the block.
            at: unsafe { self.at.add(offset) },
            address: self.address.wrapping_add(offset),
            size_and_align: PART << SIZE_BITS | size as u32,
        }
    }

    /// The first byte.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.at
    }

    /// Size in bytes, and above it the logarithm of the alignment.
    pub(crate) fn layout(&self) -> u32 {
        self.size_and_align
    }

    /// The region that `start` and `layout` gave.
    ///
    /// # Safety
    /// They are those of a region that is held by nobody else.
    pub(crate) unsafe fn from_layout(at: NonNull<u8>, size_and_align: u32) -> Self {
        let address = 0;
        Self {
            at,
            address,
            size_and_align,
        }
    }

    /// The bytes, to be written.
    ///
    /// # Safety
    /// Nothing else uses them while they are borrowed.
    pub(crate) unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: they are initialised (`Heap::allocate`) and held; nothing else uses them, by the caller's word.
        unsafe { slice::from_raw_parts_mut(self.at.as_ptr(), self.size()) }
    }

    /// A file of less than `LIMIT` bytes that sections stay in.
    pub(crate) fn file(file: &InPlace) -> Self {
        let tag = if file.is_writable() { PATCHED } else { KEPT };
        Self {
            at: file.start(),
            address: file.address(),
            size_and_align: tag << SIZE_BITS | file.len() as u32,
        }
    }

    /// `len` bytes at `offset`, to be patched where they lie by the load that the file was given to; none if it is no file
    /// that may be patched, or ends before. The rest of the file may be read meanwhile.
    pub(crate) fn patch(&mut self, offset: usize, len: usize) -> &mut [u8] {
        let fits = offset
            .checked_add(len)
            .is_some_and(|end| end <= self.size());
        if !fits || !self.is_patched() {
            return &mut [];
        }
        // SAFETY: the range was checked. Writable bytes of a file are the load's alone (`InPlace::new`).
        unsafe { slice::from_raw_parts_mut(self.at.as_ptr().add(offset), len) }
    }

    /// Whether it is a file that has been patched.
    pub(crate) fn is_patched(&self) -> bool {
        self.size_and_align >> SIZE_BITS == PATCHED
    }

    /// Target address of the first byte.
    pub(crate) fn address(&self) -> usize {
        self.address
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        Self::size_in(self.size_and_align)
    }

    /// The size in bytes that a layout says.
    pub(crate) fn size_in(layout: u32) -> usize {
        layout as usize % Self::LIMIT
    }

    /// The offset of `address` in the region, if it lies in it.
    pub(crate) fn offset_of(&self, address: usize) -> Option<usize> {
        address
            .checked_sub(self.address)
            .filter(|&offset| offset < self.size())
    }

    /// Copies bytes from `offset` as they are now; false if not all of them are in the region.
    #[inline(never)]
    pub(crate) fn read(&self, offset: usize, into: &mut [u8]) -> bool {
        let fits = offset
            .checked_add(into.len())
            .is_some_and(|end| end <= self.size());
        if fits {
            // SAFETY: the range was checked, and the block is held until `free`. The extension may write it at any time,
            // so the bytes are copied and never borrowed.
            unsafe { ptr::copy(self.at.as_ptr().add(offset), into.as_mut_ptr(), into.len()) }
        }
        fits
    }

    /// The little-endian word of `size` bytes (at most those of a `usize`) at `offset`.
    #[inline(never)]
    pub(crate) fn word(&self, offset: usize, size: usize) -> Option<usize> {
        let mut word = [0; size_of::<usize>()];
        self.read(offset, word.get_mut(..size)?)
            .then(|| usize::from_le_bytes(word))
    }

    /// The bytes from `offset` on up to `len`, borrowed. For what an extension has no reason to write while the
    /// loader looks: names and the build-id.
    #[inline(never)]
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        let end = offset.saturating_add(len).min(self.size());
        let start = offset.min(end);
        // SAFETY: the range was checked and the bytes are initialised and held. Extension code does not run while a method
        // of the loader is borrowing: both run on one processor, one after the other.
        unsafe { slice::from_raw_parts(self.at.as_ptr().add(start), end.saturating_sub(start)) }
    }

    /// Gives the block back.
    ///
    /// # Safety
    /// `heap` is the heap that the block came from, `kind` is what it was taken as, and nothing uses the region any more, which is not freed a second time.
    pub(crate) unsafe fn free(&self, heap: &dyn Heap, kind: MemoryKind) {
        // What has no bytes has no alignment either.
        if self.size_and_align.wrapping_sub(1) < (KEPT << SIZE_BITS) - 1 {
            let align = 1 << (self.size_and_align >> SIZE_BITS);
            // SAFETY: by the caller's word; size and alignment are those of the block.
            unsafe { heap.free(kind, self.at, self.size(), align) }
        }
    }
}
