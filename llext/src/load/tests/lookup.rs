//! Addresses back to symbols.

use super::*;
use crate::{Llext, LoadOptions, RegionKind};

fn file() -> Elf {
    let mut elf = Elf::new(&ARM);
    elf.section(".text.a", SHT_PROGBITS, A | X, 4, &[0; 6]);
    let text = elf.section(".text.b", SHT_PROGBITS, A | X, 8, &[0; 32]);
    elf.symbol("helper", LOCAL | FUNC, text, 5, 8);
    elf.symbol("label", LOCAL | NOTYPE, text, 6, 0);
    elf.symbol("outer", GLOBAL | FUNC, text, 1, 20);
    elf.symbol("assembled", GLOBAL | FUNC, text, 25, 0);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 1, &[0; 5]);
    elf.symbol("odd", LOCAL | OBJECT, data, 1, 3);
    elf.symbol("common", GLOBAL | OBJECT, COMMON, 4, 4);
    elf
}

#[test]
fn the_innermost_symbol_is_found_static_ones_too() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let image = file().build();
    llext
        .load(&mut image.source(), "x", &LoadOptions::default(), &mut ())
        .unwrap();
    let x = llext.by_name("x").unwrap();
    let blocks = arena.blocks();
    let at = |kind, offset| {
        let region = x.regions().find(|region| region.kind == kind).unwrap();
        let mut buffer = [0; 16];
        let found = llext.symbol_at(&mut image.source(), x, region.address + offset, &mut buffer);
        found
            .unwrap()
            .map(|(name, distance)| (name.to_string(), distance))
    };
    let text = |offset| at(RegionKind::Text, offset);
    let some = |name: &str, distance| Some((name.to_string(), distance));
    assert_eq!(text(0), None);
    assert_eq!(text(8), some("outer", 0));
    assert_eq!(text(12), some("helper", 0));
    assert_eq!(text(19), some("helper", 7));
    assert_eq!(text(20), some("outer", 12));
    assert_eq!(text(28), None);
    assert_eq!(text(39), some("assembled", 7));
    assert_eq!(at(RegionKind::Data, 0), None);
    assert_eq!(at(RegionKind::Data, 3), some("odd", 2));
    assert_eq!(at(RegionKind::Bss, 3), some("common", 3));
    assert_eq!(arena.blocks(), blocks);
    let mut buffer = [0; 3];
    let address = x.find("outer").unwrap();
    let cut = llext.symbol_at(&mut image.source(), x, address, &mut buffer);
    assert_eq!(cut, Ok(Some(("out", 1))));
    let elsewhere = llext.symbol_at(&mut image.source(), x, 0x1000, &mut buffer);
    assert_eq!(elsewhere, Ok(None));
}

#[test]
fn another_file_is_not_believed() {
    let note = |id: &[u8; 4]| [&[4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0][..], b"GNU\0", id].concat();
    let with_id = |id| {
        let mut elf = file();
        elf.section(".note.gnu.build-id", SHT_NOTE, A, 4, &note(id));
        elf.build()
    };
    let mut longer = file();
    longer.section(".rodata", SHT_PROGBITS, A, 1, &[1]);
    let files = [
        file().build(),
        longer.build(),
        with_id(b"one\0"),
        with_id(b"two\0"),
    ];
    for (loaded, image) in files.iter().enumerate() {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        llext
            .load(&mut image.source(), "x", &LoadOptions::default(), &mut ())
            .unwrap();
        let x = llext.by_name("x").unwrap();
        let outer = x.find("outer").unwrap();
        for (other, image) in files.iter().enumerate() {
            let mut buffer = [0; 16];
            let found = llext
                .symbol_at(&mut image.source(), x, outer, &mut buffer)
                .unwrap();
            assert_eq!(found.is_some(), loaded == other, "{loaded} {other}");
        }
    }
}
