//! Sections that stay where they lie in the file.

use super::*;
use crate::source::{InPlace, PersistentSlice, WritableSlice};
use crate::{Llext, LoadError, LoadOptions, Protection, RegionKind, SourceFault};
use std::ptr::NonNull;

/// Where the target sees the file.
const FILE: usize = 0x0800_1000;

const KEEP: LoadOptions<'static> = LoadOptions {
    keep_sections: true,
    ..LoadOptions::DEFAULT
};

/// A copy of `image` that outlives everything, which the target sees at `address`.
#[allow(unsafe_code)]
fn placed(image: &Image, address: usize, writable: bool) -> (InPlace, NonNull<[u8]>) {
    let bytes = NonNull::from(Box::leak(image.bytes.clone().into_boxed_slice()));
    // SAFETY: the bytes are leaked, and used by the source and what is loaded from it; by tests through `now`, in between.
    let file = unsafe { InPlace::new(bytes.cast(), bytes.len(), address, writable) };
    (file, bytes)
}

/// The bytes of a file as they are now.
#[allow(unsafe_code)]
fn now(bytes: NonNull<[u8]>) -> Vec<u8> {
    // SAFETY: leaked and initialised; copied while no load is at work.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len()) }.to_vec()
}

/// Offset of a section's contents in the file.
fn offset_of(image: &Image, section: u16) -> usize {
    word(&image.bytes, 52 + usize::from(section) * 40 + 16) as usize
}

const TEXT: u16 = 1;
const RODATA: u16 = 2;

/// Code and constants without relocations, data that points at both and at a variable.
fn independent() -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0x70, 0x47, 0x00, 0xbf]);
    let rodata = elf.section(".rodata", SHT_PROGBITS, A, 4, b"constant");
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 12]);
    let bss = elf.section(".bss", SHT_NOBITS, A | W, 4, &[0; 16]);
    let run = elf.symbol("run", GLOBAL | FUNC, text, 1, 4);
    let constant = elf.symbol("constant", LOCAL | OBJECT, rodata, 4, 4);
    let state = elf.symbol("state", GLOBAL | OBJECT, bss, 8, 4);
    for (place, symbol) in [(0, run), (4, constant), (8, state)] {
        elf.relocate(data, place, symbol, R_ARM_ABS32, None);
    }
    elf
}

#[test]
fn what_no_relocation_changes_stays_in_flash() {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let image = independent().build();
    let (file, bytes) = placed(&image, FILE, false);
    let mut source = PersistentSlice::mapped(file);
    let text = FILE + offset_of(&image, TEXT);
    let rodata = FILE + offset_of(&image, RODATA);
    for name in ["x", "y"] {
        let x = llext
            .load(&mut source, name, &KEEP, &mut ())
            .expect("an extension");
        let kinds: Vec<_> = x.regions().map(|region| region.kind).collect();
        assert_eq!(kinds, [RegionKind::Data, RegionKind::Bss]);
        let place = x.file().expect("the file");
        assert_eq!((place.address, place.size), (FILE, image.bytes.len()));
        assert_eq!(x.find("run"), Some(text + 1));
        assert!(x.is_code(text) && x.function("run").is_some() && x.function("state").is_none());
        let data = contents(x, RegionKind::Data);
        assert_eq!(word(&data, 0) as usize, text + 1);
        assert_eq!(word(&data, 4) as usize, rodata + 4);
        let bss = x.region(RegionKind::Bss).expect("bss").address;
        assert_eq!(word(&data, 8) as usize, bss + 8);
        let sections: Vec<_> = x
            .sections()
            .map(|section| (section.name, section.address))
            .collect();
        assert_eq!(sections[..2], [(".text", text), (".rodata", rodata)]);
        let mut read = [0; 8];
        assert!(x.read(rodata, &mut read) && read == *b"constant");
    }
    let found = llext.locate(text + 2).expect("code in the file");
    let symbol = found.symbol.expect("run");
    assert_eq!(
        (found.extension.name(), found.region.kind),
        ("x", RegionKind::File)
    );
    assert_eq!(symbol, ("run", 2));
    let x = llext.by_name("x").expect("x");
    let mut name = [0; 20];
    let symbol = llext.symbol_at(&mut image.source(), x, rodata + 5, &mut name);
    assert_eq!(symbol, Ok(Some(("constant", 1))));
    for name in ["x", "y"] {
        llext.unload(name).expect("it is loaded");
    }
    assert_eq!((arena.blocks(), now(bytes)), (before, image.bytes));
}

#[test]
fn what_is_changed_or_lies_unaligned_is_copied() {
    let arena = Arena::new();
    let mut elf = independent();
    elf.sections[usize::from(RODATA) - 1].align = 8;
    let here = elf.symbol("here", LOCAL | OBJECT, RODATA, 0, 4);
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut regions = |name, image: &Image, address: usize| {
        let mut source = PersistentSlice::mapped(placed(image, address, false).0);
        let x = llext
            .load(&mut source, name, &KEEP, &mut ())
            .expect("an extension");
        let kinds: Vec<_> = x.regions().map(|region| region.kind).collect();
        (kinds, x.file().is_some())
    };
    let (data, bss) = (RegionKind::Data, RegionKind::Bss);
    let image = elf.build();
    let odd = offset_of(&image, RODATA) % 8;
    assert_eq!(
        regions("aligned", &image, FILE + odd),
        (vec![data, bss], true)
    );
    let unaligned = vec![RegionKind::Rodata, data, bss];
    assert_eq!(
        regions("unaligned", &image, FILE + odd + 4),
        (unaligned, true)
    );
    let none = vec![RegionKind::Text, RegionKind::Rodata, data, bss];
    assert_eq!(
        regions("nothing", &image, FILE + odd + 2),
        (none.clone(), false)
    );
    elf.relocate(RODATA, 0, here, R_ARM_ABS32, None);
    elf.relocate(TEXT, 0, here, R_ARM_ABS32, None);
    assert_eq!(regions("changed", &elf.build(), FILE + odd), (none, false));
}

#[test]
fn a_file_that_may_be_written_is_patched_where_it_lies() {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let image = small().build();
    // Near enough to the heap for a branch to its stub there.
    let address = BASE - 0x10_0000;
    let (file, bytes) = placed(&image, address, true);
    let mut source = WritableSlice::mapped(file);
    let dry = llext
        .dry_run(&mut source, "x", &KEEP, &mut ())
        .expect("a plan");
    assert_eq!(dry.regions, [8, 0, 0, 24], "what does not stay");
    let x = llext
        .load(&mut source, "x", &KEEP, &mut ())
        .expect("an extension");
    let sizes: Vec<_> = x
        .regions()
        .map(|region| (region.kind, region.size))
        .collect();
    assert_eq!(
        sizes,
        [(RegionKind::Text, 8), (RegionKind::Bss, 24)],
        "a stub and a variable"
    );
    let text = address + offset_of(&image, 1);
    assert_eq!(x.find("run"), Some(text + 1));
    let patched = now(bytes);
    let (code, data) = (offset_of(&image, 1), offset_of(&image, 2));
    let bss = x.region(RegionKind::Bss).expect("bss").address;
    assert_eq!(word(&patched, data) as usize, text + 1);
    assert_eq!(word(&patched, data + 4) as usize, bss + 8);
    assert_ne!(patched[code..code + 8], image.bytes[code..code + 8]);
    assert_eq!(
        (&patched[..code], &patched[data + 8..]),
        (&image.bytes[..code], &image.bytes[data + 8..])
    );
    assert_eq!(contents(x, RegionKind::Bss), [0; 24]);
    // The same as a load that copies, but for where it is.
    let stub = x.region(RegionKind::Text).expect("a stub").address;
    let row = ARM.row(R_ARM_THM_CALL).expect("BL");
    let mut call = BL;
    let operands = crate::machine::Operands {
        s: stub,
        t: 1,
        a: -4,
        p: text,
        ..Default::default()
    };
    row.apply(&mut call, &operands).expect("in reach");
    assert_eq!(patched[code..code + 4], call);
    let again = llext
        .load(&mut source, "y", &KEEP, &mut ())
        .map(|_| ())
        .expect_err("it was used");
    assert!(matches!(again, LoadError::Source(error) if error.reason == SourceFault::Used));
    llext.unload("x").expect("it is loaded");
    assert_eq!(arena.blocks(), before);
}

#[test]
fn a_load_that_is_refused_patches_nothing() {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let image = small().build();
    let (file, bytes) = placed(&image, BASE - 0x10_0000, true);
    let error = llext.load(&mut WritableSlice::mapped(file), "x", &KEEP, &mut ());
    assert_eq!(
        error.map(|_| ()).expect_err("no far"),
        LoadError::Undefined(1)
    );
    assert_eq!((arena.blocks(), now(bytes)), (before, image.bytes));
}

#[test]
fn arrays_and_records_are_found_in_a_file_that_is_patched() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut elf = independent();
    let array = elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 4]);
    let records = elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let names = elf.section(".rodata.str", SHT_PROGBITS, A, 1, b"begin\0\0\0");
    let (run, name) = (1, elf.symbol("", LOCAL | OBJECT, names, 0, 0));
    elf.relocate(array, 0, run, R_ARM_ABS32, None);
    elf.relocate(records, 0, name, R_ARM_ABS32, None);
    elf.relocate(records, 4, run, R_ARM_ABS32, None);
    let image = elf.build();
    let mut source = WritableSlice::mapped(placed(&image, BASE - 0x10_0000, true).0);
    let x = llext
        .load(&mut source, "x", &KEEP, &mut ())
        .expect("an extension");
    let run = BASE - 0x10_0000 + offset_of(&image, TEXT) + 1;
    assert_eq!(x.exports().collect::<Vec<_>>(), [("begin", run)]);
    assert_eq!(x.init_functions().collect::<Vec<_>>(), [run]);
    let kinds: Vec<_> = x
        .regions()
        .map(|region| (region.kind, region.size))
        .collect();
    assert_eq!(
        kinds,
        [(RegionKind::Data, 4), (RegionKind::Bss, 16)],
        "the array is copied"
    );
}

#[test]
fn bytes_that_tables_lie_in_are_not_patched() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let image = small().build();
    let count = image.bytes[48];
    // The section headers; those of symbols and of their names come behind those of two relocation tables.
    let places = [
        52,
        offset_of(&image, 6),
        offset_of(&image, 7),
        offset_of(&image, u16::from(count) - 1),
    ];
    for place in places {
        let image = image.clone().section(2, 4, place as u32);
        let mut source = WritableSlice::mapped(placed(&image, BASE - 0x10_0000, true).0);
        let x = llext
            .load(&mut source, "x", &KEEP, &mut ())
            .expect("an extension");
        let kinds: Vec<_> = x.regions().map(|region| region.kind).collect();
        assert_eq!(
            kinds,
            [RegionKind::Text, RegionKind::Data, RegionKind::Bss],
            "{place}"
        );
        llext.unload("x").expect("it is loaded");
    }
    // Those of the code are done with when the data is patched that shares their bytes.
    let shared = image.clone().section(2, 4, offset_of(&image, 4) as u32);
    let mut source = WritableSlice::mapped(placed(&shared, BASE - 0x10_0000, true).0);
    let x = llext
        .load(&mut source, "x", &KEEP, &mut ())
        .expect("an extension");
    assert!(x.region(RegionKind::Data).is_none());
    llext.unload("x").expect("it is loaded");
    let relocations = offset_of(&image, 5) as u32;
    let image = image.section(2, 4, relocations);
    let mut source = WritableSlice::mapped(placed(&image, BASE - 0x10_0000, true).0);
    let error = llext.load(&mut source, "x", &KEEP, &mut ()).map(|_| ());
    let error = error.expect_err("its relocations lie in it");
    assert!(
        matches!(
            error,
            LoadError::BadSection {
                field: "sh_offset",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn what_is_to_be_protected_is_not_patched_in_place() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM)
        .with_protection(Protection::PMSAV7);
    let image = small().build();
    let (file, bytes) = placed(&image, BASE - 0x10_0000, true);
    let x = llext
        .load(&mut WritableSlice::mapped(file), "x", &KEEP, &mut ())
        .expect("an extension");
    assert!(x.file().is_none());
    assert_eq!(now(bytes), image.bytes);
    // What nobody writes may stay.
    let image = independent().build();
    let mut source = PersistentSlice::mapped(placed(&image, FILE, false).0);
    let y = llext
        .load(&mut source, "y", &KEEP, &mut ())
        .expect("an extension");
    assert!(y.file().is_some() && y.region(RegionKind::Text).is_none());
    let mut name = [0; 20];
    let (y, at) = (
        llext.by_name("y").expect("y"),
        FILE + offset_of(&image, TEXT),
    );
    let symbol = llext.symbol_at(&mut image.source(), y, at, &mut name);
    assert_eq!(symbol, Ok(Some(("run", 0))));
}
