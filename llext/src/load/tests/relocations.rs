//! One case for each way in which a relocation is refused, just inside and just outside where there is a limit.

use super::*;
use crate::machine::{FieldError, I386, RISCV32};
use crate::{Llext, LoadError, LoadOptions, Name, RegionKind, RelocationFault, SliceSource};

#[test]
fn relocations() {
    let with = |offset, symbol, r_type| {
        let mut elf = small();
        elf.relocate(2, offset, symbol, r_type, None);
        match refusal(&elf.build()) {
            LoadError::BadRelocation { section, fault, .. } if section.as_str() == ".data" => fault,
            other => panic!("{other}"),
        }
    };
    assert_eq!(with(5, 2, R_ARM_ABS32), RelocationFault::Place);
    assert_eq!(with(0xffff_fffe, 2, R_ARM_ABS32), RelocationFault::Place);
    assert_eq!(with(9, 0, R_ARM_NONE), RelocationFault::Place);
    assert_eq!(with(0, 4, R_ARM_ABS32), RelocationFault::Symbol(4));
    let mut elf = small();
    let debug = elf.section(".debug_info", SHT_PROGBITS, 0, 1, &[0; 4]);
    let symbol = elf.symbol("die", LOCAL, debug, 0, 0);
    elf.relocate(2, 0, symbol, R_ARM_ABS32, None);
    let fault = RelocationFault::NotLoaded(4);
    let section = Name::new(b".data");
    assert_eq!(
        refusal(&elf.build()),
        LoadError::BadRelocation {
            section,
            offset: 0,
            fault
        }
    );
    let mut elf = small();
    let arm = elf.symbol("arm", GLOBAL | FUNC, 1, 4, 4);
    elf.relocate(1, 0, arm, R_ARM_THM_CALL, None);
    let fault = RelocationFault::NotThumb;
    let section = Name::new(b".text");
    assert_eq!(
        refusal(&elf.build()),
        LoadError::BadRelocation {
            section,
            offset: 0,
            fault
        }
    );
}

#[test]
fn no_type_is_taken_for_one_that_is_known() {
    for r_type in 0..256 {
        let mut elf = Elf::new(&ARM);
        let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4]);
        let own = elf.symbol("own", LOCAL | OBJECT, data, 0, 4);
        elf.relocate(data, 0, own, r_type, None);
        if ARM.row(r_type).is_none() {
            let error = refusal(&elf.build());
            assert!(
                matches!(error, LoadError::Unsupported { r_type: found, .. } if found == r_type)
            );
        }
    }
}

#[test]
fn debug_relocations_are_left_aside() {
    let mut elf = small();
    let debug = elf.section(".debug_info", SHT_PROGBITS, 0, 1, &[0; 4]);
    elf.relocate(debug, 1000, 1000, 250, None);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 1)]), &ARM);
    assert!(
        llext
            .load(
                &mut elf.build().source(),
                "x",
                &LoadOptions::default(),
                &mut ()
            )
            .is_ok()
    );
}

#[test]
fn values_out_of_range() {
    const R_ARM_ABS8: u32 = 8;
    let with = |value| {
        let mut elf = Elf::new(&ARM);
        let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4]);
        let symbol = elf.symbol("wide", GLOBAL, ABS, value, 0);
        elf.relocate(data, 2, symbol, R_ARM_ABS8, None);
        let arena = Arena::new();
        let before = arena.blocks();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let result = llext
            .load(
                &mut elf.build().source(),
                "x",
                &LoadOptions::default(),
                &mut (),
            )
            .err();
        drop(llext);
        assert_eq!(arena.blocks(), before);
        result
    };
    assert_eq!(with(255), None);
    let error = with(256).unwrap();
    let LoadError::OutOfRange {
        section,
        offset: 2,
        symbol,
        relocation: "R_ARM_ABS8",
        field,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((section.as_str(), symbol.as_str()), (".data", "wide"));
    assert!(matches!(field, FieldError { value: 256, .. }));
    assert_eq!(
        error.to_string(),
        "relocation out of range: R_ARM_ABS8 at .data+0x2 to wide: value 256 is not in -128..=255"
    );
}

#[test]
fn riscv_pairs_and_padding() {
    let text = |bytes: usize| {
        let mut elf = Elf::new(&RISCV32);
        elf.section(".text", SHT_PROGBITS, A | X, 8, &vec![0x13; bytes]);
        elf
    };
    let load = |elf: &Elf| {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &RISCV32);
        let options = LoadOptions::default();
        match llext
            .load(&mut elf.build().source(), "x", &options, &mut ())
            .err()
        {
            Some(LoadError::BadRelocation { fault, .. }) => Some(fault),
            Some(other) => panic!("{other}"),
            None => None,
        }
    };
    let align = |offset, padding| {
        let mut elf = text(64);
        elf.relocate(1, offset, 0, 43, Some(padding));
        load(&elf)
    };
    assert_eq!(align(4, 4), None);
    assert_eq!(align(6, 2), None);
    assert_eq!(align(0, 4), Some(RelocationFault::Padding));
    assert_eq!(
        align(2, 14),
        Some(RelocationFault::Padding),
        "more than the section is aligned to"
    );
    assert_eq!(align(2, -1), Some(RelocationFault::Padding));
    let mut elf = text(8);
    let label = elf.symbol("", LOCAL, 1, 4, 0);
    elf.relocate(1, 0, label, 24, Some(0));
    assert_eq!(load(&elf), Some(RelocationFault::NoHigh));
    let mut elf = text(8);
    let number = elf.symbol("", LOCAL, ABS, 4, 0);
    elf.relocate(1, 0, number, 24, Some(0));
    assert_eq!(load(&elf), Some(RelocationFault::NoHigh));
}

#[test]
fn a_low_part_of_an_unsupported_high_part_is_not_what_is_wrong() {
    const TLS_GD_HI20: u32 = 22;
    const PCREL_LO12_I: u32 = 24;
    let mut elf = Elf::new(&RISCV32);
    elf.section(".text", SHT_PROGBITS, A | X, 8, &[0x13; 8]);
    let label = elf.symbol("", LOCAL, 1, 0, 0);
    elf.relocate(1, 0, label, TLS_GD_HI20, Some(0));
    elf.relocate(1, 4, label, PCREL_LO12_I, Some(0));
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &RISCV32);
    let loaded = llext.load(
        &mut elf.build().source(),
        "x",
        &LoadOptions::default(),
        &mut (),
    );
    assert!(matches!(
        loaded.err(),
        Some(LoadError::Unsupported {
            count: 1,
            r_type: TLS_GD_HI20,
            ..
        })
    ));
}

#[test]
fn a_function_at_an_odd_address_is_there_where_there_is_no_thumb() {
    let mut elf = Elf::new(&I386);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 1, &[0x90; 3]);
    elf.section(".text.f", SHT_PROGBITS, A | X, 1, &[0xc3; 2]);
    let call = elf.section(
        ".text.call",
        SHT_PROGBITS,
        A | X,
        1,
        &[0xe8, 0xfc, 0xff, 0xff, 0xff],
    );
    let f = elf.symbol("f", GLOBAL | FUNC, text + 1, 0, 2);
    elf.relocate(call, 1, f, 2, None); // R_386_PC32: S + A − P
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &I386);
    let image = elf.build();
    llext
        .load(&mut image.source(), "x", &LoadOptions::default(), &mut ())
        .unwrap();
    let x = llext.by_name("x").unwrap();
    let f = x.find("f").unwrap();
    assert_eq!(f % 2, 1);
    let bytes = contents(x, crate::RegionKind::Text);
    assert_eq!(word(&bytes, 6) as i32, 3 - 6 - 4);
    let mut buffer = [0; 8];
    let found = llext.symbol_at(&mut image.source(), x, f, &mut buffer);
    assert_eq!(found.unwrap(), Some(("f", 0)));
}

/// Tables are used where they lie if they do so aligned, and are read otherwise.
#[test]
fn words_are_relocated_wherever_the_file_lies() {
    let mut elf = Elf::new(&ARM);
    let first = elf.section(".data.a", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let second = elf.section(".data.b", SHT_PROGBITS, A | W, 4, &[0; 12]);
    let own = elf.symbol("own", GLOBAL, second, 4, 4);
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    for (section, offset, symbol) in [
        (first, 0, own),
        (first, 4, far),
        (second, 0, far),
        (second, 8, own),
    ] {
        elf.relocate(section, offset, symbol, R_ARM_ABS32, None);
    }
    let image = elf.build();
    for at in 0..4 {
        let file = [&vec![0; at], &*image.bytes].concat();
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x1234)]), &ARM);
        let mut source = SliceSource::new(&file[at..]);
        let x = llext
            .load(&mut source, "x", &LoadOptions::default(), &mut ())
            .unwrap();
        let data = x.region(RegionKind::Data).unwrap();
        let own = data.address as u32 + 12;
        let words: Vec<u32> = contents(x, RegionKind::Data)
            .chunks(4)
            .map(|bytes| word(bytes, 0))
            .collect();
        assert_eq!(words, [own, 0x1234, 0x1234, 0, own], "{at}");
    }
}
