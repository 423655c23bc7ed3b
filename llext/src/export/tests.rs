use super::*;
use crate::exports;
use core::ptr::without_provenance;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::format;
use std::vec::Vec;

const fn record(name: &'static core::ffi::CStr, address: usize) -> Export {
    Export::new(name, without_provenance(address))
}

static RECORDS: [Export; 5] = [
    record(c"Zed", 0x40),
    record(c"abs", 0x11),
    record(c"memcpy", 0x21),
    record(c"memcpy_with_a_long_name", 0x51),
    record(c"memset", 0x31),
];

const FEW: &[Export] = &[
    record(c"memset", 0x31),
    record(c"abs", 0x11),
    record(c"memcpy_with_a_long_name", 0x51),
];
const MORE: &[Export] = &[record(c"memcpy", 0x21), record(c"Zed", 0x40)];

/// The same table of every kind.
fn tables() -> [Exports<'static>; 3] {
    let range = RECORDS.as_ptr_range();
    // SAFETY: the bounds of a static table, which is sorted.
    #[allow(unsafe_code, reason = "the table is C's")]
    let section = unsafe { Exports::from_section(range.start, range.end) };
    [Exports::new(&RECORDS), section, exports![FEW, MORE]]
}

#[test]
fn finds_every_name_and_no_other() {
    for exports in tables() {
        assert!(exports.is_sound());
        assert_eq!(exports.len(), 5);
        for record in &RECORDS {
            assert_eq!(exports.find(record.name()), Some(record.place().get()));
        }
        for missing in [
            "",
            "A",
            "Ze",
            "mem",
            "memcpy2",
            "memcpz",
            "zz",
            "memcpy\0",
            "memcpy_with_a_lonG_name",
        ] {
            assert_eq!(exports.find(missing.as_bytes()), None, "{missing:?}");
        }
    }
}

#[test]
fn looks_up_what_a_text_begins_with() {
    for exports in tables() {
        for record in &RECORDS {
            let mut text = record.name().to_vec();
            assert_eq!(exports.look_up(&text), (None, None), "there is no NUL");
            text.push(0);
            let found = (Some(text.len() - 1), exports.position(record.name()));
            assert!(found.1.is_some());
            for behind in [&b""[..], b"x", b"memset\0", b"\0\0\0\0\0"] {
                let text = [&text, behind].concat();
                assert_eq!(exports.look_up(&text), found);
            }
        }
        assert_eq!(exports.look_up(b""), (None, None));
        assert_eq!(exports.look_up(b"\0abs\0"), (Some(0), None));
        assert_eq!(exports.look_up(b"memcp\0"), (Some(5), None));
    }
}

#[test]
fn lists_by_name() {
    for exports in tables() {
        let all: BTreeMap<_, _> = exports.iter().collect();
        let sorted = core::iter::successors(exports.next_by_name(""), |(name, _)| {
            exports.next_by_name(name)
        });
        assert!(sorted.eq(all));
    }
}

#[test]
fn an_empty_table_has_nothing() {
    for exports in [Exports::new(&[]), exports![], exports![&[]]] {
        assert!(exports.is_empty() && exports.is_sound());
        assert_eq!(exports.look_up(b"abs\0"), (Some(3), None));
        assert_eq!(exports.look_up(b"\0"), (Some(0), None));
        assert_eq!((exports.iter().count(), exports.address(0)), (0, None));
    }
}

/// Names with long common starts: what a search has compared it does not compare again.
#[test]
fn a_section_of_many_similar_names_is_searched() {
    let mut names: Vec<String> = (0..500)
        .map(|number| format!("{}{:b}", "sys_".repeat(number % 3), number))
        .collect();
    names.sort();
    let records: Vec<Export> = (1..)
        .zip(&names)
        .map(|(address, name)| {
            let name = CString::new(name.as_str()).unwrap();
            let name = std::boxed::Box::leak(name.into_boxed_c_str());
            Export::new(name, without_provenance(address))
        })
        .collect();
    let range = records.as_ptr_range();
    // SAFETY: the records live as long as the table, and are sorted.
    #[allow(unsafe_code, reason = "the table is C's")]
    let exports = unsafe { Exports::from_section(range.start, range.end) };
    assert!(exports.is_sound());
    for (address, name) in (1..).zip(&names) {
        assert_eq!(exports.find(name.as_bytes()), Some(address));
        for other in [
            format!("{name}0"),
            format!("{name}_"),
            name[1..].to_string(),
        ] {
            let address = names.iter().position(|name| *name == other);
            assert_eq!(exports.find(other.as_bytes()), address.map(|at| at + 1));
        }
    }
}

/// Every count up to the first that needs several buckets, and thousands: no name is lost, whatever the hash.
#[test]
fn tables_of_many_sizes_are_sound() {
    fn check<const N: usize, const S: usize, const L: usize, const B: usize>(salt: u32) {
        // Names of eight bytes.
        let records: Vec<Export> = (0..N)
            .map(|index| {
                let name = format!("{:08x}", (index as u32 * 7).wrapping_add(salt));
                let name = std::boxed::Box::leak(CString::new(name).unwrap().into_boxed_c_str());
                Export::new(name, without_provenance(index + 1))
            })
            .collect();
        let table = std::boxed::Box::leak(std::boxed::Box::new(ExportTable::<N, S, L, B>::new(&[
            &records,
        ])));
        let view = std::boxed::Box::leak(std::boxed::Box::new(table.view()));
        let exports = Exports::of(view);
        assert!(exports.is_sound());
        for (index, record) in records.iter().enumerate() {
            assert_eq!(exports.find(record.name()), Some(index + 1));
        }
        assert_eq!(exports.find(b"0000000g"), None);
    }
    for salt in 0..50 {
        check::<1, 2, 8, { buckets(1) }>(salt);
        check::<3, 4, 24, { buckets(3) }>(salt);
        check::<4, 5, 32, { buckets(4) }>(salt);
        check::<5, 6, 40, { buckets(5) }>(salt);
        check::<160, 161, 1280, { buckets(160) }>(salt);
        check::<250, 251, 2000, { buckets(250) }>(salt);
    }
    check::<2000, 2001, 16000, { buckets(2000) }>(1);
    check::<5000, 5001, 40000, { buckets(5000) }>(2);
    check::<8191, 8192, 65528, { buckets(8191) }>(3);
}

#[test]
#[should_panic(expected = "exported twice: memcpy")]
fn a_name_in_two_groups_is_refused() {
    const TWICE: &[&[Export]] = &[MORE, &[record(c"abs", 1), record(c"memcpy", 2)]];
    ExportTable::<4, 5, { letters(TWICE) }, { buckets(4) }>::new(TWICE);
}

#[test]
fn a_group_that_is_switched_off_is_left_out() {
    let exports = exports![
        FEW,
        #[cfg(any())]
        MORE,
    ];
    assert_eq!(exports.len(), 3);
    assert_eq!(exports.find(b"memcpy"), None);
}
