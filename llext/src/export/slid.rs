//! Tables without names: each export has an id instead (Zephyr's SLID, "symbol link identifier").
//!
//! The id of a name is the first bytes of its SHA-256, as many as a pointer has, read as a big-endian number: `printk`
//! is 0x87b31052 on 32 bits. A search computes the SHA-256 of the name that an extension asks for, so it costs thousands
//! of instructions, but an export takes two words of flash and its name none. Names that are exported cannot be mistaken
//! for one another, since the compiler refuses a table in which two have the same id:
//!
//! ```compile_fail
//! use llext::{Export, export::IdTable};
//! const COLLIDING: &[Export] = &[
//!     Export::new(c"sym_7e48", core::ptr::null()),
//!     Export::new(c"sym_baef", core::ptr::null()),
//! ];
//! const TABLE: IdTable<2, 4> = IdTable::new(&[COLLIDING]); // error: the same SLID: sym_7e48 and sym_baef
//! # fn main() { let _ = TABLE; }
//! ```
//!
//! A name that is not exported may be taken for one that is: the chance is the number of exports in 2³² (2⁶⁴).

use super::Found;
use super::message::Message;
use super::record::{Address, Export};
use super::sha256;
use super::table;
use sha2::{Digest, Sha256};

/// A table of so many `RECORDS` with ids of so many `BYTES`, made by [`exports_by_id!`](crate::exports_by_id).
#[derive(Debug)]
pub struct IdTable<const RECORDS: usize, const BYTES: usize> {
    ids: [usize; RECORDS],
    addresses: [Address; RECORDS],
}

/// An [`IdTable`] without its size.
#[derive(Debug)]
pub struct IdView<'a> {
    ids: &'a [usize],
    addresses: &'a [Address],
    /// Bytes of an id.
    bytes: usize,
}

impl IdView<'_> {
    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The address of the record at `position`.
    pub(super) fn address(&self, position: usize) -> Option<usize> {
        Some(self.addresses.get(position)?.get())
    }

    /// The place of `id`.
    pub(super) fn position(&self, id: usize) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }
}

/// Looks the name up that `text` begins with.
pub(super) fn search(table: &IdView<'_>, text: &[u8]) -> Found {
    let nul = text.iter().position(|&byte| byte == 0);
    let name = nul.and_then(|len| text.get(..len)).unwrap_or(text);
    Found {
        len: name.len(),
        position: table
            .position(of(name, table.bytes))
            .unwrap_or(Found::NOWHERE),
    }
}

/// The id of `name`, of so many bytes: the size of a pointer of the machine, 4 or 8.
pub fn of(name: &[u8], bytes: usize) -> usize {
    let hash: [u8; 32] = Sha256::digest(name).into();
    let number = hash.iter().take(bytes);
    number.fold(0, |id, &byte| id << 8 | usize::from(byte))
}

// From here on everything runs when a firmware is compiled: a panic is its compiler's error, and nothing is linked.

impl<const RECORDS: usize, const BYTES: usize> IdTable<RECORDS, BYTES> {
    /// The table of all records in `groups`.
    ///
    /// # Panics
    /// That is, the firmware does not compile: two names have the same id, or are the same.
    pub const fn new(groups: &[&[Export]]) -> Self {
        assert!(
            RECORDS == table::records(groups),
            "not the number of these records"
        );
        let records: [Export; RECORDS] = table::gather(groups);
        let mut order = [0u16; RECORDS];
        let mut ids = [0; RECORDS];
        let mut count = 0;
        while count < RECORDS {
            let id = sha256::prefix(records[count].name(), BYTES);
            // Insertion by halving; ids are as good as random, so nothing is gained by looking at their order before.
            let at = place(&ids, count, id);
            if at < count && ids[at] == id {
                refuse(&records[order[at] as usize], &records[count]);
            }
            let mut free = count;
            while free > at {
                (ids[free], order[free]) = (ids[free - 1], order[free - 1]);
                free -= 1;
            }
            (ids[at], order[at]) = (id, count as u16);
            count += 1;
        }
        let mut addresses = [Address::NULL; RECORDS];
        while count > 0 {
            count -= 1;
            addresses[count] = records[order[count] as usize].place();
        }
        Self { ids, addresses }
    }

    /// The table without its size.
    pub const fn view(&'static self) -> IdView<'static> {
        IdView {
            ids: &self.ids,
            addresses: &self.addresses,
            bytes: BYTES,
        }
    }
}

/// The place of the first of `count` sorted ids that is not below `id`.
const fn place(ids: &[usize], count: usize, id: usize) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if ids[middle] < id {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Ends the compilation.
const fn refuse(a: &Export, b: &Export) -> ! {
    let mut message = Message::new("the same SLID: ");
    message.add(a.name());
    message.add(b" and ");
    message.add(b.name());
    panic!("{}", message.text());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exports, exports_by_id};
    use core::ptr::without_provenance;

    const RECORDS: &[Export] = &[
        Export::new(c"printk", without_provenance(0x11)),
        Export::new(c"memcpy", without_provenance(0x21)),
        Export::new(
            c"a_name_that_is_longer_than_a_block_of_sha_256_which_is_sixty_four_bytes",
            without_provenance(0x31),
        ),
        Export::new(c"", without_provenance(0x41)),
    ];

    #[test]
    fn ids_are_zephyrs() {
        assert_eq!(sha256::prefix(b"printk", 4), 0x87b3_1052);
        assert_eq!(of(b"printk", 4), 0x87b3_1052);
    }

    #[test]
    fn finds_every_name_and_no_other() {
        let exports: Exports<'_> = exports_by_id![RECORDS];
        assert!(exports.is_by_id());
        assert_eq!(exports.len(), 4);
        for record in RECORDS {
            let address = Some(record.place().get());
            assert_eq!(exports.find(record.name()), address);
            let position = exports.position(record.name());
            let text = [record.name(), b"\0more"].concat();
            assert_eq!(
                exports.look_up(&text),
                (Some(record.name().len()), position)
            );
            assert_eq!(
                exports.position_of_id(of(record.name(), size_of::<usize>())),
                position
            );
        }
        assert_eq!(exports.find(b"memset"), None);
        assert_eq!(exports.look_up(b"memcpy"), (None, None));
        assert_eq!(exports.iter().count(), 0, "there are no names");
    }

    #[test]
    fn a_table_of_many_is_sorted() {
        let records: Vec<Export> = (0..300)
            .map(|number| {
                let name = std::ffi::CString::new(format!("name_{number}")).unwrap();
                Export::new(
                    Box::leak(name.into_boxed_c_str()),
                    without_provenance(number),
                )
            })
            .collect();
        let table = IdTable::<300, 8>::new(&[&records]);
        assert!(table.ids.is_sorted());
        for (number, record) in records.iter().enumerate() {
            let at = table
                .ids
                .binary_search(&sha256::prefix(record.name(), 8))
                .unwrap();
            assert_eq!(table.addresses[at].get(), number);
        }
    }

    #[test]
    #[should_panic(expected = "the same SLID: sym_7e48 and sym_baef")]
    fn names_with_the_same_id_are_refused() {
        // Found by trying: the first four bytes of both hashes are d0 a5 48 76.
        let colliding = [
            Export::new(c"sym_7e48", core::ptr::null()),
            Export::new(c"other", core::ptr::null()),
            Export::new(c"sym_baef", core::ptr::null()),
        ];
        IdTable::<3, 4>::new(&[&colliding]);
    }

    #[test]
    fn the_same_names_have_different_ids_of_eight_bytes() {
        let apart = [
            Export::new(c"sym_7e48", core::ptr::null()),
            Export::new(c"sym_baef", core::ptr::null()),
        ];
        IdTable::<2, 8>::new(&[&apart]);
    }
}
