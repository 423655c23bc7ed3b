//! One export as C writes it down, and as a table keeps it.

// Invariant "C string": what the name of a record points to is NUL-terminated, lives for ever and is never written.
// `Export::new` gets it from its argument's type, `Export::section` from its caller.
#![allow(unsafe_code)]

use core::cmp::Ordering;
use core::ffi::{CStr, c_char};
use core::ptr;

/// One exported symbol; the record that C's `EXPORT_SYMBOL` puts into a link section (Zephyr's
/// `struct llext_const_symbol`: two pointers), and of which [`export_group!`](crate::export_group) makes a group.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Export {
    name: *const c_char,
    address: *const (),
}

// SAFETY: a record is never written, and neither is its name (invariant "C string").
unsafe impl Sync for Export {}
// SAFETY: as above.
unsafe impl Send for Export {}

impl Export {
    /// The record of `name`, a symbol at `address` (with the Thumb bit, for a Thumb function).
    pub const fn new(name: &'static CStr, address: *const ()) -> Self {
        Self {
            name: name.as_ptr(),
            address,
        }
    }

    /// The same, for a name that ends in its NUL: [`export_group!`](crate::export_group) puts that there.
    #[doc(hidden)]
    pub const fn terminated(name: &'static str, address: *const ()) -> Self {
        match CStr::from_bytes_with_nul(name.as_bytes()) {
            Ok(name) => Self::new(name, address),
            Err(_) => panic!("a name without one NUL at its end"),
        }
    }

    /// The records between two symbols of the linker.
    ///
    /// # Safety
    /// `[start, end)` holds records whose names are NUL-terminated strings, and neither ever changes.
    pub(super) const unsafe fn section<'a>(start: *const Self, end: *const Self) -> &'a [Self] {
        // SAFETY: both bound the same link section, by the caller's word.
        let len = unsafe { end.offset_from(start) };
        let len = if len < 0 { 0 } else { len as usize };
        // SAFETY: as above.
        unsafe { &*ptr::slice_from_raw_parts(start, len) }
    }

    /// Its name.
    pub(super) const fn name(&self) -> &'static [u8] {
        // SAFETY: invariant "C string".
        unsafe { CStr::from_ptr(self.name) }.to_bytes()
    }

    /// How its name compares with `wanted`, which has no NUL, and how many letters both begin with. Does not measure the
    /// name first.
    ///
    /// # Safety
    /// Both begin with the same `same` letters, or `same` is 0.
    pub(super) unsafe fn compare(&self, wanted: &[u8], same: usize) -> (Ordering, usize) {
        let mut at = same;
        loop {
            // SAFETY: invariant "C string"; no letter before this one is the NUL, since each is one of `wanted`'s.
            let found = unsafe { *self.name.cast::<u8>().add(at) };
            let letter = wanted.get(at).copied().unwrap_or(0);
            if found != letter {
                return (found.cmp(&letter), at);
            }
            if letter == 0 {
                // A NUL in `wanted` is one behind its end.
                return (Ordering::Equal, at);
            }
            at = at.wrapping_add(1);
        }
    }

    /// Where the symbol is.
    pub(super) const fn place(&self) -> Address {
        Address(self.address)
    }
}

/// Where a symbol is. A pointer and no number: the linker fills it in.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Address(*const ());

// SAFETY: it is only ever looked at as a number.
unsafe impl Sync for Address {}
// SAFETY: as above.
unsafe impl Send for Address {}

impl Address {
    /// Nowhere.
    pub(super) const NULL: Self = Self(ptr::null());

    /// As a number.
    pub(super) fn get(self) -> usize {
        self.0.addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_their_bytes_do() {
        let names = [c"", c"a", c"ab", c"abc", c"abd", c"b", c"\xff"];
        for name in names {
            let record = Export::new(name, ptr::null());
            assert_eq!(record.name(), name.to_bytes());
            for other in names {
                let (a, b) = (name.to_bytes(), other.to_bytes());
                let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                for known in 0..=same {
                    // SAFETY: so many letters are the same.
                    let found = unsafe { record.compare(b, known) };
                    assert_eq!(found, (a.cmp(b), same), "{name:?} {other:?}");
                }
            }
        }
    }
}
