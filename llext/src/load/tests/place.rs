//! Where things go.

use super::*;
use crate::machine::RISCV32;
use crate::{Llext, LoadOptions, RegionKind};

const KEEP: LoadOptions<'static> = LoadOptions {
    origin: "/ext/x.elf",
    keep_sections: true,
    ..LoadOptions::DEFAULT
};

#[test]
fn a_small_file_is_loaded_relocated_and_described() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let image = small().build();
    let dry = llext
        .dry_run(&mut image.source(), "x", &KEEP, &mut ())
        .unwrap();
    assert_eq!(
        dry.regions,
        [16, 0, 8, 24],
        "two calls and one shared veneer"
    );
    assert_eq!(dry.veneers, 8);
    assert_eq!(dry.scratch, 4 * 4 + 8 * 9);
    let x = llext
        .load(&mut image.source(), "x", &KEEP, &mut ())
        .unwrap();
    assert_eq!(
        (x.name(), x.origin(), x.build_id()),
        ("x", "/ext/x.elf", &[][..])
    );
    assert_eq!(x.size(), dry.held());
    let address = |kind| {
        x.regions()
            .find(|region| region.kind == kind)
            .unwrap()
            .address
    };
    let (text, bss) = (address(RegionKind::Text), address(RegionKind::Bss));
    assert_eq!(
        x.exports().collect::<Vec<_>>(),
        [("run", text + 1), ("state", bss + 8)]
    );
    assert_eq!(x.find("run"), Some(text + 1));
    assert_eq!(x.find("far"), None);
    let data = contents(x, RegionKind::Data);
    assert_eq!(word(&data, 0) as usize, text + 1);
    assert_eq!(word(&data, 4) as usize, bss + 8);
    assert_eq!(contents(x, RegionKind::Bss), [0; 24]);
    let code = contents(x, RegionKind::Text);
    assert_eq!(word(&code, 12), 0x101, "the veneer's target");
    let names: Vec<_> = x
        .sections()
        .map(|section| (section.name, section.size))
        .collect();
    assert_eq!(names, [(".text", 8), (".data", 8), (".bss", 24)]);
    let mut script = Text::default();
    assert_eq!(
        crate::debug::add_symbol_file(&mut script, &["my x.elf"], x),
        Ok(())
    );
    let data = address(RegionKind::Data);
    assert_eq!(
        script.0,
        format!(
            "add-symbol-file \"my x.elf\" -s .text {text:#x} -s .data {data:#x} -s .bss {bss:#x}\n"
        )
    );
}

#[test]
fn sections_are_aligned_and_gaps_are_zero() {
    let mut elf = Elf::new(&ARM);
    elf.section(".rodata.a", SHT_PROGBITS, A, 1, &[1]);
    elf.section(".rodata.b", SHT_PROGBITS, A, 32, &[2; 3]);
    elf.section(".data.a", SHT_PROGBITS, A | W, 2, &[3; 2]);
    elf.section(".data.b", SHT_PROGBITS, A | W, 1024, &[4; 2]);
    elf.section(".bss.a", SHT_NOBITS, A | W, 1, &[0; 3]);
    elf.section(".bss.b", SHT_NOBITS, A | W, 4, &[0; 4]);
    elf.symbol("common", GLOBAL | OBJECT, COMMON, 16, 5);
    elf.section(".comment", SHT_PROGBITS, 0, 1, &[9; 50]);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let x = llext
        .load(&mut elf.build().source(), "x", &KEEP, &mut ())
        .unwrap();
    assert_eq!(
        contents(x, RegionKind::Rodata),
        [&[1][..], &[0; 31], &[2; 3]].concat()
    );
    assert_eq!(
        contents(x, RegionKind::Data),
        [&[3, 3][..], &[0; 1022], &[4; 2]].concat()
    );
    assert_eq!(contents(x, RegionKind::Bss), [0; 21]);
    let regions: Vec<_> = x.regions().collect();
    assert_eq!(regions[0].address % 32, 0);
    assert_eq!(regions[1].address % 1024, 0);
    assert_eq!(x.find("common"), Some(regions[2].address + 16));
    assert_eq!(
        x.sections().map(|section| section.name).last(),
        Some(".bss.b")
    );
}

#[test]
fn function_arrays_are_sorted_by_priority_and_run_in_elfs_order() {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 64]);
    let code = elf.symbol("", LOCAL | 3, text, 0, 0);
    let mut array = |name, kind, functions: &[u32]| {
        let bytes: Vec<u8> = functions.iter().flat_map(|at| at.to_le_bytes()).collect();
        let section = elf.section(name, kind, A | W, 4, &bytes);
        for index in 0..functions.len() as u32 {
            elf.relocate(section, index * 4, code, R_ARM_ABS32, None);
        }
    };
    array(".fini_array", SHT_FINI_ARRAY, &[0x31, 0x33]);
    array(".init_array", SHT_INIT_ARRAY, &[0x21]);
    array(".init_array.00200", SHT_INIT_ARRAY, &[0x19]);
    array(".init_array.00101", SHT_INIT_ARRAY, &[0x11, 0x13]);
    array(".fini_array.00101", SHT_FINI_ARRAY, &[0x29]);
    array(".preinit_array", SHT_PREINIT_ARRAY, &[0x01]);
    elf.section(".data", SHT_PROGBITS, A | W, 1, &[7]);
    let filler = elf.section(
        ".init_array",
        SHT_INIT_ARRAY,
        A | W,
        4,
        &[0, 0, 0, 0, 255, 255, 255, 255],
    );
    assert_eq!(filler, 9);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let x = llext
        .load(&mut elf.build().source(), "x", &KEEP, &mut ())
        .unwrap();
    let text = x.regions().next().unwrap().address;
    let offsets = |functions: &mut dyn Iterator<Item = usize>| {
        functions.map(|at| at - text).collect::<Vec<_>>()
    };
    assert_eq!(
        offsets(&mut x.init_functions()),
        [0x01, 0x11, 0x13, 0x19, 0x21]
    );
    assert_eq!(offsets(&mut x.fini_functions()), [0x33, 0x31, 0x29]);
    assert_eq!(contents(x, RegionKind::Data)[..4], [7, 0, 0, 0]);
}

#[test]
fn low_parts_find_their_high_parts_in_any_order_and_at_any_distance() {
    const HI: u32 = 23;
    const LO: u32 = 24;
    let mut elf = Elf::new(&RISCV32);
    let count = 100;
    let pair = [0x97, 0x05, 0, 0, 0x93, 0x85, 0x05, 0]; // auipc a1, 0; addi a1, a1, 0
    let text = elf.section(
        ".text",
        SHT_PROGBITS,
        A | X,
        4,
        &pair.repeat(count as usize),
    );
    let bss = elf.section(".bss", SHT_NOBITS, A | W, 4, &[0; 0x2000]);
    let variable = elf.symbol("variable", GLOBAL | OBJECT, bss, 0, 4);
    let labels: Vec<u32> = (0..count)
        .map(|at| elf.symbol("", LOCAL, text, at * 8, 0))
        .collect();
    for at in (0..count).rev() {
        elf.relocate(text, at * 8 + 4, labels[at as usize], LO, Some(0));
    }
    for at in 0..count {
        elf.relocate(text, at * 8, variable, HI, Some(at as i32 * 40));
    }
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &RISCV32);
    let x = llext
        .load(&mut elf.build().source(), "x", &KEEP, &mut ())
        .unwrap();
    let code = contents(x, RegionKind::Text);
    let text = x.regions().next().unwrap().address;
    for at in 0..count as usize {
        let high = word(&code, at * 8) & 0xffff_f000;
        let low = (word(&code, at * 8 + 4) as i32 >> 20) as u32;
        let address = (text + at * 8) as u32;
        let found = address.wrapping_add(high).wrapping_add(low) as usize;
        assert_eq!(
            Some(found),
            x.find("variable").map(|variable| variable + at * 40)
        );
    }
}

#[test]
fn a_descriptor_is_small_and_all_memory_comes_back() {
    let arena = Arena::new();
    let before = (arena.blocks(), arena.heap.stats().used);
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let image = small().build();
    let x = llext
        .load(&mut image.source(), "x", &LoadOptions::default(), &mut ())
        .unwrap();
    let regions: usize = x.regions().map(|region| region.size).sum();
    // Pointers are twice as long here as on the targets, where 128 is the limit.
    assert!(x.size() - regions <= 248, "{}", x.size() - regions);
    assert_eq!(x.sections().count(), 0);
    llext.unload("x").unwrap();
    assert_eq!((arena.blocks(), arena.heap.stats().used), before);
}

/// `BEQ.W` to itself, as an assembler leaves it: an addend of −4.
const BEQ_W: [u8; 4] = [0x3f, 0xf4, 0xfe, 0xaf];
const R_ARM_THM_JUMP19: u32 = 51;

#[test]
fn an_export_that_has_a_veneer_is_exported_as_itself() {
    // Anywhere in so large a heap, one region may be out of a conditional branch's reach from another.
    let arena = Arena::of(2 << 20);
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &BEQ_W);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 64]);
    let patched = elf.symbol("patched", GLOBAL | FUNC, data, 33, 4);
    elf.relocate(text, 0, patched, R_ARM_THM_JUMP19, None);
    let x = llext
        .load(&mut elf.build().source(), "x", &KEEP, &mut ())
        .unwrap();
    let data = x
        .regions()
        .find(|region| region.kind == RegionKind::Data)
        .unwrap();
    assert_eq!(contents(x, RegionKind::Text).len(), 12, "there is a veneer");
    assert_eq!(x.find("patched"), Some(data.address + 33));
}

#[test]
fn a_name_cannot_end_a_debuggers_command() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut elf = Elf::new(&ARM);
    elf.section(".text", SHT_PROGBITS, A | X, 4, &BL);
    elf.section(".x\nshell ls", SHT_PROGBITS, A | W, 4, &[0; 4]);
    let x = llext
        .load(&mut elf.build().source(), "x", &KEEP, &mut ())
        .unwrap();
    let mut script = Text::default();
    let Ok(()) = crate::debug::add_symbol_file(&mut script, &["x\r\n", "quit.elf"], x);
    let at = |kind| {
        let mut regions = x.regions();
        regions.find(|region| region.kind == kind).unwrap().address
    };
    let (text, data) = (at(RegionKind::Text), at(RegionKind::Data));
    assert_eq!(
        script.0,
        format!(
            "add-symbol-file \"x??quit.elf\" -s .text {text:#x} -s \".x?shell ls\" {data:#x}\n"
        )
    );
}
