//! Ids in place of names (Zephyr's SLID): in the firmware's table, and in files.

use super::*;
use crate::export::{IdTable, IdView, slid};
use crate::{Export, Exports, Extension, Llext, LoadError, LoadOptions, RegionKind};
use core::ptr::without_provenance;

/// What firmware for a machine with words of four bytes has.
fn firmware() -> Exports<'static> {
    const RECORDS: &[Export] = &[
        Export::new(c"far", without_provenance(0x101)),
        Export::new(c"near", without_provenance(0x201)),
    ];
    static TABLE: IdTable<2, 4> = IdTable::new(&[RECORDS]);
    static VIEW: IdView<'static> = TABLE.view();
    Exports::of_ids(&VIEW)
}

fn load<'l>(llext: &'l mut Llext<'_>, name: &str, elf: &Elf) -> Result<&'l Extension, LoadError> {
    llext.load(
        &mut elf.build().source(),
        name,
        &LoadOptions::DEFAULT,
        &mut (),
    )
}

/// A file whose data holds the addresses of symbols with these names and values, which it does not define.
fn pointers(symbols: &[(&str, u32)]) -> Elf {
    let mut elf = Elf::new(&ARM);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &vec![0; symbols.len() * 4]);
    for (offset, &(name, value)) in (0..).step_by(4).zip(symbols) {
        let symbol = elf.symbol(name, GLOBAL, 0, value, 0);
        elf.relocate(data, offset, symbol, R_ARM_ABS32, None);
    }
    elf
}

/// A file that exports a function by an id.
fn exporter(id: u32) -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 8]);
    let record = [id, 0].map(u32::to_le_bytes).concat();
    let table = elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &record);
    let function = elf.symbol("f", GLOBAL | FUNC, text, 5, 4);
    elf.relocate(table, 4, function, R_ARM_ABS32, None);
    elf
}

#[test]
fn names_and_ids_of_undefined_symbols_are_found() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, firmware(), &ARM);
    let id = slid::of(b"near", 4) as u32;
    let symbols = [("far", 0), ("near", 0), ("", id), ("stripped", id)];
    let x = load(&mut llext, "x", &pointers(&symbols)).unwrap();
    let data = contents(x, RegionKind::Data);
    let words: Vec<u32> = (0..4).map(|index| word(&data, index * 4)).collect();
    assert_eq!(words, [0x101, 0x201, 0x201, 0x201]);
    for missing in [("fax", 0), ("fax", id ^ 1)] {
        let error = load(&mut llext, "y", &pointers(&[missing])).err();
        assert_eq!(error, Some(LoadError::Undefined(1)));
    }
}

#[test]
fn exports_of_extensions_may_have_ids() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, firmware(), &ARM);
    let tone = exporter(slid::of(b"play_tone", 4) as u32);
    let x = load(&mut llext, "x", &tone).unwrap();
    let address = x.regions().next().unwrap().address + 5;
    assert_eq!((x.find("play_tone"), x.find("f")), (Some(address), None));
    assert_eq!(x.exports().count(), 0, "there are no names");
    let user = load(&mut llext, "user", &pointers(&[("play_tone", 0)])).unwrap();
    assert_eq!(word(&contents(user, RegionKind::Data), 0) as usize, address);
    assert_eq!(llext.users_of(llext.by_name("x").unwrap()).count(), 1);
}

#[test]
fn firmware_with_names_wants_names() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let id = slid::of(b"play_tone", 4) as u32;
    let error = load(&mut llext, "x", &exporter(id)).err();
    let address = id as usize;
    assert_eq!(error, Some(LoadError::BadExport { index: 0, address }));
    let id = slid::of(b"far", 4) as u32;
    let error = load(&mut llext, "x", &pointers(&[("", id)])).err();
    assert_eq!(error, Some(LoadError::Undefined(1)));
}
