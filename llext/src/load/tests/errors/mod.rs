//! Every way to be refused, each provoked by a load: its words, in which all of its values are, and its advice. An error that is
//! new does not pass here before it has a line.

mod linked;

use super::*;
use crate::machine::{ARM_A, Machine, RISCV32};
use crate::source::{InPlace, Source, StreamSource, WritableSlice};
use crate::{AbiId, Llext, LoadError, LoadOptions};
use std::collections::BTreeSet;
use std::ptr::NonNull;

/// `ALL`, the variants' names, and `name`, that of a value. It compiles if the list is complete.
macro_rules! variants {
    ($module:ident: $kind:ident: $($variant:ident)+) => {
        mod $module {
            pub(super) const ALL: &[&str] = &[$(stringify!($variant)),+];
            pub(super) fn name(value: &crate::$kind) -> &'static str {
                match value {
                    $(crate::$kind::$variant { .. } => stringify!($variant)),+
                }
            }
        }
    };
}

variants!(load_error: LoadError:
    Source NotElf WrongClass WrongEndianness WrongVersion WrongMachine NotRelocatable WrongAbi BadHeader Truncated BadSection
    BadSegment BadDynamic NotInPlace SeveralSymbolTables ThreadLocal BadSymbol LongName Undefined Unsupported BadRelocation
    OutOfRange BadExport BadFunction TooLarge OutOfMemory NameTaken InvalidName);
variants!(relocation_fault: RelocationFault: Place Symbol NotLoaded Padding NoHigh ReadOnly NotThumb);
variants!(source_fault: SourceFault: Short Device Memory Used);
variants!(unload_error: UnloadError: NotLoaded InUse);

/// What has been provoked.
#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    fn load(&mut self, error: LoadError, text: &str, hint: &str) {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.hint().unwrap_or(""), hint, "{text}");
        let mut short = Text::default();
        ufmt::uwrite!(short, "{}", error).unwrap();
        assert_eq!(short.0, text);
        self.0.insert(load_error::name(&error));
        match error {
            LoadError::Source(error) => self.0.insert(source_fault::name(&error.reason)),
            LoadError::BadRelocation { fault, .. } => self.0.insert(relocation_fault::name(&fault)),
            _ => false,
        };
    }

    fn has_all(&self, names: &[&str]) {
        for name in names {
            assert!(self.0.contains(name), "nothing provokes {name}");
        }
    }
}

/// What an attempt to load from this source gives.
fn of_source(source: &mut dyn Source, name: &str, options: &LoadOptions<'_>) -> LoadError {
    let arena = Arena::new();
    let blocks = arena.blocks();
    let firmware = exports(&[("far", 0x101)]);
    let mut llext = Llext::new(&arena.heap, firmware, &ARM).with_abi(AbiId(0x1111));
    let loaded = llext.load(source, name, options, &mut ());
    let error = loaded.err().expect("a refusal");
    assert_eq!(arena.blocks(), blocks, "{error}");
    error
}

fn of_machine(elf: &Elf, machine: &'static Machine) -> LoadError {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[]), machine);
    let image = elf.build();
    let loaded = llext.load(&mut image.source(), "x", &LoadOptions::DEFAULT, &mut ());
    loaded.err().expect("a refusal")
}

#[test]
fn every_error_has_been_provoked() {
    let mut seen = Seen::default();
    headers(&mut seen);
    sections(&mut seen);
    linked::segments(&mut seen);
    linked::dynamic(&mut seen);
    symbols(&mut seen);
    relocations(&mut seen);
    risc_v(&mut seen);
    places(&mut seen);
    memory(&mut seen);
    sources(&mut seen);
    names(&mut seen);
    for names in [load_error::ALL, relocation_fault::ALL, source_fault::ALL] {
        seen.has_all(names);
    }
}

const FOR_THIS_BOARD: &str = "build the extension for this board: see `version` for its machine";

fn headers(seen: &mut Seen) {
    let good = small().build();
    let mut bad = |at: usize, bytes: &[u8], text: &str, hint: &str| {
        seen.load(refusal(&good.clone().put(at, bytes)), text, hint);
    };
    let archive = "load the output of the compiler or of `ld -r`, not an archive or a raw binary";
    bad(0, b"!<ar", "not an ELF file", archive);
    let text = "wrong class: a 64-bit ELF file, 32-bit is needed";
    bad(4, &[2], text, FOR_THIS_BOARD);
    let text = "wrong class: a 32-bit ELF file is needed";
    bad(4, &[9], text, FOR_THIS_BOARD);
    let text = "wrong endianness: a big-endian file, little-endian is needed";
    bad(5, &[2], text, FOR_THIS_BOARD);
    bad(6, &[9], "unknown ELF version 9", "");
    bad(20, &[0, 1], "unknown ELF version 256", "");
    let text = "wrong machine: built for x86-64, this is ARM";
    bad(18, &[62], text, FOR_THIS_BOARD);
    let text = "wrong machine: built for e_machine 40000, this is ARM";
    bad(18, &40000u16.to_le_bytes(), text, FOR_THIS_BOARD);
    let link = "link with `ld -r` or -shared, or load the compiler's .o file";
    bad(16, &[2], "not a relocatable file but an executable", link);
    bad(16, &[4], "not a relocatable file but a core file", link);
    bad(
        16,
        &[9],
        "not a relocatable file but of an unknown type",
        link,
    );
    bad(40, &[64], "bad ELF header: e_ehsize is 64", "");
    let len = good.bytes.len();
    let text =
        format!("truncated: section headers of 360 bytes at 0x10000 in a file of {len} bytes");
    let copy = "copy the file again: it is shorter than its headers say";
    bad(32, &[0, 0, 1], &text, copy);
}

fn sections(seen: &mut Seen) {
    let good = small().build();
    let mut bad = |index, field, value, text: &str, hint: &str| {
        seen.load(
            refusal(&good.clone().section(index, field, value)),
            text,
            hint,
        );
    };
    bad(1, 8, 3, "bad section 1 .text: sh_addralign is 0x3", "");
    bad(4, 7, 99, "bad section 4 .rel: sh_info is 0x63", "");
    let text = "bss too large: the limit is 134217728";
    bad(3, 5, 1 << 27, text, "");
    let join = "link the objects again with `ld -r`";
    bad(4, 1, SHT_SYMTAB, "more than one symbol table", join);
    let mut elf = small();
    elf.section(".exported_sym", SHT_PROGBITS, A | W, 4, &[4; 8]);
    let text = "record 0 of .exported_sym holds 0x4040404, outside of the extension";
    seen.load(refusal(&elf.build()), text, "");
    let mut elf = small();
    elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[5; 4]);
    let text = "an init or fini array holds 0x5050505, outside of the extension's text";
    let hint = "constructors and destructors must be functions of the extension itself";
    seen.load(refusal(&elf.build()), text, hint);
    let mut elf = small();
    let note = [
        &[6, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0][..],
        b"llext\0\0\0\x22\x22\0\0",
    ]
    .concat();
    elf.section(".note.llext.abi", SHT_NOTE, 0, 4, &note);
    let error = of_source(&mut elf.build().source(), "x", &LoadOptions::DEFAULT);
    let text = "built for exports 0x2222, this firmware has 0x1111";
    let hint = "build it again for this firmware; `llext load --force` ignores the difference";
    seen.load(error, text, hint);
}

fn symbols(seen: &mut Seen) {
    let with = |name: &str, section, value| {
        let mut elf = small();
        let symbol = elf.symbol(name, GLOBAL | OBJECT, section, value, 4);
        elf.relocate(2, 0, symbol, R_ARM_ABS32, None);
        elf.build()
    };
    let load = "load the extension that defines them first, or link it in with `ld -r`";
    let text = "bad symbol 4 odd: st_value is 0x9";
    seen.load(refusal(&with("odd", 1, 9)), text, "");
    seen.load(refusal(&with("odd", 0, 0)), "1 undefined symbol", load);
    let mut elf = small();
    for (at, name) in [(0, "one"), (4, "two")] {
        let symbol = elf.symbol(name, GLOBAL, 0, 0, 0);
        elf.relocate(2, at, symbol, R_ARM_ABS32, None);
    }
    seen.load(refusal(&elf.build()), "2 undefined symbols", load);
    let mut elf = small();
    let symbol = elf.symbol(&"x".repeat(300), GLOBAL, 0, 0, 0);
    elf.relocate(2, 0, symbol, R_ARM_ABS32, None);
    elf.section(".comment", SHT_PROGBITS, 0, 1, &[0; SMALL]);
    let image = elf.build();
    // A source that does not let others look at its bytes.
    let mut source = FailingSource {
        source: image.source(),
        fail_at: usize::MAX,
    };
    let error = of_source(&mut source, "x", &LoadOptions::DEFAULT);
    let LoadError::LongName { symbol, .. } = error else {
        panic!("{error}");
    };
    assert!(symbol.as_str().starts_with("xxxxxxxx"));
    let text = format!(
        "symbol {} has a name of more than 255 bytes",
        symbol.as_str()
    );
    seen.load(error, &text, "");
}

fn relocations(seen: &mut Seen) {
    let mut bad = |place: (u16, u32), symbol, r_type, text: &str, hint: &str| {
        let mut elf = small();
        let debug = elf.section(".debug_info", SHT_PROGBITS, 0, 1, &[0; 4]);
        elf.symbol("die", LOCAL, debug, 0, 0);
        elf.symbol("arm", GLOBAL | FUNC, 1, 4, 4);
        elf.symbol("wide", GLOBAL, ABS, 0x12345, 0);
        elf.relocate(place.0, place.1, symbol, r_type, None);
        seen.load(refusal(&elf.build()), text, hint);
    };
    let text = "bad relocation at .data+0x5: outside of the section";
    bad((2, 5), 2, R_ARM_ABS32, text, "");
    let text = "bad relocation at .data+0x4: no symbol 77";
    bad((2, 4), 77, R_ARM_ABS32, text, "");
    let text = "bad relocation at .data+0x4: symbol 4 lies in a section that is not loaded";
    bad((2, 4), 4, R_ARM_ABS32, text, "");
    let text = "bad relocation at .text+0x0: a Thumb call to a function in ARM code";
    bad(
        (1, 0),
        5,
        R_ARM_THM_CALL,
        text,
        "build all of it with -mthumb",
    );
    let text = "unsupported ARM relocation type 250 at .data+0x3";
    bad((2, 3), 2, 250, text, "");
    let text = "unsupported ARM relocation type 104 at .data+0x0";
    bad((2, 0), 2, 104, text, ARM.hint(104).expect("a hint"));
    let far = "build with -mlong-calls or the medany code model";
    let out = |row: &str, place: &str, value: &str| {
        format!("relocation out of range: {row} at {place} to wide: value {value}")
    };
    let text = out("R_ARM_ABS8", ".data+0x2", "74565 is not in -128..=255");
    bad((2, 2), 6, 8, &text, far);
    let mut elf = small();
    for r_type in [250, 251] {
        elf.relocate(2, 0, 2, r_type, None);
    }
    let text = "unsupported ARM relocation type 250 at .data+0x0 and 1 more";
    seen.load(refusal(&elf.build()), text, "");
    // ADD of PC and a number of more bits than it has room for.
    let mut elf = Elf::new(&ARM);
    let code = 0xe28f_0000u32.to_le_bytes();
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[code; 200].concat());
    let symbol = elf.symbol("wide", LOCAL | NOTYPE, text, 0x101, 0);
    elf.relocate(text, 0, symbol, 58, None);
    let text = out("R_ARM_ALU_PC_G0", ".text+0x0", "257 cannot be encoded");
    seen.load(of_machine(&elf, &ARM_A), &text, far);
}

fn risc_v(seen: &mut Seen) {
    let mut bad = |value, r_type, addend, text: &str, hint: &str| {
        let mut elf = Elf::new(&RISCV32);
        let text_at = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0x13; 16]);
        let symbol = elf.symbol("odd", LOCAL, text_at, value, 0);
        let symbol = if r_type == 43 { 0 } else { symbol };
        elf.relocate(text_at, 0, symbol, r_type, Some(addend));
        seen.load(of_machine(&elf, &RISCV32), text, hint);
    };
    let text = "bad relocation at .text+0x0: alignment padding that the linker should have shrunk";
    bad(0, 43, 4, text, "build with -mno-relax");
    let text = "bad relocation at .text+0x0: a low part without its high part";
    bad(4, 24, 0, text, "");
    let text =
        "relocation out of range: R_RISCV_BRANCH at .text+0x0 to odd: value 3 is no multiple of 2";
    bad(
        3,
        16,
        0,
        text,
        "build with -mlong-calls or the medany code model",
    );
}

/// Files in memory that sections are to stay in.
#[allow(unsafe_code)]
fn places(seen: &mut Seen) {
    let image = small().build();
    let located = LoadOptions {
        pre_located: true,
        ..LoadOptions::DEFAULT
    };
    let error = of_source(&mut image.source(), "x", &located);
    let text = "section .text does not lie in place at 0x0";
    seen.load(error, text, "");
    let detached = LoadOptions {
        detached: Some(&|header| header.index == 1),
        ..LoadOptions::DEFAULT
    };
    let error = of_source(&mut image.source(), "x", &detached);
    seen.load(error, "section .text cannot stay in the file", "");
    let place = |writable| {
        let bytes = NonNull::from(Box::leak(image.bytes.clone().into_boxed_slice()));
        // SAFETY: the bytes are leaked, and used by the source and what is loaded from it alone.
        unsafe { InPlace::new(bytes.cast(), bytes.len(), BASE - 0x10_0000, writable) }
    };
    let mut source = crate::PersistentSlice::mapped(place(false));
    let error = of_source(&mut source, "x", &detached);
    let text = "bad relocation at .text+0x0: in a section that stays where it may not be written";
    seen.load(error, text, "");
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let mut source = WritableSlice::mapped(place(true));
    let first = llext.load(&mut source, "x", &LoadOptions::DEFAULT, &mut ());
    first.expect("an extension");
    let error = of_source(&mut source, "x", &LoadOptions::DEFAULT);
    seen.load(error, "an earlier load has changed the file's bytes", "");
}

fn memory(seen: &mut Seen) {
    let image = small().build().section(3, 5, ARENA as u32);
    let error = of_source(&mut image.source(), "x", &LoadOptions::DEFAULT);
    let LoadError::OutOfMemory {
        needed,
        available,
        free,
    } = error
    else {
        panic!("{error}");
    };
    assert!(needed >= ARENA && available <= free && free < ARENA);
    let text = format!(
        "out of memory: {needed} bytes needed, {available} available in one block ({free} free)"
    );
    let hint = "unload something: `llext heap` shows what is in use";
    seen.load(error, &text, hint);
}

fn sources(seen: &mut Seen) {
    let image = small().build().put(32, &[0, 0, 1, 0]);
    let mut source = ShortSource {
        source: image.source(),
        len: 1 << 20,
    };
    let error = of_source(&mut source, "x", &LoadOptions::DEFAULT);
    // The header of the section of names is looked at first, and those before it are read with it.
    let text = "truncated: 440 bytes at 0x10000 are past the end";
    seen.load(error, text, "");
    let mut source = FailingSource {
        source: image.source(),
        fail_at: 0,
    };
    let error = of_source(&mut source, "x", &LoadOptions::DEFAULT);
    let text = format!("reading {} bytes at 0x0 failed with -5", image.bytes.len());
    seen.load(error, &text, "");
    let arena = Arena::new();
    let received = StreamSource::receive(&arena.heap, 1 << 20, &mut |_| Ok(1));
    let error = received.err().expect("too little memory").into();
    let text = "no memory to receive a file of 1048576 bytes";
    seen.load(error, text, "");
}

fn names(seen: &mut Seen) {
    let image = small().build();
    let error = of_source(&mut image.source(), "a b", &LoadOptions::DEFAULT);
    let hint = "a name is 1 to 63 printable ASCII characters without spaces, `/` or quotes";
    seen.load(error, "not a name for an extension", hint);
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let options = LoadOptions::DEFAULT;
    let loaded = llext.load(&mut image.source(), "x", &options, &mut ());
    loaded.expect("an extension");
    let rehearsed = llext.dry_run(&mut image.source(), "x", &options, &mut ());
    let error = rehearsed.expect_err("a refusal");
    let hint = "unload it first, or give the new one another name";
    seen.load(error, "an extension of this name is loaded", hint);
}

#[test]
fn every_refusal_of_an_unload_has_been_provoked() {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let options = LoadOptions::DEFAULT;
    let used = small().build();
    let loaded = llext.load(&mut used.source(), "used", &options, &mut ());
    loaded.expect("an extension");
    let mut user = Elf::new(&ARM);
    let data = user.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4]);
    let run = user.symbol("run", GLOBAL, 0, 0, 0);
    user.relocate(data, 0, run, R_ARM_ABS32, None);
    let loaded = llext.load(&mut user.build().source(), "user", &options, &mut ());
    loaded.expect("an extension");
    let refusals = [
        (
            "nobody",
            "no such extension",
            "`llext list` shows what is loaded",
        ),
        ("used", "other extensions use it", "unload its users first"),
    ];
    let mut seen = Seen::default();
    for (name, text, hint) in refusals {
        let error = llext.unload(name).expect_err("a refusal");
        assert_eq!(
            (error.to_string().as_str(), error.hint()),
            (text, Some(hint))
        );
        seen.0.insert(unload_error::name(&error));
    }
    seen.has_all(unload_error::ALL);
}
