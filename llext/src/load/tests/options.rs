//! Sections that the options keep in place, and relocations that they leave aside.

use super::*;
use crate::source::{InPlace, PersistentSlice, WritableSlice};
use crate::{Llext, LoadError, LoadOptions, Name, RegionKind, RelocationFault, SectionHeader};
use std::ptr::NonNull;

/// Where the target sees the file.
const FILE: usize = 0x0800_1000;
const FAR: usize = 0x101;

/// A copy of `image` that outlives everything, which the target sees at `FILE`.
#[allow(unsafe_code)]
fn placed(image: &Image, writable: bool) -> (InPlace, NonNull<[u8]>) {
    let bytes = NonNull::from(Box::leak(image.bytes.clone().into_boxed_slice()));
    // SAFETY: the bytes are leaked, and used by the source and what is loaded from it; by `now`, in between.
    let file = unsafe { InPlace::new(bytes.cast(), bytes.len(), FILE, writable) };
    (file, bytes)
}

/// The word at `offset` of a file as it is now.
#[allow(unsafe_code)]
fn now(bytes: NonNull<[u8]>, offset: usize) -> u32 {
    // SAFETY: leaked and initialised; copied while no load is at work.
    word(
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len()) },
        offset,
    )
}

/// Code, and data that points at it and at an import; linked for where the file lies, so that `to_code` is right.
fn located() -> (Image, usize, usize) {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[BL, BL].concat());
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let far = elf.symbol("far", GLOBAL | NOTYPE, 0, 0, 0);
    let run = elf.symbol("run", GLOBAL | FUNC, text, 1, 8);
    elf.relocate(data, 0, run, R_ARM_ABS32, None);
    elf.relocate(data, 4, far, R_ARM_ABS32, None);
    let image = elf.build();
    let offset = |section: usize| word(&image.bytes, 52 + section * 40 + 16) as usize;
    let (text, data) = (offset(1), offset(2));
    let to_code = (FILE + text + 1) as u32;
    let image = image
        .clone()
        .section(1, 3, (FILE + text) as u32)
        .section(2, 3, (FILE + data) as u32)
        .put(data, &to_code.to_le_bytes());
    (image, text, data)
}

const LOCATED: LoadOptions<'static> = LoadOptions {
    relocate_local: false,
    pre_located: true,
    keep_sections: true,
    ..LoadOptions::DEFAULT
};

#[test]
fn what_was_linked_for_its_place_stays_there() {
    let (image, text, data) = located();
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", FAR)]), &ARM);
    let (file, bytes) = placed(&image, true);
    let mut source = WritableSlice::mapped(file);
    let dry = llext.dry_run(&mut source, "x", &LOCATED, &mut ()).unwrap();
    assert_eq!(dry.regions, [0; 4], "nothing but what describes it");
    let x = llext.load(&mut source, "x", &LOCATED, &mut ()).unwrap();
    assert_eq!(x.regions().count(), 0);
    assert_eq!(x.find("run"), Some(FILE + text + 1));
    let places: Vec<_> = x.sections().map(|section| section.address).collect();
    assert_eq!(places, [FILE + text, FILE + data]);
    // What points at the file's own code was left as it was linked, and the import was looked up.
    assert_eq!(now(bytes, data) as usize, FILE + text + 1);
    assert_eq!(now(bytes, data + 4) as usize, FAR);
}

#[test]
fn what_does_not_lie_where_it_says_is_refused() {
    let (image, text, _) = located();
    let arena = Arena::new();
    let empty = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", FAR)]), &ARM);
    let mut refusal = |image: &Image, writable| {
        let (file, _) = placed(image, writable);
        let result = match writable {
            true => llext.load(&mut WritableSlice::mapped(file), "x", &LOCATED, &mut ()),
            false => llext.load(&mut PersistentSlice::mapped(file), "x", &LOCATED, &mut ()),
        };
        result.err().expect("a refusal")
    };
    let not_in_place = |section: &[u8], address| LoadError::NotInPlace {
        section: Name::new(section),
        address: Some(address),
    };
    let elsewhere = image.clone().section(1, 3, (FILE + text + 4) as u32);
    let wrong = not_in_place(b".text", FILE + text + 4);
    assert_eq!(refusal(&elsewhere, true), wrong);
    // Zeros have no place in the file.
    let zeros = image.clone().section(2, 1, SHT_NOBITS);
    assert!(matches!(
        refusal(&zeros, true),
        LoadError::NotInPlace { .. }
    ));
    // The import has to be written.
    let fault = RelocationFault::ReadOnly;
    assert!(
        matches!(refusal(&image, false), LoadError::BadRelocation { offset: 4, fault: found, .. } if found == fault)
    );
    // A source that copies has no memory of its own.
    let result = llext.load(&mut image.source(), "x", &LOCATED, &mut ());
    let wrong = not_in_place(b".text", FILE + text);
    assert_eq!(result.err(), Some(wrong));
    assert_eq!(
        wrong.to_string(),
        format!("section .text does not lie in place at {:#x}", FILE + text)
    );
    assert_eq!(arena.blocks(), empty);
}

#[test]
fn relocations_to_own_symbols_are_left_aside_anywhere() {
    let (image, text, _) = located();
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", FAR)]), &ARM);
    let options = LoadOptions {
        relocate_local: false,
        ..LoadOptions::DEFAULT
    };
    let x = llext
        .load(&mut image.source(), "x", &options, &mut ())
        .unwrap();
    let data = contents(x, RegionKind::Data);
    let told = (word(&data, 0) as usize, word(&data, 4) as usize);
    assert_eq!(told, (FILE + text + 1, FAR));
}

#[test]
fn detached_sections_stay_and_all_else_is_copied() {
    let (image, text, data) = located();
    let image = image.put(data, &[0; 4]);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", FAR)]), &ARM);
    let is_data = |header: &SectionHeader| header.address == FILE + data;
    let detached = LoadOptions {
        detached: Some(&is_data),
        ..LoadOptions::DEFAULT
    };
    // Data stays where it may be patched, and code is copied all the same.
    let (file, bytes) = placed(&image, true);
    let is_text = |header: &SectionHeader| header.index == 1;
    let code = LoadOptions {
        detached: Some(&is_text),
        ..LoadOptions::DEFAULT
    };
    let mut source = WritableSlice::mapped(file);
    let x = llext.load(&mut source, "x", &detached, &mut ()).unwrap();
    assert_eq!(now(bytes, data) as usize, x.find("run").unwrap());
    assert_eq!(now(bytes, data + 4) as usize, FAR);
    // Where it may not be patched, it cannot be detached, but code without relocations can.
    let (file, _) = placed(&image, false);
    let mut source = PersistentSlice::mapped(file);
    let result = llext.load(&mut source, "y", &detached, &mut ());
    assert!(matches!(
        result.err(),
        Some(LoadError::BadRelocation {
            fault: RelocationFault::ReadOnly,
            ..
        })
    ));
    let y = llext.load(&mut source, "y", &code, &mut ()).unwrap();
    assert_eq!(y.find("run"), Some(FILE + text + 1));
    assert_eq!(y.region(RegionKind::Text), None);
    // A source that copies has no memory of its own.
    let result = llext.load(&mut image.source(), "z", &code, &mut ());
    let wrong = LoadError::NotInPlace {
        section: Name::new(b".text"),
        address: None,
    };
    assert_eq!(result.err(), Some(wrong));
    assert_eq!(wrong.to_string(), "section .text cannot stay in the file");
}

#[test]
fn sections_that_are_only_read_are_not_patched_whatever_tables_came_before() {
    let mut elf = Elf::new(&ARM);
    let copied = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4]);
    let detached = elf.section(".data.x", SHT_PROGBITS, A | W, 4, &[0; 4]);
    let own = elf.symbol("own", GLOBAL, copied, 0, 4);
    elf.relocate(copied, 0, own, R_ARM_ABS32, None);
    elf.relocate(detached, 0, own, R_ARM_ABS32, None);
    let (file, _) = placed(&elf.build(), false);
    let is_detached = |header: &SectionHeader| header.index == usize::from(detached);
    let options = LoadOptions {
        detached: Some(&is_detached),
        ..LoadOptions::DEFAULT
    };
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let result = llext.load(&mut PersistentSlice::mapped(file), "x", &options, &mut ());
    assert!(matches!(
        result.err(),
        Some(LoadError::BadRelocation {
            fault: RelocationFault::ReadOnly,
            ..
        })
    ));
}
