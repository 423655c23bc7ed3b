//! Objects read back by `xmas-elf`. tests/test_gdb_jit.py has readelf and GDB read them.

use super::{Extension, JIT_LIMIT, JitObject, Machine};
use crate::machine::{ARM, RISCV32, X86_64};
use crate::testing::*;
use crate::{Llext, LoadOptions};
use xmas_elf::ElfFile;
use xmas_elf::header::Class;
use xmas_elf::sections::{SectionHeader, ShType};

const KEEP: LoadOptions<'static> = LoadOptions {
    keep_sections: true,
    ..LoadOptions::DEFAULT
};

/// A note with a build-id of so many bytes.
fn note(len: u8) -> Vec<u8> {
    let mut note = vec![4, 0, 0, 0, len, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0];
    note.extend(1..=len);
    note
}

/// What compilers and sdk/extension.ld make: all that is of use to GDB, and all that is not.
fn usual(machine: &'static Machine) -> Elf {
    let mut elf = Elf::new(machine);
    elf.section(".note.gnu.build-id", SHT_NOTE, A, 4, &note(20));
    elf.section(".rodata", SHT_PROGBITS, A, 4, &[1; 12]);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 32]);
    elf.section(".exported_sym", SHT_PROGBITS, A, 4, &[]);
    elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 4]);
    elf.section(".bss", SHT_NOBITS, A | W, 4, &[0; 8]);
    elf.section(".data", SHT_PROGBITS, A | W, 4, &[7; 4]);
    elf.symbol("run", GLOBAL | FUNC, text, 0, 4);
    elf
}

/// Loads `elf` and gives what GDB would read of it.
fn object_of<R>(
    elf: &Elf,
    machine: &'static Machine,
    options: &LoadOptions<'_>,
    look: impl FnOnce(&Extension, Option<JitObject<'_>>) -> R,
) -> R {
    let (arena, image) = (Arena::new(), elf.build());
    let mut llext = Llext::new(&arena.heap, exports(&[]), machine);
    let loaded = llext.load(&mut image.source(), "x", options, &mut ());
    let extension = loaded.expect("it loads");
    look(extension, JitObject::of(extension, machine))
}

fn written(object: &JitObject<'_>) -> Vec<u8> {
    let mut bytes = vec![0xa5; object.size()];
    object.write(&mut bytes);
    bytes
}

#[test]
fn says_where_code_and_variables_lie_and_whose_they_are() {
    for (machine, flags) in [(&ARM, 0x0500_0000), (&RISCV32, 0)] {
        object_of(&usual(machine), machine, &KEEP, |extension, object| {
            let object = object.expect("an object");
            assert_eq!(object.left_out(), 0);
            let bytes = written(&object);
            assert_eq!(
                bytes.len(),
                52 + 40 + 6 * 40 + 26,
                "24 more are GDB's entry"
            );
            let file = ElfFile::new(&bytes).expect("an ELF file");
            assert_eq!(file.header.pt1.class(), Class::ThirtyTwo);
            assert_eq!(
                u16::from_le_bytes([bytes[18], bytes[19]]),
                machine.e_machine
            );
            assert_eq!(
                file.header.pt2.type_().as_type(),
                xmas_elf::header::Type::Relocatable
            );
            assert_eq!(
                u32::from_le_bytes([bytes[36], bytes[37], bytes[38], bytes[39]]),
                flags
            );

            let listed: Vec<_> = file.section_iter().skip(1).take(4).collect();
            let names: Vec<_> = listed
                .iter()
                .map(|section| section.get_name(&file))
                .collect();
            assert_eq!(names, [Ok(".text"), Ok(".bss"), Ok(".data"), Ok(".rodata")]);
            for (header, name) in listed.iter().zip([".text", ".bss", ".data", ".rodata"]) {
                let section = extension.section(name).expect(name);
                assert_eq!(header.address(), section.address as u64);
                assert_eq!(header.size(), section.size as u64);
                assert_eq!(header.get_type(), Ok(ShType::NoBits));
                let expected = match name {
                    ".text" => A | X,
                    ".rodata" => A,
                    _ => A | W,
                };
                assert_eq!(header.flags(), u64::from(expected), "{name}");
            }
            let note_header = file.section_iter().nth(5).expect("the note");
            assert_eq!(note_header.get_type(), Ok(ShType::Note));
            assert_eq!(note_header.raw_data(&file), note(20));
            assert!(matches!(note_header, SectionHeader::Sh32(_)));
        });
    }
}

#[test]
fn many_sections_go_by_use_until_the_limit() {
    let mut elf = Elf::new(&ARM);
    elf.section(".note.gnu.build-id", SHT_NOTE, A, 4, &note(20));
    elf.section(".rodata.str", SHT_PROGBITS, A, 1, b"text");
    elf.section(".data.level", SHT_PROGBITS, A | W, 4, &[0; 4]);
    for name in [".text.one", ".text.two", ".text.three"] {
        elf.section(name, SHT_PROGBITS, A | X, 4, &[0; 8]);
    }
    object_of(&elf, &ARM, &KEEP, |_, object| {
        let object = object.expect("an object");
        let listed: Vec<_> = object.listed().map(|section| section.name).collect();
        assert_eq!(listed, [".text.one", ".text.two", ".text.three"]);
        assert_eq!(
            object.left_out(),
            2,
            "variables have no room, nor constants"
        );
        assert!(object.size() <= JIT_LIMIT && written(&object).ends_with(b".text.three\0"));
    });
}

#[test]
fn a_name_of_any_length_keeps_the_limit() {
    let four = |name| {
        let mut elf = Elf::new(&ARM);
        elf.section(".note.gnu.build-id", SHT_NOTE, A, 4, &note(20));
        for name in [".text", ".text", name, ".text"] {
            elf.section(name, SHT_PROGBITS, A | X, 4, &[0; 4]);
        }
        object_of(&elf, &ARM, &KEEP, |_, object| {
            let object = object.expect("an object");
            assert!(object.size() <= JIT_LIMIT);
            (object.left_out(), object.size())
        })
    };
    // 52 + 40 + 6 * 40 + 1 + 3 * 6 are 351; the fourth name has 8 letters and a NUL.
    assert_eq!(four(".text.hi"), (0, JIT_LIMIT));
    assert_eq!(four(".text.one").0, 1);
}

#[test]
fn without_a_build_id_or_sections_there_is_none() {
    let mut elf = Elf::new(&ARM);
    elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 8]);
    object_of(&elf, &ARM, &KEEP, |_, object| assert!(object.is_none()));
    object_of(&usual(&ARM), &ARM, &LoadOptions::DEFAULT, |_, object| {
        assert!(object.is_none());
    });
    object_of(&usual(&ARM), &ARM, &KEEP, |extension, _| {
        assert!(JitObject::of(extension, &X86_64).is_none(), "64 bits");
    });
}

#[test]
fn a_place_that_is_too_small_is_filled_and_no_more() {
    object_of(&usual(&ARM), &ARM, &KEEP, |_, object| {
        let object = object.expect("an object");
        let whole = written(&object);
        for len in 0..whole.len() {
            let mut bytes = vec![0xa5; len];
            object.write(&mut bytes);
            let same = bytes.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            assert!(bytes[same..].iter().all(|&byte| byte == 0xa5), "{len}");
        }
    });
}
