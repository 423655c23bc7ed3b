//! One case for each way in which a file's tables are refused, just inside and just outside where there is a limit.

use super::*;
use crate::{Llext, LoadError, LoadOptions};
use core::cell::Cell;

const SH_TYPE: usize = 1;
const SH_FLAGS: usize = 2;
const SH_OFFSET: usize = 4;
const SH_SIZE: usize = 5;
const SH_LINK: usize = 6;
const SH_INFO: usize = 7;
const SH_ADDRALIGN: usize = 8;
const SH_ENTSIZE: usize = 9;

/// Indexes of the sections of `small()`.
const TEXT: usize = 1;
const BSS: usize = 3;
const REL_TEXT: usize = 4;
const SYMTAB: usize = 6;
const STRTAB: usize = 7;
const SHSTRTAB: usize = 8;

fn is_bad_section(error: LoadError, wanted: &str) -> bool {
    matches!(error, LoadError::BadSection { field, .. } if field == wanted)
}

fn is_bad_symbol(error: LoadError, wanted: &str) -> bool {
    matches!(error, LoadError::BadSymbol { field, .. } if field == wanted)
}

#[test]
fn headers() {
    let good = small().build();
    let bad = |at: usize, bytes: &[u8]| refusal(&good.clone().put(at, bytes));
    assert_eq!(bad(0, b"!<arch>\n"), LoadError::NotElf);
    assert_eq!(
        bad(4, &[2]),
        LoadError::WrongClass {
            found: 64,
            wanted: 32
        }
    );
    assert_eq!(
        bad(4, &[7]),
        LoadError::WrongClass {
            found: 0,
            wanted: 32
        }
    );
    assert_eq!(bad(5, &[2]), LoadError::WrongEndianness);
    assert_eq!(bad(6, &[9]), LoadError::WrongVersion { found: 9 });
    assert_eq!(bad(20, &[2]), LoadError::WrongVersion { found: 2 });
    assert_eq!(
        bad(18, &[243]),
        LoadError::WrongMachine {
            found: 243,
            wanted: "ARM"
        }
    );
    assert_eq!(
        bad(18, &[243]).to_string(),
        "wrong machine: built for RISC-V, this is ARM"
    );
    assert_eq!(bad(16, &[2]), LoadError::NotRelocatable { found: 2 });
    assert_eq!(
        bad(40, &[64]),
        LoadError::BadHeader {
            field: "e_ehsize",
            value: 64
        }
    );
    assert_eq!(
        bad(46, &[64]),
        LoadError::BadHeader {
            field: "e_shentsize",
            value: 64
        }
    );
    assert_eq!(
        bad(32, &[0]),
        LoadError::BadHeader {
            field: "e_shoff",
            value: 0
        }
    );
    assert_eq!(
        bad(50, &[TEXT as u8]),
        LoadError::BadHeader {
            field: "e_shstrndx",
            value: 1
        }
    );
    assert_eq!(
        bad(50, &[99]),
        LoadError::BadHeader {
            field: "e_shstrndx",
            value: 99
        }
    );
    assert!(matches!(
        bad(32, &[0xff; 4]),
        LoadError::Truncated {
            what: "section headers",
            ..
        }
    ));
    assert!(matches!(
        bad(48, &[0xff]),
        LoadError::Truncated {
            what: "section headers",
            ..
        }
    ));
}

#[test]
fn a_file_that_ends_early() {
    let good = small().build();
    for len in 0..good.bytes.len() {
        let image = Image {
            bytes: good.bytes[..len].to_vec(),
        };
        let error = refusal(&image);
        let expected = match len {
            0..4 => error == LoadError::NotElf,
            4..52 => !matches!(error, LoadError::Source(_)),
            _ => matches!(error, LoadError::Truncated { .. }),
        };
        assert!(expected, "{len}: {error}");
    }
}

#[test]
fn sections() {
    let good = small().build();
    let bad = |index, field, value| refusal(&good.clone().section(index, field, value));
    assert!(is_bad_section(bad(TEXT, SH_ADDRALIGN, 3), "sh_addralign"));
    assert!(is_bad_section(bad(TEXT, SH_TYPE, 12), "sh_type"));
    assert!(is_bad_section(
        bad(TEXT, SH_FLAGS, A | X | 0x800),
        "sh_flags"
    ));
    assert!(matches!(
        bad(TEXT, SH_OFFSET, 0xffff_fff0),
        LoadError::Truncated {
            what: "section",
            ..
        }
    ));
    assert!(matches!(
        bad(TEXT, SH_SIZE, 0xffff_fff0),
        LoadError::Truncated {
            what: "section",
            ..
        }
    ));
    assert_eq!(
        bad(BSS, SH_SIZE, 1 << 27),
        LoadError::TooLarge {
            what: "bss",
            limit: 1 << 27
        }
    );
    assert!(matches!(
        bad(BSS, SH_SIZE, (1 << 27) - 1),
        LoadError::OutOfMemory { .. }
    ));
    assert_eq!(
        bad(REL_TEXT, SH_TYPE, SHT_SYMTAB),
        LoadError::SeveralSymbolTables
    );
    assert!(is_bad_section(bad(REL_TEXT, SH_ENTSIZE, 12), "sh_entsize"));
    assert!(is_bad_section(bad(REL_TEXT, SH_INFO, 99), "sh_info"));
    assert!(is_bad_section(
        bad(REL_TEXT, SH_INFO, BSS as u32),
        "sh_info"
    ));
    assert!(is_bad_section(
        bad(REL_TEXT, SH_LINK, STRTAB as u32),
        "sh_link"
    ));
    assert!(is_bad_section(bad(SYMTAB, SH_ENTSIZE, 24), "sh_entsize"));
    assert!(is_bad_section(bad(SYMTAB, SH_LINK, TEXT as u32), "sh_link"));
    assert!(is_bad_section(bad(SYMTAB, SH_LINK, 99), "sh_link"));
    assert!(matches!(
        bad(SHSTRTAB, SH_SIZE, 0),
        LoadError::BadHeader {
            field: "e_shstrndx",
            ..
        }
    ));
    let error = bad(TEXT, SH_ADDRALIGN, 3);
    assert_eq!(
        error.to_string(),
        "bad section 1 .text: sh_addralign is 0x3"
    );
}

#[test]
fn function_arrays_and_exports() {
    let mut elf = small();
    elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 6]);
    assert!(is_bad_section(refusal(&elf.build()), "sh_size"));
    let mut elf = small();
    elf.section(
        ".fini_array",
        SHT_FINI_ARRAY,
        A | W,
        4,
        &[0x78, 0x56, 0x34, 0x12],
    );
    assert_eq!(
        refusal(&elf.build()),
        LoadError::BadFunction {
            address: 0x1234_5678
        }
    );
    let mut elf = small();
    elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &[0; 12]);
    assert!(is_bad_section(refusal(&elf.build()), "sh_size"));
    let mut elf = small();
    let table = elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &[0; 8]);
    assert_eq!(
        refusal(&elf.build()),
        LoadError::BadExport {
            index: 0,
            address: 0
        }
    );
    let name = elf.section(".rodata", SHT_PROGBITS, A, 1, b"name\0");
    let name = elf.symbol("", LOCAL | 3, name, 0, 0);
    elf.relocate(table, 0, name, R_ARM_ABS32, None);
    elf.relocate(table, 4, 1, R_ARM_ABS32, None);
    assert_eq!(
        refusal(&elf.build()),
        LoadError::BadExport {
            index: 0,
            address: 0x101
        }
    );
}

#[test]
fn symbols() {
    let with = |section, value| {
        let mut elf = small();
        elf.symbol("odd", GLOBAL | OBJECT, section, value, 4);
        refusal(&elf.build())
    };
    assert!(is_bad_symbol(with(99, 0), "st_shndx"));
    assert!(is_bad_symbol(with(0xff01, 0), "st_shndx"));
    assert!(is_bad_symbol(with(0xffff, 0), "st_shndx"));
    assert!(is_bad_symbol(with(TEXT as u16, 9), "st_value"));
    assert!(is_bad_symbol(with(COMMON, 3), "st_value"));
    assert!(is_bad_symbol(with(COMMON, 0), "st_value"));
    assert_eq!(
        with(TEXT as u16, 9).to_string(),
        "bad symbol 4 odd: st_value is 0x9"
    );
    let image = small().build();
    let names = word(&image.bytes, 52 + SYMTAB * 40 + SH_OFFSET * 4) as usize;
    assert!(is_bad_symbol(
        refusal(&image.put(names + 16, &[0xff; 4])),
        "st_name"
    ));
    let lookup = |len: usize| {
        let mut elf = small();
        let symbol = elf.symbol(&"x".repeat(len), GLOBAL, 0, 0, 0);
        elf.relocate(2, 0, symbol, R_ARM_ABS32, None);
        refusal(&elf.build())
    };
    for len in [255, 256, 5000] {
        assert_eq!(lookup(len), LoadError::Undefined(1));
    }
}

#[test]
fn names_that_are_read_have_a_limit() {
    let lookup = |len: usize| {
        let mut elf = small();
        let symbol = elf.symbol(&"x".repeat(len), GLOBAL, 0, 0, 0);
        elf.relocate(2, 0, symbol, R_ARM_ABS32, None);
        elf.section(".comment", SHT_PROGBITS, 0, 1, &[0; SMALL]);
        let (image, arena) = (elf.build(), Arena::new());
        let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
        // A source that does not let others look at its bytes.
        let mut source = FailingSource {
            source: image.source(),
            fail_at: usize::MAX,
        };
        let loaded = llext.load(&mut source, "x", &LoadOptions::default(), &mut ());
        loaded.err().expect("a refusal")
    };
    assert_eq!(lookup(255), LoadError::Undefined(1));
    assert!(matches!(
        lookup(256),
        LoadError::LongName { limit: 255, .. }
    ));
}

#[test]
fn names_of_extensions() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 1)]), &ARM);
    let image = small().build();
    let mut load = |name: &str| {
        llext
            .load(&mut image.source(), name, &LoadOptions::default(), &mut ())
            .map(|x| x.name().to_string())
    };
    let long = "x".repeat(63);
    assert_eq!(load(&long), Ok(long.clone()));
    assert_eq!(load(&long), Ok(long.clone()));
    for name in ["", "a b", "a/b", "a\"b", "ä", "tab\t", &"x".repeat(64)] {
        assert_eq!(load(name), Err(LoadError::InvalidName), "{name:?}");
    }
}

#[test]
fn section_indexes_that_do_not_fit() {
    // The count of sections and the index of their names are in the first section header.
    let image = small().build();
    let count = u16::from_le_bytes(image.bytes[48..50].try_into().unwrap());
    let extended = image
        .section(0, SH_SIZE, count.into())
        .section(0, SH_LINK, SHSTRTAB as u32);
    let extended = extended.put(48, &[0, 0, 0xff, 0xff]);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 1)]), &ARM);
    let options = LoadOptions::default();
    assert!(
        llext
            .load(&mut extended.source(), "x", &options, &mut ())
            .is_ok()
    );
    // The home of a symbol is in a table of its own.
    let mut elf = small();
    let indexes: Vec<u8> = [0, 0, 0, 0, 2]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    elf.section(".symtab_shndx", SHT_SYMTAB_SHNDX, 0, 4, &indexes);
    elf.symbol("there", GLOBAL | OBJECT, 0xffff, 4, 4);
    let y = llext
        .load(&mut elf.build().source(), "y", &options, &mut ())
        .unwrap();
    let data = y
        .regions()
        .find(|region| region.kind == crate::RegionKind::Data)
        .unwrap();
    assert_eq!(y.find("there"), Some(data.address + 4));
}

#[test]
fn a_source_that_fails() {
    let image = small().build();
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 1)]), &ARM);
    let mut source = FailingSource {
        source: image.source(),
        fail_at: 0,
    };
    let error = llext
        .load(&mut source, "x", &LoadOptions::default(), &mut ())
        .err()
        .unwrap();
    // A small file is read at once.
    let first = image.bytes.len();
    assert_eq!(
        error.to_string(),
        format!("reading {first} bytes at 0x0 failed with -5")
    );
    let heap = FailingHeap {
        heap: &arena.heap,
        fail_at: Cell::new(0),
        one: true,
    };
    let mut llext = Llext::new(&heap, exports(&[("far", 1)]), &ARM);
    let error = llext
        .load(&mut image.source(), "x", &LoadOptions::default(), &mut ())
        .err()
        .unwrap();
    assert!(matches!(error, LoadError::OutOfMemory { needed: 88, .. }));
}
