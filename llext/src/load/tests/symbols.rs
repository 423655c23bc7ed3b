//! What symbols resolve to, and who uses whom.

use super::*;
use crate::machine::{ARC, I386};
use crate::{Llext, LoadError, LoadOptions, RegionKind, Report, UnloadError};

const R_386_PC32: u32 = 2;
const R_386_GOTOFF: u32 = 9;
const R_386_GOTPC: u32 = 10;
const R_ARC_S25W_PCREL: u32 = 17;

#[derive(Default)]
struct Notes(Vec<String>);

impl Report for Notes {
    fn undefined(&mut self, name: &str) {
        self.0.push(name.into());
    }

    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) {
        self.0.push(format!("{section}+{offset:#x} {r_type}"));
    }
}

/// A file whose data holds the addresses of these symbols.
fn pointers(symbols: &[(&str, u8)]) -> Elf {
    let mut elf = Elf::new(&ARM);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &vec![0; symbols.len() * 4]);
    for (offset, (name, info)) in (0..).step_by(4).zip(symbols) {
        let symbol = elf.symbol(name, *info, 0, 0, 0);
        elf.relocate(data, offset, symbol, R_ARM_ABS32, None);
    }
    elf
}

/// A file that exports `name`.
fn exporter(name: &str) -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 4]);
    elf.symbol(name, GLOBAL | FUNC, text, 1, 4);
    elf
}

fn load<'l>(
    llext: &'l mut Llext<'_>,
    name: &str,
    elf: &Elf,
) -> Result<&'l crate::Extension, LoadError> {
    llext.load(
        &mut elf.build().source(),
        name,
        &LoadOptions::default(),
        &mut (),
    )
}

#[test]
fn firmware_comes_before_extensions_and_the_first_extension_first() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("f", 0x401), ("g", 0x501)]), &ARM);
    let a = load(&mut llext, "a", &exporter("h"))
        .unwrap()
        .find("h")
        .unwrap();
    load(&mut llext, "b", &exporter("h")).unwrap();
    load(&mut llext, "c", &exporter("f")).unwrap();
    let user = pointers(&[("f", GLOBAL), ("h", GLOBAL), ("nobody", WEAK), ("g", WEAK)]);
    let x = load(&mut llext, "x", &user).unwrap();
    let data = contents(x, RegionKind::Data);
    let words = [0, 4, 8, 12].map(|offset| word(&data, offset) as usize);
    assert_eq!(words, [0x401, a, 0, 0x501]);
    let used: Vec<_> = x.dependencies().collect();
    assert_eq!(used, [llext.by_name("a").unwrap().id()]);
}

#[test]
fn what_others_use_is_not_unloaded() {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    // More dependencies than a table of fixed size would hold.
    let names: Vec<String> = (0..20).map(|index| format!("f{index}")).collect();
    for name in &names {
        load(&mut llext, name, &exporter(name)).unwrap();
    }
    let symbols: Vec<_> = names.iter().map(|name| (name.as_str(), GLOBAL)).collect();
    load(&mut llext, "user", &pointers(&symbols)).unwrap();
    for name in &names {
        assert_eq!(llext.unload(name), Err(UnloadError::InUse));
        let used = llext.by_name(name).unwrap();
        let users: Vec<_> = llext.users_of(used).map(|user| user.name()).collect();
        assert_eq!(users, ["user"]);
    }
    assert_eq!(llext.unload("nobody"), Err(UnloadError::NotLoaded));
    llext.unload("user").unwrap();
    for name in &names {
        llext.unload(name).unwrap();
    }
    assert_eq!(arena.blocks(), before);
}

#[test]
fn every_undefined_symbol_that_is_used_is_reported_once() {
    let mut elf = pointers(&[("one", GLOBAL), ("two", GLOBAL), ("weak", WEAK)]);
    elf.symbol("unused", GLOBAL, 0, 0, 0);
    let marker = elf.symbol("__aeabi_unwind_cpp_pr0", GLOBAL, 0, 0, 0);
    elf.relocate(1, 0, marker, R_ARM_NONE, None);
    elf.relocate(1, 8, 1, R_ARM_ABS32, None);
    let arena = Arena::new();
    let llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut notes = Notes::default();
    let result = llext.dry_run(
        &mut elf.build().source(),
        "x",
        &LoadOptions::default(),
        &mut notes,
    );
    assert_eq!(result.unwrap().regions, [0, 0, 12, 0]);
    assert_eq!(notes.0, ["one", "two"]);
    let mut llext = llext;
    assert_eq!(
        load(&mut llext, "x", &elf).err(),
        Some(LoadError::Undefined(2))
    );
}

#[test]
fn a_missing_function_counts_with_the_veneer_that_it_would_need() {
    let arena = Arena::new();
    let needs = |exported: &[(&str, usize)]| {
        let llext = Llext::new(&arena.heap, exports(exported), &ARM);
        let options = LoadOptions::default();
        llext
            .dry_run(&mut small().build().source(), "x", &options, &mut ())
            .unwrap()
            .veneers
    };
    assert_eq!(needs(&[("far", 0x101)]), 8);
    assert_eq!(needs(&[("other", 0x101)]), 8);
    assert_eq!(needs(&[("far", BASE)]), 0);
    assert_eq!(needs(&[("other", BASE)]), 0);
}

#[test]
fn every_unsupported_relocation_is_reported() {
    let mut elf = pointers(&[("one", GLOBAL)]);
    elf.relocate(1, 0, 1, 104, None);
    elf.relocate(1, 3, 1, 250, None);
    let arena = Arena::new();
    let llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut notes = Notes::default();
    let result = llext.dry_run(
        &mut elf.build().source(),
        "x",
        &LoadOptions::default(),
        &mut notes,
    );
    assert!(result.is_ok());
    assert_eq!(notes.0, ["one", ".data+0x0 104", ".data+0x3 250"]);
    let mut llext = llext;
    let error = load(&mut llext, "x", &elf).err().unwrap();
    assert_eq!(
        error.to_string(),
        "unsupported ARM relocation type 104 at .data+0x0 and 1 more"
    );
    assert_eq!(error.hint(), Some("build with -ftls-model=local-exec"));
}

#[test]
fn a_symbol_may_be_a_number_or_the_end_of_a_section() {
    let mut elf = Elf::new(&ARM);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let number = elf.symbol("number", GLOBAL, ABS, 0xdead_beef, 0);
    let end = elf.symbol("end", GLOBAL, data, 8, 0);
    elf.relocate(data, 0, number, R_ARM_ABS32, None);
    elf.relocate(data, 4, end, R_ARM_ABS32, None);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let x = load(&mut llext, "x", &elf).unwrap();
    let data = contents(x, RegionKind::Data);
    assert_eq!(word(&data, 0), 0xdead_beef);
    assert_eq!(
        word(&data, 4) as usize,
        x.regions().next().unwrap().address + 8
    );
}

/// A file that exports its function `hidden` as `visible`.
fn with_table() -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 8]);
    let names = elf.section(".rodata", SHT_PROGBITS, A, 1, b"visible\0");
    let table = elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let hidden = elf.symbol("hidden", GLOBAL | FUNC, text, 5, 4);
    let name = elf.symbol("", LOCAL | 3, names, 0, 0);
    elf.relocate(table, 0, name, R_ARM_ABS32, None);
    elf.relocate(table, 4, hidden, R_ARM_ABS32, None);
    elf
}

#[test]
fn all_globals_are_exported_in_spite_of_a_table_if_that_is_asked_for() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let options = LoadOptions {
        export_all: true,
        ..LoadOptions::DEFAULT
    };
    let image = with_table().build();
    let x = llext
        .load(&mut image.source(), "x", &options, &mut ())
        .unwrap();
    let text = x.regions().next().unwrap().address;
    assert_eq!(x.exports().collect::<Vec<_>>(), [("hidden", text + 5)]);
}

#[test]
fn a_table_of_exports_takes_the_place_of_global_symbols() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let x = load(&mut llext, "x", &with_table()).unwrap();
    let text = x.regions().next().unwrap().address;
    assert_eq!(x.exports().collect::<Vec<_>>(), [("visible", text + 5)]);
    let location = llext.locate(text + 6).unwrap();
    assert_eq!(
        (location.extension.name(), location.symbol),
        ("x", Some(("visible", 2)))
    );
    assert!(llext.locate(text - 1).is_none());
    let user = load(&mut llext, "user", &pointers(&[("visible", GLOBAL)])).unwrap();
    assert_eq!(
        word(&contents(user, RegionKind::Data), 0) as usize,
        text + 5
    );
}

#[test]
fn functions_lie_at_odd_addresses_where_there_is_no_thumb() {
    let mut elf = Elf::new(&I386);
    // call odd; ret; ret; odd: ret
    let call = [0xe8, 0xfc, 0xff, 0xff, 0xff, 0xc3, 0xc3, 0xc3];
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &call);
    let odd = elf.symbol("odd", GLOBAL | FUNC, text, 7, 1);
    elf.relocate(text, 1, odd, R_386_PC32, None);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &I386);
    let x = load(&mut llext, "x", &elf).unwrap();
    assert_eq!(word(&contents(x, RegionKind::Text)[1..], 0), 7 - 5);
    assert_eq!(x.find("odd").unwrap() & 3, 3);
}

#[test]
fn calls_to_nothing_go_to_stubs_where_they_cannot_be_skipped() {
    // bl missing, from beyond its 16 MiB.
    let mut elf = Elf::new(&ARC);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0x02, 0x08, 0, 0]);
    let missing = elf.symbol("missing", WEAK, 0, 0, 0);
    elf.relocate(text, 0, missing, R_ARC_S25W_PCREL, Some(0));
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARC);
    let x = load(&mut llext, "x", &elf).unwrap();
    let text = contents(x, RegionKind::Text);
    let mut stub = [0xa5; 12];
    ARC.stub.write(&mut stub, 0);
    assert_eq!(text[4..16], stub);
    let mut call = [0x02, 0x08, 0, 0];
    let row = ARC.row(R_ARC_S25W_PCREL).unwrap();
    row.put(&mut call, 4).unwrap();
    assert_eq!(text[..4], call);
}

#[test]
fn nobody_defines_the_global_offset_table() {
    // add $_GLOBAL_OFFSET_TABLE_, %ebx; lea value@GOTOFF(%ebx), %eax
    let code = [0x81, 0xc3, 2, 0, 0, 0, 0x8d, 0x83, 0, 0, 0, 0];
    let mut elf = Elf::new(&I386);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &code);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let value = elf.symbol("value", GLOBAL | OBJECT, data, 4, 4);
    let table = elf.symbol("_GLOBAL_OFFSET_TABLE_", GLOBAL, 0, 0, 0);
    elf.relocate(text, 2, table, R_386_GOTPC, None);
    elf.relocate(text, 8, value, R_386_GOTOFF, None);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &I386);
    let x = load(&mut llext, "x", &elf).unwrap();
    let text = contents(x, RegionKind::Text);
    let start = x.region(RegionKind::Text).unwrap().address as u32;
    let origin = word(&text[2..], 0).wrapping_sub(2).wrapping_add(start + 2);
    let found = origin.wrapping_add(word(&text[8..], 0));
    assert_eq!(found as usize, x.find("value").unwrap());
}
