//! Files exactly as Zephyr's build leaves them: its sections by name, type and flags, its records, its ids.

use super::*;
use crate::{Exports, Extension, Llext, LoadOptions, RegionKind};

const SHT_ARM_ATTRIBUTES: u32 = 0x7000_0003;
/// SHF_MERGE and SHF_STRINGS.
const STRINGS: u32 = 0x30;
const SECTION: u8 = 3;
const FILE: u8 = 4;
/// What the code of `start` begins with: `bx lr`, twice.
const BX_LR: [u8; 4] = [0x70, 0x47, 0x70, 0x47];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().copied().flat_map(u32::to_le_bytes).collect()
}

/// An extension with all that Zephyr's has: `EXPORT_SYMBOL(start)` and `EXPORT_SYMBOL(counter)` are records of two words, the
/// first a name, or an id with `labels`; what they name is called so, and `printk` has the value `id_of_printk`.
fn zephyrs(labels: Option<[u32; 2]>, id_of_printk: u32) -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[BX_LR, BL].concat());
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &words(&[7, 0, 0, 0]));
    let bss = elf.section(".bss", SHT_NOBITS, A | W, 4, &[0; 8]);
    let strings = b"start\0counter\0hello world\n\0";
    let names = elf.section(".rodata.str1.1", SHT_PROGBITS, A | STRINGS, 1, strings);
    let constants = words(&[11, 22]);
    elf.section(".llext.rodata.noreloc", SHT_PROGBITS, A, 4, &constants);
    elf.section(".detach", SHT_PROGBITS, A | X, 4, &BX_LR);
    let init = elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 4]);
    // The name of the second is an addend: it lies in the same section.
    let [first, second] = labels.unwrap_or([0, 6]);
    let records = words(&[first, 0, second, 0]);
    let table = elf.section(".exported_sym", SHT_PROGBITS, A, 4, &records);
    let debug = elf.section(".debug_info", SHT_PROGBITS, 0, 1, &[0; 4]);
    elf.section(".comment", SHT_PROGBITS, STRINGS, 1, b"GCC\0");
    elf.section(".ARM.attributes", SHT_ARM_ATTRIBUTES, 0, 1, b"A\x05\0\0\0");

    elf.symbol("ext.c", LOCAL | FILE, ABS, 0, 0);
    elf.symbol("$t", LOCAL | NOTYPE, text, 0, 0);
    elf.symbol("$d", LOCAL | NOTYPE, table, 0, 0);
    let name = elf.symbol("", LOCAL | SECTION, names, 0, 0);
    let begin = elf.symbol("begin", LOCAL | FUNC, text, 3, 2);
    let start = elf.symbol("start", GLOBAL | FUNC, text, 1, 8);
    let counter = elf.symbol("counter", GLOBAL | OBJECT, data, 0, 4);
    elf.symbol("hidden", GLOBAL | FUNC, text, 3, 2);
    let state = elf.symbol("state", GLOBAL | OBJECT, bss, 4, 4);
    let printk = elf.symbol("printk", GLOBAL | NOTYPE, 0, id_of_printk, 0);
    let nobody = elf.symbol("nobody", WEAK | NOTYPE, 0, 0, 0);
    let fixed = elf.symbol("fixed", GLOBAL | NOTYPE, ABS, 0x1234, 0);

    elf.relocate(text, 4, printk, R_ARM_THM_CALL, None);
    for (offset, symbol) in [(4, state), (8, nobody), (12, fixed)] {
        elf.relocate(data, offset, symbol, R_ARM_ABS32, None);
    }
    elf.relocate(init, 0, begin, R_ARM_ABS32, None);
    if labels.is_none() {
        elf.relocate(table, 0, name, R_ARM_ABS32, None);
        elf.relocate(table, 8, name, R_ARM_ABS32, None);
    }
    elf.relocate(table, 4, start, R_ARM_ABS32, None);
    elf.relocate(table, 12, counter, R_ARM_ABS32, None);
    // What no address is asked of is no business of the loader's: a type that it does not know, of nobody.
    elf.relocate(debug, 0, nobody, 250, None);
    elf
}

/// Loads the file and checks everything but the names of exports.
fn check(elf: &Elf, firmware: Exports<'_>, then: impl Fn(&Extension, [usize; 2])) {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut llext = Llext::new(&arena.heap, firmware, &ARM);
    let options = LoadOptions {
        keep_sections: true,
        ..LoadOptions::DEFAULT
    };
    let image = elf.build();
    let x = llext
        .load(&mut image.source(), "ext", &options, &mut ())
        .expect("an extension");
    let section = |name| x.section(name).expect("the section");
    let at = |name| section(name).address;
    for (name, kind) in [
        (".text", RegionKind::Text),
        (".detach", RegionKind::Text),
        (".rodata.str1.1", RegionKind::Rodata),
        (".llext.rodata.noreloc", RegionKind::Rodata),
        (".exported_sym", RegionKind::Rodata),
        (".data", RegionKind::Data),
        (".bss", RegionKind::Bss),
    ] {
        assert_eq!(section(name).region, kind, "{name}");
    }
    let mut constants = [0; 8];
    assert!(x.read(at(".llext.rodata.noreloc"), &mut constants));
    assert_eq!(constants[..], words(&[11, 22]));
    let data = contents(x, RegionKind::Data);
    assert_eq!(word(&data, 4) as usize, at(".bss") + 4);
    assert_eq!((word(&data, 8), word(&data, 12)), (0, 0x1234));
    let code = contents(x, RegionKind::Text);
    assert_ne!(code[4..8], BL, "printk is called");
    let begin: Vec<_> = x.init_functions().collect();
    assert_eq!(begin, [at(".text") + 3]);
    assert_eq!(x.find("hidden"), None);
    then(x, [at(".text") + 1, at(".data")]);
    llext.unload("ext").expect("it is loaded");
    assert_eq!(arena.blocks(), before);
}

#[test]
fn records_with_names() {
    let firmware = exports(&[("printk", 0x101)]);
    check(&zephyrs(None, 0), firmware, |x, [start, counter]| {
        let all: Vec<_> = x.exports().collect();
        assert_eq!(all, [("start", start), ("counter", counter)]);
        assert!(x.function("start").is_some() && x.function("counter").is_none());
    });
}

/// What `sha256sum` says of the names, first four bytes.
#[cfg(feature = "slid")]
#[test]
fn records_with_ids() {
    use crate::Export;
    use crate::export::{IdTable, IdView};
    const RECORDS: &[Export] = &[Export::new(c"printk", core::ptr::without_provenance(0x101))];
    static TABLE: IdTable<1, 4> = IdTable::new(&[RECORDS]);
    static VIEW: IdView<'static> = TABLE.view();
    let elf = zephyrs(Some([0xcced_28c6, 0xefe8_99c7]), 0x87b3_1052);
    check(&elf, Exports::of_ids(&VIEW), |x, [start, counter]| {
        assert_eq!(x.exports().count(), 0, "there are no names");
        assert_eq!(x.find("start"), Some(start));
        assert_eq!(x.find("counter"), Some(counter));
    });
}
