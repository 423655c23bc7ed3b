//! What a firmware offers to extensions: names and addresses.
//!
//! A firmware in Rust writes groups of exports down beside what they offer ([`export_group!`](crate::export_group)) and
//! makes one table of them ([`exports!`](crate::exports)). The compiler lays the table out, so that there is nothing to do
//! at start-up or after the link, and a name that is exported twice is a compile error:
//!
//! ```
//! extern "C" fn led_set(_on: bool) {}
//!
//! llext::export_group! {
//!     /// What extensions may do to the LEDs.
//!     pub LEDS: led_set => led_set
//! }
//!
//! static EXPORTS: llext::Exports<'static> = llext::exports![LEDS];
//! assert!(EXPORTS.find(b"led_set").is_some());
//! ```
//!
//! ```compile_fail
//! extern "C" fn f() {}
//! llext::export_group! { A: f => f }
//! llext::export_group! { B: f => f }
//! static EXPORTS: llext::Exports<'static> = llext::exports![A, B]; // error: exported twice: f
//! # fn main() {}
//! ```
//!
//! A firmware in C lets its linker sort records by name: [`Exports::from_section`].
//!
//! # Cost
//! | table | flash, beside names | search for a name of n letters |
//! |---|---|---|
//! | `exports!` | 6.5 bytes an export; names have no NUL | one step for four letters, one comparison, whatever the number of exports |
//! | `exports_by_id!` (feature `slid`) | 8 bytes an export, and no names | a SHA-256, then a binary search |
//! | sorted records | 8 bytes an export, names with their NULs | log₂ of the number of comparisons |
//!
//! A firmware links the search of the table that it makes, and not the others.

mod abi;
mod hash;
mod listing;
mod message;
mod record;
#[cfg(feature = "slid")]
mod sha256;
#[cfg(feature = "slid")]
pub mod slid;
mod sorted;
mod table;
#[cfg(test)]
mod tests;

pub use abi::AbiId;
#[doc(hidden)]
pub use listing::{Listing, listed};
pub use record::Export;
#[cfg(feature = "slid")]
pub use slid::{IdTable, IdView};
#[doc(hidden)]
pub use table::{ExportTable, TableView, buckets, letters, records};

/// Writes a group of exports down: a `const` of type `&[Export]` for [`exports!`](crate::exports).
///
/// `name` alone is a C function (or variable) that is linked already; `name => path` is a Rust function.
///
/// ```
/// extern "C" fn reverse(x: u32) -> u32 { x.reverse_bits() }
/// llext::export_group! {
///     /// Bits.
///     BITS: reverse => reverse, __bit_reverse => reverse
/// }
/// assert_eq!(BITS.len(), 2);
/// ```
#[macro_export]
macro_rules! export_group {
    ($(#[$attribute:meta])* $visibility:vis $group:ident: $($name:ident $(=> $entry:expr)?),+ $(,)?) => {
        $(#[$attribute])*
        $visibility const $group: &[$crate::Export] = &[$($crate::export_group!(@record $name $(=> $entry)?)),+];
    };
    (@record $name:ident) => {
        $crate::export_group!(@record $name => {
            unsafe extern "C" {
                fn $name();
            }
            $name
        })
    };
    (@record $name:ident => $entry:expr) => {
        $crate::Export::terminated(concat!(stringify!($name), "\0"), $entry as *const ())
    };
}

/// Makes the table of all exports in these groups, and is the [`Exports`] of it: see [`export`](mod@crate::export).
///
/// A group is a constant `&[Export]`. One under a `#[cfg(…)]` that does not hold is left out, and what it names is not linked.
#[macro_export]
macro_rules! exports {
    ($($groups:tt)*) => {{
        const GROUPS: &[&[$crate::Export]] = &[$($groups)*];
        const RECORDS: usize = $crate::export::records(GROUPS);
        const LETTERS: usize = $crate::export::letters(GROUPS);
        #[allow(long_running_const_eval, reason = "thousands of exports are no mistake")]
        static TABLE: $crate::export::ExportTable<
            RECORDS,
            { RECORDS + 1 },
            LETTERS,
            { $crate::export::buckets(RECORDS) },
        > = $crate::export::ExportTable::new(GROUPS);
        static VIEW: $crate::export::TableView<'static> = TABLE.view();
        $crate::Exports::of(&VIEW)
    }};
}

/// The same as [`exports!`](crate::exports), with ids instead of names: see [`slid`].
#[cfg(feature = "slid")]
#[macro_export]
macro_rules! exports_by_id {
    ($($groups:tt)*) => {{
        const GROUPS: &[&[$crate::Export]] = &[$($groups)*];
        #[allow(long_running_const_eval, reason = "thousands of exports are no mistake")]
        static TABLE: $crate::export::IdTable<
            { $crate::export::records(GROUPS) },
            { size_of::<usize>() },
        > = $crate::export::IdTable::new(GROUPS);
        static VIEW: $crate::export::IdView<'static> = TABLE.view();
        $crate::Exports::of_ids(&VIEW)
    }};
}

/// A table of exports.
#[derive(Clone, Copy, Debug)]
pub struct Exports<'a> {
    records: Records<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Records<'a> {
    Table(&'a TableView<'a>),
    /// With their search, as below.
    #[cfg(feature = "slid")]
    Ids(&'a slid::IdView<'a>, fn(&slid::IdView<'_>, &[u8]) -> Found),
    /// With their search, which only a firmware links that makes such a table.
    Sorted(&'a [Export], fn(&[Export], &[u8]) -> Found),
}

/// What a search found.
#[derive(Clone, Copy)]
struct Found {
    /// Length of the name in bytes: that of the text, if there is no NUL in it.
    len: usize,
    /// The place of the record, or `NOWHERE`.
    position: usize,
}

impl Found {
    const NOWHERE: usize = usize::MAX;
}

impl<'a> Exports<'a> {
    /// The table of `records`, which are sorted by name, byte by byte. A symbol in the wrong place is not found.
    pub const fn new(records: &'a [Export]) -> Self {
        Self {
            records: Records::Sorted(records, sorted::search),
        }
    }

    /// The table that the linker has laid between two of its symbols, sorted by name.
    ///
    /// # Safety
    /// `[start, end)` holds records whose names are NUL-terminated strings, sorted byte by byte, and nothing of it ever changes.
    #[allow(unsafe_code, reason = "passes the caller's word on")]
    pub const unsafe fn from_section(start: *const Export, end: *const Export) -> Self {
        // SAFETY: the caller's promise.
        let records = unsafe { Export::section(start, end) };
        Self {
            records: Records::Sorted(records, sorted::search_section),
        }
    }

    /// The table that `exports!` made.
    #[doc(hidden)]
    pub const fn of(view: &'a TableView<'a>) -> Self {
        Self {
            records: Records::Table(view),
        }
    }

    /// The table that `exports_by_id!` made.
    #[cfg(feature = "slid")]
    #[doc(hidden)]
    pub const fn of_ids(view: &'a slid::IdView<'a>) -> Self {
        Self {
            records: Records::Ids(view, slid::search),
        }
    }

    /// Whether the table has ids instead of names (feature `slid`).
    pub fn is_by_id(&self) -> bool {
        match self.records {
            #[cfg(feature = "slid")]
            Records::Ids(..) => true,
            _ => false,
        }
    }

    /// The place of the export with this id, in a table of ids.
    #[cfg(feature = "slid")]
    pub fn position_of_id(&self, id: usize) -> Option<usize> {
        match self.records {
            Records::Ids(table, _) => table.position(id),
            _ => None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self.records {
            Records::Sorted(records, _) => records.len(),
            Records::Table(table) => table.len(),
            #[cfg(feature = "slid")]
            Records::Ids(table, _) => table.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every export is found by its name: a check for tests and for a firmware's first start.
    pub fn is_sound(&self) -> bool {
        (0..self.len()).all(|position| {
            self.name(position)
                .is_some_and(|name| self.position(name) == Some(position))
        })
    }

    /// The address of `name`.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.address(self.position(name)?)
    }

    /// Names and addresses, in the table's order. A name that is not UTF-8 is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, usize)> + use<'a> {
        let exports = *self;
        (0..self.len()).filter_map(move |position| exports.get(position))
    }

    /// The export whose name comes next after `last` in the order of bytes: `""` begins. Needs no memory, but looks at all
    /// names.
    pub fn next_by_name(&self, last: &str) -> Option<(&'a str, usize)> {
        let mut next: Option<(&str, usize)> = None;
        for (name, address) in self.iter() {
            if name > last && next.is_none_or(|(best, _)| name < best) {
                next = Some((name, address));
            }
        }
        next
    }

    /// Looks the name up that `text` begins with, which ends with a NUL: the length of the name in bytes (`None` if there
    /// is no NUL in `text`, and then nothing else is known) and its position (`None` if nothing of that name is exported).
    #[inline]
    pub fn look_up(&self, text: &[u8]) -> (Option<usize>, Option<usize>) {
        let found = self.search(text);
        if found.len >= text.len() {
            return (None, None);
        }
        let position = (found.position != Found::NOWHERE).then_some(found.position);
        (Some(found.len), position)
    }

    /// The place of `name` in the table.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        let found = self.search(name);
        let whole = found.len == name.len() && found.position != Found::NOWHERE;
        whole.then_some(found.position)
    }

    /// The address of the export at `position`.
    #[inline]
    pub fn address(&self, position: usize) -> Option<usize> {
        match self.records {
            Records::Sorted(records, _) => Some(records.get(position)?.place().get()),
            Records::Table(table) => table.address(position),
            #[cfg(feature = "slid")]
            Records::Ids(table, _) => table.address(position),
        }
    }

    #[inline(always)]
    fn search(&self, text: &[u8]) -> Found {
        match self.records {
            Records::Table(table) => table.search(text),
            Records::Sorted(records, search) => search(records, text),
            #[cfg(feature = "slid")]
            Records::Ids(table, search) => search(table, text),
        }
    }

    /// The name of the export at `position`.
    fn name(&self, position: usize) -> Option<&'a [u8]> {
        match self.records {
            Records::Sorted(records, _) => records.get(position).map(Export::name),
            Records::Table(table) => table.name(position),
            #[cfg(feature = "slid")]
            Records::Ids(..) => None,
        }
    }

    /// Name and address of the export at `position`; `None` too if the name is not UTF-8.
    fn get(&self, position: usize) -> Option<(&'a str, usize)> {
        let name = core::str::from_utf8(self.name(position)?).ok()?;
        Some((name, self.address(position)?))
    }
}
