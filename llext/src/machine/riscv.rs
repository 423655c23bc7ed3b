//! RISC-V, 32 bit: the static relocations of the RISC-V ELF psABI that GCC, Clang and rustc emit
//! into relocatable files for RV32.
//!
//! Addends are in the relocations (RELA). Distances between labels are pairs of ADD or SET and SUB at
//! one place, because a linker may shorten the code between them. This loader never does: RELAX is
//! a hint not taken, and an ALIGN must find its padding right as it is, or is refused (assembling
//! with `.option norelax` aligns without one).
//!
//! A PCREL_LO12 has for its symbol a label at the AUIPC that it completes: see
//! `Row::completes_high_part`.
//!
//! Not here: what goes through a GOT, thread-local storage, and `SET_ULEB128`/`SUB_ULEB128`, whose
//! places have no fixed width and which occur in sections that are not loaded.

use super::field::data::{LOW6, LOW8, LOW16, LOW32, NOTHING, PADDING, ULEB128};
use super::field::{Field, riscv};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Machine, Stub};
use Formula::*;

/// RISC-V, RV32.
pub static RISCV32: Machine = Machine {
    name: "RISC-V",
    e_machine: 243,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    stub: &STUB,
    advice: &[],
};

/// The word alone: a call (AUIPC and JALR) reaches all of a 32-bit address space.
static STUB: Stub = Stub {
    bytes: &[0; 4],
    align: 4,
    word_at: 0,
    word_size: 4,
    arm_at: 0,
};

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 62] = row::index(&ROWS);

static ROWS: [Row; 35] = [
    row(0, "R_RISCV_NONE", Nothing, &NOTHING),
    row(1, "R_RISCV_32", Abs, &LOW32),
    row(3, "R_RISCV_RELATIVE", Abs, &LOW32).for_linked_files(Dynamic::Relative),
    row(4, "R_RISCV_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(5, "R_RISCV_JUMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(16, "R_RISCV_BRANCH", Rel, &riscv::BRANCH),
    row(17, "R_RISCV_JAL", Rel, &riscv::JUMP),
    row(18, "R_RISCV_CALL", Rel, &riscv::CALL),
    row(19, "R_RISCV_CALL_PLT", Rel, &riscv::CALL),
    row(23, "R_RISCV_PCREL_HI20", Rel, &riscv::HI20).high(),
    row(24, "R_RISCV_PCREL_LO12_I", OfHigh, &riscv::LO12_I),
    row(25, "R_RISCV_PCREL_LO12_S", OfHigh, &riscv::LO12_S),
    row(26, "R_RISCV_HI20", Abs, &riscv::HI20),
    row(27, "R_RISCV_LO12_I", Abs, &riscv::LO12_I),
    row(28, "R_RISCV_LO12_S", Abs, &riscv::LO12_S),
    row(33, "R_RISCV_ADD8", Add, &LOW8),
    row(34, "R_RISCV_ADD16", Add, &LOW16),
    row(35, "R_RISCV_ADD32", Add, &LOW32),
    row(37, "R_RISCV_SUB8", Sub, &LOW8),
    row(38, "R_RISCV_SUB16", Sub, &LOW16),
    row(39, "R_RISCV_SUB32", Sub, &LOW32),
    row(43, "R_RISCV_ALIGN", OfField, &PADDING).pad(),
    row(44, "R_RISCV_RVC_BRANCH", Rel, &riscv::COMPRESSED_BRANCH),
    row(45, "R_RISCV_RVC_JUMP", Rel, &riscv::COMPRESSED_JUMP),
    row(46, "R_RISCV_RVC_LUI", Abs, &riscv::COMPRESSED_LUI),
    row(51, "R_RISCV_RELAX", Nothing, &NOTHING),
    row(52, "R_RISCV_SUB6", Sub, &LOW6),
    row(53, "R_RISCV_SET6", Abs, &LOW6),
    row(54, "R_RISCV_SET8", Abs, &LOW8),
    row(55, "R_RISCV_SET16", Abs, &LOW16),
    row(56, "R_RISCV_SET32", Abs, &LOW32),
    row(57, "R_RISCV_32_PCREL", Rel, &LOW32),
    row(59, "R_RISCV_PLT32", Rel, &LOW32),
    row(60, "R_RISCV_SET_ULEB128", Abs, &ULEB128),
    row(61, "R_RISCV_SUB_ULEB128", Sub, &ULEB128),
];
