//! What is done at once for files in memory is what is done step by step for files that are read: both give the same bytes.

use super::*;
use crate::machine::{Machine, RISCV32};
use crate::{Extension, ExtensionId, Llext, LoadOptions, RegionKind, Report, Source};

const R_ARM_REL32: u32 = 3;
const R_RISCV_32: u32 = 1;
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

/// Collects what it is told.
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

/// What comes of a load: regions and dependencies, or the error; and what was reported.
type Outcome = (
    Result<(Vec<Vec<u8>>, Vec<ExtensionId>), String>,
    Vec<String>,
);

/// Loads a file beside another extension. If it is refused, all is as before.
fn outcome(source: &mut dyn Source) -> Outcome {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x1235)]), &ARM);
    let mut other = Elf::new(&ARM);
    let text = other.section(".text", SHT_PROGBITS, A | X, 4, &[0; 4]);
    other.symbol("other", GLOBAL | FUNC, text, 1, 4);
    let other = other.build();
    llext
        .load(
            &mut other.source(),
            "other",
            &LoadOptions::default(),
            &mut (),
        )
        .unwrap();
    let before = (arena.blocks(), arena.heap.stats().used);
    let mut notes = Notes::default();
    let result = match llext.load(source, "x", &LoadOptions::default(), &mut notes) {
        Ok(x) => {
            let regions = x.regions().map(|region| contents(x, region.kind)).collect();
            Ok((regions, Extension::dependencies(x).collect()))
        }
        Err(error) => Err(error.to_string()),
    };
    if result.is_err() {
        assert_eq!((arena.blocks(), arena.heap.stats().used), before);
    }
    (result, notes.0)
}

/// A table of words that is trusted, and one more relocation of it: its offset, type, and symbol.
fn trusted(offset: u32, r_type: u32, symbol: impl Fn(&mut Elf) -> u32) -> Image {
    let mut elf = Elf::new(&ARM);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 16]);
    let array = elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 4]);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[BL, BL].concat());
    let own = elf.symbol("own", GLOBAL | FUNC, text, 1, 4);
    elf.relocate(array, 0, own, R_ARM_ABS32, None);
    elf.relocate(data, 0, own, R_ARM_ABS32, None);
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    elf.relocate(data, 4, far, R_ARM_ABS32, None);
    let last = symbol(&mut elf);
    elf.relocate(data, offset, last, r_type, None);
    let lost = elf.symbol("absent", WEAK, 0, 0, 0);
    elf.relocate(text, 0, lost, R_ARM_THM_CALL, None);
    elf.build()
}

#[test]
fn trust_that_is_misplaced_changes_nothing() {
    let undefined = |elf: &mut Elf| elf.symbol("missing", GLOBAL, 0, 0, 0);
    let images = [
        // Sound after all, however the symbol has to be found.
        (true, trusted(8, R_ARM_ABS32, |_| 1)),
        (
            true,
            trusted(8, R_ARM_ABS32, |elf| elf.symbol("w", WEAK, 0, 0, 0)),
        ),
        (
            true,
            trusted(8, R_ARM_ABS32, |elf| elf.symbol("n", GLOBAL, ABS, 77, 0)),
        ),
        (
            true,
            trusted(8, R_ARM_ABS32, |elf| elf.symbol("c", GLOBAL, COMMON, 8, 24)),
        ),
        (
            true,
            trusted(8, R_ARM_ABS32, |elf| elf.symbol("other", GLOBAL, 0, 0, 0)),
        ),
        // Unsound.
        (false, trusted(8, R_ARM_ABS32, undefined)),
        (false, trusted(13, R_ARM_ABS32, |_| 1)),
        (false, trusted(u32::MAX, R_ARM_ABS32, |_| 1)),
        (false, trusted(8, R_ARM_ABS32, |_| 1000)),
        (false, trusted(8, 250, undefined)),
    ];
    for (index, (is_sound, image)) in images.iter().enumerate() {
        let there = outcome(&mut image.source());
        let mut read = FailingSource {
            source: image.source(),
            fail_at: usize::MAX,
        };
        assert_eq!(there, outcome(&mut read), "{index}");
        assert_eq!(there.0.is_ok(), *is_sound, "{index}: {there:?}");
    }
    // What is missing is reported once, though only one of the tables is trusted.
    let mut elf = Elf::new(&ARM);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4]);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[BL, BL].concat());
    for (section, offset, name, r_type) in [
        (data, 0, "one", R_ARM_ABS32),
        (text, 0, "two", R_ARM_THM_CALL),
        (text, 4, "three", R_ARM_THM_CALL),
    ] {
        let symbol = elf.symbol(name, GLOBAL, 0, 0, 0);
        elf.relocate(section, offset, symbol, r_type, None);
    }
    let (result, notes) = outcome(&mut elf.build().source());
    assert!(result.is_err());
    assert_eq!(notes, ["one", "two", "three"]);
}

/// Sections with nothing but usual tables.
fn plain(machine: &'static Machine, r_type: u32, addend: Option<i32>, seed: usize) -> Image {
    let mut elf = Elf::new(machine);
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    let weak = elf.symbol("weak", WEAK, 0, 0, 0);
    let mut symbols = vec![far, weak];
    for index in 0..14usize {
        let (name, kind, flags) = KINDS[(seed + index * 3) % 5];
        let section = elf.section(name, kind, flags, 4, &vec![1; 4 + (seed * index) % 40]);
        if flags != 0 {
            symbols.push(elf.symbol("own", GLOBAL | OBJECT, section, 4, 0));
        }
        if flags != 0 && kind == SHT_PROGBITS {
            let symbol = symbols[(seed + index) % symbols.len()];
            elf.relocate(section, 0, symbol, r_type, addend);
        }
    }
    elf.build()
}

/// The same in which up to three words are others.
fn spoiled(mut image: Image, next: &mut dyn FnMut(usize) -> usize) -> Image {
    let len = image.bytes.len();
    for _ in 0..1 + next(3) {
        let odd = [0, 1, 2, 0x7f, 0xfff1, 0xfff2, 1 << 31, u32::MAX];
        let word = [odd[next(odd.len())], next(64) as u32, next(len) as u32];
        image = image.put(next(len - 4) & !3, &word[next(3)].to_le_bytes());
    }
    image
}

#[test]
fn a_load_finds_what_is_wrong_as_if_nothing_were_trusted() {
    let mut state = 0x9e37_79b9_u32;
    let mut next = |limit: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % limit
    };
    let mut refused = 0;
    for seed in 0..if cfg!(miri) { 6 } else { 1500 } {
        let (machine, image) = match seed % 3 {
            0 => (&ARM, mixed(seed % 50)),
            1 => (&ARM, plain(&ARM, R_ARM_ABS32, None, seed)),
            _ => (&RISCV32, plain(&RISCV32, R_RISCV_32, Some(3), seed)),
        };
        let image = spoiled(image, &mut next);
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x1235)]), machine);
        let (options, blocks) = (LoadOptions::default(), arena.blocks());
        let mut notes = [Notes::default(), Notes::default()];
        let [rehearsal, load] = &mut notes;
        let rehearsed = llext.rehearse_beside(&mut image.source(), "x", &options, rehearsal);
        let loaded = llext.load(&mut image.source(), "x", &options, load);
        let loaded = loaded.map(|x| x.name().len());
        if let Err(error) = rehearsed {
            refused += 1;
            assert_eq!(loaded, Err(error), "{seed}");
        }
        assert!(loaded.is_ok() || arena.blocks() == blocks, "{seed}");
        let [rehearsal, load] = &notes;
        assert_eq!(rehearsal.0, load.0, "{seed}");
    }
    assert!(cfg!(miri) || refused > 400, "{refused}");
}
