//! What a firmware offers to extensions.
//!
//! The linker sorts the records by name, so a lookup is a binary search and start-up does nothing.

// The records are C's: two pointers. Reading the name behind one is the only unsafe thing here.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_char};
use core::ptr;

/// One exported symbol; the record that `EXPORT_SYMBOL` and `#[export]` put into a link section
/// (Zephyr's `struct llext_const_symbol`: two pointers).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Export {
    name: *const c_char,
    address: *const (),
}

// SAFETY: a record is never written, and what `name` points to is `'static` and never written (see `new`).
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

    fn name(&self) -> &'static CStr {
        // SAFETY: `name` comes from `new`, or from a section whose records the caller of `from_section` vouched for:
        // a NUL-terminated string that lives for ever.
        unsafe { CStr::from_ptr(self.name) }
    }

    fn address(&self) -> usize {
        self.address.addr()
    }
}

/// A table of exports, sorted by name.
#[derive(Clone, Copy, Debug)]
pub struct Exports<'a> {
    records: &'a [Export],
}

impl<'a> Exports<'a> {
    /// The table of `records`, which are sorted by name, byte by byte. A symbol in the wrong place is not found.
    pub const fn new(records: &'a [Export]) -> Self {
        Self { records }
    }

    /// The table that the linker has laid between two of its symbols.
    ///
    /// # Safety
    /// `[start, end)` holds records whose names are NUL-terminated strings, and neither ever changes.
    pub const unsafe fn from_section(start: *const Export, end: *const Export) -> Self {
        // SAFETY: both bound the same link section, by the caller's word.
        let len = unsafe { end.offset_from(start) };
        let len = if len < 0 { 0 } else { len as usize };
        // SAFETY: as above.
        let records = unsafe { &*ptr::slice_from_raw_parts(start, len) };
        Self { records }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether the records are in order: a check for tests and for a firmware's first start.
    pub fn is_sorted(&self) -> bool {
        self.records.is_sorted_by(|a, b| a.name() < b.name())
    }

    /// The address of `name`.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.address(self.position(name)?)
    }

    /// Names and addresses, in order of names. A name that is not UTF-8 is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, usize)> + use<'a> {
        self.records
            .iter()
            .filter_map(|record| Some((record.name().to_str().ok()?, record.address())))
    }

    /// The place of `name` in the table.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        self.records
            .binary_search_by(|record| record.name().to_bytes().cmp(name))
            .ok()
    }

    /// The address of the record at `position`.
    pub(crate) fn address(&self, position: usize) -> Option<usize> {
        self.records.get(position).map(Export::address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn record(name: &'static CStr, address: usize) -> Export {
        Export::new(name, ptr::without_provenance(address))
    }

    static RECORDS: [Export; 4] = [
        record(c"Zed", 0x40),
        record(c"abs", 0x11),
        record(c"memcpy", 0x21),
        record(c"memset", 0x31),
    ];

    #[test]
    fn finds_every_name_and_no_other() {
        let exports = Exports::new(&RECORDS);
        assert!(exports.is_sorted());
        for (name, address) in exports.iter() {
            assert_eq!(exports.find(name.as_bytes()), Some(address));
        }
        for missing in ["", "A", "mem", "memcpy2", "zz"] {
            assert_eq!(exports.find(missing.as_bytes()), None);
        }
        assert_eq!(Exports::new(&[]).find(b"abs"), None);
    }

    #[test]
    fn reads_a_section_between_two_symbols() {
        let range = RECORDS.as_ptr_range();
        // SAFETY: the bounds of a static table.
        let exports = unsafe { Exports::from_section(range.start, range.end) };
        assert_eq!(exports.len(), 4);
        assert_eq!(exports.find(b"abs"), Some(0x11));
    }
}
