//! i386: the relocations of the "System V Application Binary Interface, Intel386 Architecture Processor
//! Supplement" (section 4.4, relocation types) that GCC, Clang and rustc emit into relocatable files, with or
//! without `-fPIC`, and the dynamic ones.
//!
//! Addends are in the places (REL). A distance wraps at 2³², so that every call reaches all there is and
//! stubs are words of the GOT alone. A number of 8 or 16 bits may be signed or not, as GNU ld has it.
//!
//! GOT32 and GOT32X are offsets from the GOT, as code with the GOT's address in a register wants them;
//! an instruction without such a register would want an address (psABI, "GOT32X"), which the place does not show.

use super::field::data::{EITHER8, EITHER16, LOW32, NOTHING, SIGNED8};
use super::field::{Field, x86};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// i386.
pub static I386: Machine = Machine {
    name: "i386",
    e_machine: 3,
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

static HINTS: [Hint; 3] = [
    Hint::new(18, 19, LOCAL_EXEC),
    Hint::new(24, 33, LOCAL_EXEC),
    Hint::new(39, 41, LOCAL_EXEC),
];

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 44] = row::index(&ROWS);

static ROWS: [Row; 21] = [
    row(0, "R_386_NONE", Nothing, &NOTHING),
    row(1, "R_386_32", Abs, &LOW32),
    row(2, "R_386_PC32", Rel, &x86::DISTANCE32),
    row(3, "R_386_GOT32", GotOffset, &LOW32),
    row(4, "R_386_PLT32", Rel, &x86::DISTANCE32),
    row(5, "R_386_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(6, "R_386_GLOB_DAT", Sym, &LOW32).for_linked_files(Dynamic::GlobDat),
    row(7, "R_386_JMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(8, "R_386_RELATIVE", Abs, &LOW32).for_linked_files(Dynamic::Relative),
    row(9, "R_386_GOTOFF", SymOrigin, &LOW32),
    row(10, "R_386_GOTPC", OriginRel, &LOW32),
    row(14, "R_386_TLS_TPOFF", TpRel, &LOW32).for_linked_files(Dynamic::TpOffset),
    row(15, "R_386_TLS_IE", Got, &LOW32),
    row(16, "R_386_TLS_GOTIE", GotOffset, &LOW32),
    row(17, "R_386_TLS_LE", TpRel, &LOW32),
    row(20, "R_386_16", Abs, &EITHER16),
    row(21, "R_386_PC16", Rel, &x86::DISTANCE16),
    row(22, "R_386_8", Abs, &EITHER8),
    row(23, "R_386_PC8", Rel, &SIGNED8),
    row(34, "R_386_TLS_LE_32", OfField, &x86::BELOW_TP),
    row(43, "R_386_GOT32X", GotOffset, &LOW32),
];
