//! RISC-V, 32 and 64 bit: the relocations of the RISC-V ELF psABI that GCC, Clang and rustc emit
//! into relocatable files, and those of linked files.
//!
//! Addends are in the relocations (RELA). Distances between labels are pairs of ADD or SET and SUB at
//! one place, because a linker may shorten the code between them. This loader never does: RELAX is
//! a hint not taken, and an ALIGN must find its padding right as it is, or is refused (assembling
//! with `.option norelax` aligns without one).
//!
//! A PCREL_LO12 has for its symbol a label at the AUIPC that it completes: see
//! `Row::completes_high_part`. The AUIPC may lead to the symbol or to its GOT entry.
//!
//! Not here: thread-local storage of other modules and descriptors of it, and what linkers relax code to.

use super::field::Field;
use super::field::data::{
    EITHER32, LOW6, LOW8, LOW16, LOW32, LOW64, NOTHING, PADDING, SIGNED32, ULEB128,
};
use super::field::riscv::{
    BRANCH, CALL, CALL_64, COMPRESSED_BRANCH, COMPRESSED_JUMP, COMPRESSED_LUI, HI20, HI20_64, JUMP,
    LO12_I, LO12_S, PLT32_64,
};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// RISC-V, RV32.
pub static RISCV32: Machine = Machine {
    name: "RISC-V",
    e_machine: 243,
    class: Class::Elf32,
    rows: &ROWS_32,
    index: &INDEX_32,
    stub: &WORD,
    hints: &OTHER_MODULES,
};

/// RISC-V, RV64.
pub static RISCV64: Machine = Machine {
    name: "RISC-V",
    e_machine: 243,
    class: Class::Elf64,
    rows: &ROWS_64,
    index: &INDEX_64,
    stub: &AUIPC_LD_JR,
    hints: &OTHER_MODULES,
};

/// Variables that may lie in another module: TLS_GD_HI20, TLSDESC_*.
static OTHER_MODULES: [Hint; 2] = [
    Hint::new(22, 22, "build with -ftls-model=local-exec"),
    Hint::new(62, 65, "build with -ftls-model=local-exec"),
];

static ROWS_32: [Row; COMMON + 7] = row::sorted(&[&common(Class::Elf32), &OF_32]);
static INDEX_32: [u8; 62] = row::index(&ROWS_32);
static ROWS_64: [Row; COMMON + 8] = row::sorted(&[&common(Class::Elf64), &OF_64]);
static INDEX_64: [u8; 62] = row::index(&ROWS_64);

const COMMON: usize = 38;

/// What both classes have.
const fn common(class: Class) -> [Row; COMMON] {
    let row = Rows { class };
    let (hi20, word) = if class.is_64() {
        (&HI20_64, &LOW64)
    } else {
        (&HI20, &LOW32)
    };
    [
        row.row(0, "R_RISCV_NONE", Nothing, &NOTHING),
        row.row(3, "R_RISCV_RELATIVE", Abs, word)
            .for_linked_files(Dynamic::Relative),
        row.row(4, "R_RISCV_COPY", Nothing, &NOTHING)
            .for_linked_files(Dynamic::Copy),
        row.row(5, "R_RISCV_JUMP_SLOT", Sym, word)
            .for_linked_files(Dynamic::JumpSlot),
        row.row(16, "R_RISCV_BRANCH", Rel, &BRANCH),
        row.row(17, "R_RISCV_JAL", Rel, &JUMP),
        row.row(20, "R_RISCV_GOT_HI20", GotRel, hi20).high(),
        // The word of a thread-local symbol's stub is its distance from TP.
        row.row(21, "R_RISCV_TLS_GOT_HI20", GotRel, hi20).high(),
        row.row(23, "R_RISCV_PCREL_HI20", Rel, hi20).high(),
        row.row(24, "R_RISCV_PCREL_LO12_I", OfHigh, &LO12_I),
        row.row(25, "R_RISCV_PCREL_LO12_S", OfHigh, &LO12_S),
        row.row(26, "R_RISCV_HI20", Abs, hi20),
        row.row(27, "R_RISCV_LO12_I", Abs, &LO12_I),
        row.row(28, "R_RISCV_LO12_S", Abs, &LO12_S),
        row.row(29, "R_RISCV_TPREL_HI20", TpRel, hi20),
        row.row(30, "R_RISCV_TPREL_LO12_I", TpRel, &LO12_I),
        row.row(31, "R_RISCV_TPREL_LO12_S", TpRel, &LO12_S),
        // Marks the ADD of TP, for linkers that drop it.
        row.row(32, "R_RISCV_TPREL_ADD", Nothing, &NOTHING),
        row.row(33, "R_RISCV_ADD8", Add, &LOW8),
        row.row(34, "R_RISCV_ADD16", Add, &LOW16),
        row.row(35, "R_RISCV_ADD32", Add, &LOW32),
        row.row(36, "R_RISCV_ADD64", Add, &LOW64),
        row.row(37, "R_RISCV_SUB8", Sub, &LOW8),
        row.row(38, "R_RISCV_SUB16", Sub, &LOW16),
        row.row(39, "R_RISCV_SUB32", Sub, &LOW32),
        row.row(40, "R_RISCV_SUB64", Sub, &LOW64),
        row.row(43, "R_RISCV_ALIGN", OfField, &PADDING).pad(),
        row.row(44, "R_RISCV_RVC_BRANCH", Rel, &COMPRESSED_BRANCH),
        row.row(45, "R_RISCV_RVC_JUMP", Rel, &COMPRESSED_JUMP),
        row.row(46, "R_RISCV_RVC_LUI", Abs, &COMPRESSED_LUI),
        row.row(51, "R_RISCV_RELAX", Nothing, &NOTHING),
        row.row(52, "R_RISCV_SUB6", Sub, &LOW6),
        row.row(53, "R_RISCV_SET6", Abs, &LOW6),
        row.row(54, "R_RISCV_SET8", Abs, &LOW8),
        row.row(55, "R_RISCV_SET16", Abs, &LOW16),
        row.row(56, "R_RISCV_SET32", Abs, &LOW32),
        row.row(60, "R_RISCV_SET_ULEB128", Abs, &ULEB128),
        row.row(61, "R_RISCV_SUB_ULEB128", Sub, &ULEB128),
    ]
}

const ROW_32: Rows = Rows {
    class: Class::Elf32,
};

/// Whole words, and calls that reach every address.
const OF_32: [Row; 7] = [
    ROW_32.row(1, "R_RISCV_32", Abs, &LOW32),
    ROW_32
        .row(10, "R_RISCV_TLS_TPREL32", TpRel, &LOW32)
        .for_linked_files(Dynamic::TpOffset),
    ROW_32.row(18, "R_RISCV_CALL", Rel, &CALL),
    ROW_32.row(19, "R_RISCV_CALL_PLT", Rel, &CALL),
    ROW_32.row(41, "R_RISCV_GOT32_PCREL", GotRel, &LOW32),
    ROW_32.row(57, "R_RISCV_32_PCREL", Rel, &LOW32),
    ROW_32.row(59, "R_RISCV_PLT32", Rel, &LOW32),
];

const ROW_64: Rows = Rows {
    class: Class::Elf64,
};

/// Half words, and calls that reach ±2 GiB.
const OF_64: [Row; 8] = [
    ROW_64.row(1, "R_RISCV_32", Abs, &EITHER32),
    ROW_64.row(2, "R_RISCV_64", Abs, &LOW64),
    ROW_64
        .row(11, "R_RISCV_TLS_TPREL64", TpRel, &LOW64)
        .for_linked_files(Dynamic::TpOffset),
    ROW_64.row(18, "R_RISCV_CALL", Rel, &CALL_64),
    ROW_64.row(19, "R_RISCV_CALL_PLT", Rel, &CALL_64),
    ROW_64.row(41, "R_RISCV_GOT32_PCREL", GotRel, &SIGNED32),
    ROW_64.row(57, "R_RISCV_32_PCREL", Rel, &SIGNED32),
    ROW_64.row(59, "R_RISCV_PLT32", Rel, &PLT32_64),
];

/// Makes rows of a class.
#[derive(Clone, Copy)]
struct Rows {
    class: Class,
}

impl Rows {
    const fn row(
        self,
        r_type: u16,
        name: &'static str,
        formula: Formula,
        field: &'static Field,
    ) -> Row {
        Row::new(self.class, r_type, name, formula, field)
    }
}

/// The word alone: a call (AUIPC and JALR) reaches all of a 32-bit address space.
static WORD: Stub = Stub {
    bytes: &[0; 4],
    align: 4,
    word_at: 0,
    word_size: 4,
    arm_at: 0,
};

/// `AUIPC t3, 0`; `LD t3, 16(t3)`; `JR t3`: t3 is what a PLT may use (psABI, "Procedure Linkage Table").
static AUIPC_LD_JR: Stub = Stub {
    bytes: &[
        0x17, 0x0e, 0x00, 0x00, 0x03, 0x3e, 0x0e, 0x01, 0x67, 0x00, 0x0e, 0x00, 0, 0, 0, 0, //
        0, 0, 0, 0, 0, 0, 0, 0,
    ],
    align: 8,
    word_at: 16,
    word_size: 8,
    arm_at: 0,
};
