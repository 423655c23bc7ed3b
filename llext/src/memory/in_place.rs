//! A file that may be used where it lies.
//!
//! Invariant *apart*: while a section is patched where it lies, no bytes of it are borrowed. What a load borrows at that
//! time is section headers, symbols and names, none of which lie in such a section (`Plan::stays`), and the
//! relocations of the section itself, which do not either (`Plan::relocations`).

use super::copy;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;

/// Where a file lies that may be used there: what a dry run has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// Target address of the first byte.
    pub address: usize,
    /// Length of the file in bytes.
    pub len: usize,
    /// Whether the loader may patch the bytes.
    pub is_writable: bool,
}

/// The bytes of a file that outlive what is loaded from it, so that sections may stay where they are.
#[derive(Debug, PartialEq, Eq)]
pub struct InPlace {
    at: NonNull<u8>,
    len: usize,
    address: usize,
    writable: bool,
}

// SAFETY: bytes that nobody writes may be read from anywhere; those that are writable belong to who has this alone.
unsafe impl Send for InPlace {}

impl InPlace {
    /// The `len` bytes at `at`, which the target sees at `address`. Where the loader runs on the target itself, that is
    /// the pointer. With `writable`, all but zeroed data stays and is patched; else only what needs no change stays.
    ///
    /// # Safety
    /// From now on, and until everything that is loaded from this file is unloaded: the bytes are initialised and
    /// stay as they are, unless an extension changes its own; and if `writable`, nothing but the loader and what it
    /// loads reads or writes them.
    pub const unsafe fn new(at: NonNull<u8>, len: usize, address: usize, writable: bool) -> Self {
        Self {
            at,
            len,
            address,
            writable,
        }
    }

    /// Bytes that nobody ever writes.
    pub(crate) fn persistent(bytes: &'static [u8]) -> Self {
        Self {
            at: NonNull::from(bytes).cast(),
            len: bytes.len(),
            address: bytes.as_ptr().addr(),
            writable: false,
        }
    }

    /// Bytes that are the loader's from now on.
    pub(crate) fn writable(bytes: &'static mut [u8]) -> Self {
        Self {
            len: bytes.len(),
            address: bytes.as_ptr().addr(),
            at: NonNull::from(bytes).cast(),
            writable: true,
        }
    }

    /// The same once more. Of writable bytes, one of the two goes to a load, and the other one only reads.
    pub(crate) fn again(&self) -> Self {
        Self { ..*self }
    }

    /// The first byte.
    pub const fn start(&self) -> NonNull<u8> {
        self.at
    }

    /// Length of the file in bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the file has no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Target address of the first byte.
    pub const fn address(&self) -> usize {
        self.address
    }

    /// Whether the loader may patch the bytes.
    pub const fn is_writable(&self) -> bool {
        self.writable
    }

    /// Where it lies.
    pub const fn place(&self) -> FilePlace {
        FilePlace {
            address: self.address,
            len: self.len,
            is_writable: self.writable,
        }
    }

    /// All bytes, unless they may be written.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: initialised and unchanged by the contract of `new`.
        (!self.writable).then(|| unsafe { slice::from_raw_parts(self.at.as_ptr(), self.len) })
    }

    /// Copies bytes from `offset` on as they are now; false if the file ends before.
    pub(crate) fn read(&self, offset: usize, into: &mut [u8]) -> bool {
        let end = offset.checked_add(into.len());
        let fits = end.is_some_and(|end| end <= self.len);
        if fits {
            // SAFETY: the range was checked. The bytes are borrowed for the copy alone, since an extension may write them.
            copy(into, unsafe {
                slice::from_raw_parts(self.at.as_ptr().add(offset), into.len())
            });
        }
        fits
    }
}

/// Bytes that are borrowed piece by piece, because others of them may be patched meanwhile (*apart*).
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'b> {
    at: NonNull<u8>,
    len: usize,
    _bytes: PhantomData<&'b [u8]>,
}

impl<'b> Pieces<'b> {
    /// Of bytes that nobody writes.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        Self {
            at: NonNull::from(bytes).cast(),
            len: bytes.len(),
            _bytes: PhantomData,
        }
    }

    /// Of a file that outlives what is loaded from it.
    pub(crate) fn of_file(file: &'b InPlace) -> Self {
        Self {
            at: file.at,
            len: file.len,
            _bytes: PhantomData,
        }
    }

    /// `len` bytes at `offset`; `None` if there are less.
    #[inline]
    pub(crate) fn get(&self, offset: usize, len: usize) -> Option<&'b [u8]> {
        let fits = offset <= self.len && len <= self.len.wrapping_sub(offset);
        // SAFETY: the range was checked, and its bytes are initialised; they are not written while they are borrowed: by
        // nobody, or *apart*.
        fits.then(|| unsafe { slice::from_raw_parts(self.at.as_ptr().add(offset), len) })
    }
}
