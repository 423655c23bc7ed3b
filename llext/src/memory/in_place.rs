//! A file that may be used where it lies.

use core::ptr::NonNull;

/// The bytes of a file that outlive what is loaded from it, so that sections may stay where they are.
#[derive(Debug, PartialEq, Eq)]
pub struct InPlace {
    at: NonNull<u8>,
    len: usize,
    address: usize,
    writable: bool,
}

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
}
