//! Xtensa: the relocations of the GNU tools (there is no psABI; binutils' `include/elf/xtensa.h` numbers
//! them) that GCC emits into relocatable files, and the dynamic ones. Little-endian.
//!
//! Addends are in the relocations (RELA), and what a word holds is added too, as GNU ld does it.
//!
//! `SLOT0_OP` is any instruction with a label: the field decodes the opcode. ASM_EXPAND says what an
//! assembler did and DIFF8 to NDIFF32 that a number is a distance: marks for a linker that changes the
//! length of code, which a loader does not.
//!
//! A CALL reaches ±512 KiB and has no stub: before the callee's ENTRY has turned the register window no register
//! is free to hold an address. Code that calls far is compiled with `-mlongcalls`, and each function's literals
//! lie in front of it (`-mtext-section-literals`), where L32R finds them.
//!
//! Not here: instructions in FLIX bundles (SLOT1 and up) and `CONST16` (SLOT0_ALT), which only some
//! configurations have; TLS descriptors.

use super::field::data::{LOW32, NOTHING};
use super::field::{Field, xtensa};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// Xtensa, little-endian.
pub static XTENSA: Machine = Machine {
    name: "Xtensa",
    e_machine: 94,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    hints: &HINTS,
    stub: &STUB,
};

/// The word alone.
static STUB: Stub = Stub {
    bytes: &[0; 4],
    align: 4,
    word_at: 0,
    word_size: 4,
    arm_at: 0,
};

/// For variables that may lie in another module.
const LOCAL_EXEC: &str = "build with -ftls-model=local-exec";

static HINTS: [Hint; 2] = [Hint::new(50, 52, LOCAL_EXEC), Hint::new(54, 56, LOCAL_EXEC)];

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 63] = row::index(&ROWS);

static ROWS: [Row; 19] = [
    row(0, "R_XTENSA_NONE", Nothing, &NOTHING),
    row(1, "R_XTENSA_32", Add, &LOW32),
    row(3, "R_XTENSA_GLOB_DAT", Sym, &LOW32).for_linked_files(Dynamic::GlobDat),
    row(4, "R_XTENSA_JMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(5, "R_XTENSA_RELATIVE", Add, &LOW32).for_linked_files(Dynamic::Relative),
    row(6, "R_XTENSA_PLT", Abs, &LOW32),
    row(11, "R_XTENSA_ASM_EXPAND", Nothing, &NOTHING),
    row(14, "R_XTENSA_32_PCREL", Rel, &LOW32),
    row(17, "R_XTENSA_DIFF8", Nothing, &NOTHING),
    row(18, "R_XTENSA_DIFF16", Nothing, &NOTHING),
    row(19, "R_XTENSA_DIFF32", Nothing, &NOTHING),
    row(20, "R_XTENSA_SLOT0_OP", OfField, &xtensa::SLOT0_OP),
    row(53, "R_XTENSA_TLS_TPOFF", TpRel, &LOW32).for_linked_files(Dynamic::TpOffset),
    row(57, "R_XTENSA_PDIFF8", Nothing, &NOTHING),
    row(58, "R_XTENSA_PDIFF16", Nothing, &NOTHING),
    row(59, "R_XTENSA_PDIFF32", Nothing, &NOTHING),
    row(60, "R_XTENSA_NDIFF8", Nothing, &NOTHING),
    row(61, "R_XTENSA_NDIFF16", Nothing, &NOTHING),
    row(62, "R_XTENSA_NDIFF32", Nothing, &NOTHING),
];
