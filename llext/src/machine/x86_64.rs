//! x86-64: the relocations of the "System V Application Binary Interface, AMD64 Architecture Processor
//! Supplement" (section 4.4) that GCC, Clang and rustc emit into relocatable files, with every code model
//! and with or without `-fPIC`, and the dynamic ones.
//!
//! Addends are in the relocations (RELA). What loads from the GOT (GOTPCRELX and the like) is left as the
//! compiler wrote it: a linker may turn it into an address, but has to know the instruction in front.
//! A number of 8 or 16 bits may be signed or not, as GNU ld has it; a distance is signed.
//!
//! Calls through the PLT (PLT32) may go to a stub. PC32 does not say whether it is a call, so what
//! is compiled with `-fno-plt -mcmodel=small` and without `-fPIC` has to lie within ±2 GiB of what it calls.
//! Not here: SIZE32 and SIZE64, which no compiler emits, and the dynamic models of thread-local storage.

use super::field::data::{
    EITHER8, EITHER16, LOW64, NOTHING, SIGNED8, SIGNED16, SIGNED32, UNSIGNED32,
};
use super::field::{Field, x86};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// x86-64, LP64.
pub static X86_64: Machine = Machine {
    name: "x86-64",
    e_machine: 62,
    class: Class::Elf64,
    rows: &ROWS,
    index: &INDEX,
    hints: &HINTS,
    stub: &STUB,
};

/// `JMP [RIP + 2]` and two bytes that align the word (Intel SDM, volume 2, "JMP": FF /4).
static STUB: Stub = Stub {
    bytes: &[
        0xff, 0x25, 0x02, 0, 0, 0, 0xcc, 0xcc, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    align: 8,
    word_at: 8,
    word_size: 8,
    arm_at: 0,
};

/// For variables that may lie in another module.
const LOCAL_EXEC: &str = "build with -ftls-model=local-exec";

static HINTS: [Hint; 2] = [Hint::new(19, 21, LOCAL_EXEC), Hint::new(34, 36, LOCAL_EXEC)];

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf64, r_type, name, formula, field)
}

static INDEX: [u8; 43] = row::index(&ROWS);

static ROWS: [Row; 29] = [
    row(0, "R_X86_64_NONE", Nothing, &NOTHING),
    row(1, "R_X86_64_64", Abs, &LOW64),
    row(2, "R_X86_64_PC32", Rel, &SIGNED32),
    row(3, "R_X86_64_GOT32", GotOffset, &SIGNED32),
    row(4, "R_X86_64_PLT32", Rel, &x86::BRANCH32),
    row(5, "R_X86_64_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(6, "R_X86_64_GLOB_DAT", Sym, &LOW64).for_linked_files(Dynamic::GlobDat),
    row(7, "R_X86_64_JUMP_SLOT", Sym, &LOW64).for_linked_files(Dynamic::JumpSlot),
    row(8, "R_X86_64_RELATIVE", Abs, &LOW64).for_linked_files(Dynamic::Relative),
    row(9, "R_X86_64_GOTPCREL", GotRel, &SIGNED32),
    row(10, "R_X86_64_32", Abs, &UNSIGNED32),
    row(11, "R_X86_64_32S", Abs, &SIGNED32),
    row(12, "R_X86_64_16", Abs, &EITHER16),
    row(13, "R_X86_64_PC16", Rel, &SIGNED16),
    row(14, "R_X86_64_8", Abs, &EITHER8),
    row(15, "R_X86_64_PC8", Rel, &SIGNED8),
    row(18, "R_X86_64_TPOFF64", TpRel, &LOW64).for_linked_files(Dynamic::TpOffset),
    row(22, "R_X86_64_GOTTPOFF", GotRel, &SIGNED32),
    row(23, "R_X86_64_TPOFF32", TpRel, &SIGNED32),
    row(24, "R_X86_64_PC64", Rel, &LOW64),
    row(25, "R_X86_64_GOTOFF64", SymOrigin, &LOW64),
    row(26, "R_X86_64_GOTPC32", OriginRel, &SIGNED32),
    row(27, "R_X86_64_GOT64", GotOffset, &LOW64),
    row(28, "R_X86_64_GOTPCREL64", GotRel, &LOW64),
    row(29, "R_X86_64_GOTPC64", OriginRel, &LOW64),
    row(30, "R_X86_64_GOTPLT64", GotOffset, &LOW64),
    row(31, "R_X86_64_PLTOFF64", SymOrigin, &LOW64),
    row(41, "R_X86_64_GOTPCRELX", GotRel, &SIGNED32),
    row(42, "R_X86_64_REX_GOTPCRELX", GotRel, &SIGNED32),
];
