//! What is done at once for files in memory is what is done step by step for files that are read: both give the same bytes.

use super::*;
use crate::{Llext, LoadOptions, RegionKind, Source};

const R_ARM_REL32: u32 = 3;
const KINDS: [(&str, u32, u32); 5] = [
    (".text.x", SHT_PROGBITS, A | X),
    (".rodata.x", SHT_PROGBITS, A),
    (".data.x", SHT_PROGBITS, A | W),
    (".bss.x", SHT_NOBITS, A | W),
    (".comment", SHT_PROGBITS, 0),
];

/// Sections of all kinds, sizes and alignments one after the other, with relocations in those that have bytes.
fn mixed(seed: usize) -> Image {
    let mut elf = Elf::new(&ARM);
    let mut symbols = vec![
        elf.symbol("far", GLOBAL, 0, 0, 0),
        elf.symbol("number", GLOBAL, ABS, 77, 0),
    ];
    let mut sections = Vec::new();
    for index in 0..40usize {
        let random = (seed * 40 + index).wrapping_mul(0x9e37_79b1) >> 7;
        let (name, kind, flags) = KINDS[random % 5];
        let bytes = vec![index as u8 | 1; 4 + random / 5 % 50];
        let section = elf.section(name, kind, flags, 1 << (random / 250 % 5), &bytes);
        if flags != 0 {
            symbols.push(elf.symbol("own", GLOBAL | OBJECT, section, 4, 0));
            symbols.push(elf.symbol("run", GLOBAL | FUNC, section, 1, 0));
        }
        if flags != 0 && kind == SHT_PROGBITS {
            sections.push((section, bytes.len() as u32));
        }
    }
    let array = elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0xff; 4]);
    for (index, &(section, size)) in sections.iter().enumerate() {
        for offset in (0..size - 3).step_by(7) {
            let random = seed + index * 31 + offset as usize;
            let symbol = symbols[random % symbols.len()];
            let r_type = [R_ARM_ABS32, R_ARM_REL32][usize::from(random.is_multiple_of(9))];
            elf.relocate(section, offset, symbol, r_type, None);
        }
    }
    elf.relocate(array, 0, 0, R_ARM_NONE, None);
    elf.build()
}

/// The contents of all regions.
fn loaded(source: &mut dyn Source) -> Vec<Vec<u8>> {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x1235)]), &ARM);
    let x = llext.load(source, "x", &LoadOptions::default(), &mut ());
    let x = x.unwrap_or_else(|error| panic!("{error}"));
    let all = RegionKind::ALL.map(|kind| contents(x, kind));
    all.into()
}

#[test]
fn files_in_memory_and_files_that_are_read_give_the_same() {
    for seed in 0..if cfg!(miri) { 2 } else { 50 } {
        let image = mixed(seed);
        let mut read = FailingSource {
            source: image.source(),
            fail_at: usize::MAX,
        };
        assert_eq!(loaded(&mut image.source()), loaded(&mut read), "{seed}");
    }
}
