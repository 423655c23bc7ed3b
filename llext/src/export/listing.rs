//! A list of all exports in the firmware's ELF file, for tools on the host.
//!
//! It lies in a section that is not loaded: names, groups and addresses cost no flash, and are there where the firmware itself
//! has ids instead of names. The linker fills the addresses in.

use super::record::{Address, Export};

/// Bytes for the name of a group.
const GROUP: usize = 12;
/// Bytes for a name. Longer ones do not compile.
const NAME: usize = 112;

/// One export: an address of a pointer's size, its group and its name, both padded with NULs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Listed {
    address: Address,
    group: [u8; GROUP],
    name: [u8; NAME],
}

/// What goes to the section `.llext.exports`, made by the firmware's `exports!`.
#[repr(transparent)]
#[derive(Debug)]
pub struct Listing<const RECORDS: usize>([Listed; RECORDS]);

impl<const RECORDS: usize> Listing<RECORDS> {
    /// The list of all records in these groups.
    ///
    /// # Panics
    /// That is, the firmware does not compile: the groups have another number of records, or a name is longer than 112 bytes.
    pub const fn new(groups: &[(&str, &[Export])]) -> Self {
        assert!(
            RECORDS == listed(groups),
            "not the number of these groups' records"
        );
        let nothing = Listed {
            address: Address::NULL,
            group: [0; GROUP],
            name: [0; NAME],
        };
        let mut list = [nothing; RECORDS];
        let (mut group, mut at) = (0, 0);
        while group < groups.len() {
            let (title, records) = groups[group];
            let mut record = 0;
            while record < records.len() {
                list[at] = Listed {
                    address: records[record].place(),
                    group: padded(title.as_bytes()),
                    name: padded(records[record].name()),
                };
                (record, at) = (record + 1, at + 1);
            }
            group += 1;
        }
        Self(list)
    }
}

/// The number of records in these groups.
pub const fn listed(groups: &[(&str, &[Export])]) -> usize {
    let (mut sum, mut group) = (0, 0);
    while group < groups.len() {
        sum += groups[group].1.len();
        group += 1;
    }
    sum
}

const fn padded<const BYTES: usize>(text: &[u8]) -> [u8; BYTES] {
    assert!(
        text.len() <= BYTES,
        "a name is too long for the list of exports"
    );
    let mut bytes = [0; BYTES];
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text[at];
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_listed_with_its_group() {
        const A: &[Export] = &[Export::new(c"one", core::ptr::without_provenance(1))];
        const B: &[Export] = &[
            Export::new(c"two", core::ptr::without_provenance(2)),
            Export::new(c"three", core::ptr::without_provenance(3)),
        ];
        const GROUPS: &[(&str, &[Export])] = &[("a", A), ("b", B)];
        const LIST: Listing<{ listed(GROUPS) }> = Listing::new(GROUPS);
        let found: Vec<_> = LIST
            .0
            .iter()
            .map(|it| (it.address.get(), it.group[0], it.name.trim_ascii_end()[0]))
            .collect();
        assert_eq!(found, [(1, b'a', b'o'), (2, b'b', b't'), (3, b'b', b't')]);
    }
}
