//! RISC-V, 32 bit: the static relocations of the RISC-V ELF psABI that GCC, Clang and rustc emit
//! into relocatable files for RV32.
//!
//! Addends are in the relocations (RELA). Distances between labels are pairs of ADD or SET and SUB at
//! one place, because a linker may shorten the code between them. This loader never does: RELAX is
//! a hint not taken, and an ALIGN must find its padding right as it is, or is refused (assembling
//! with `.option norelax` aligns without one).
//!
//! A PCREL_LO12 has for its symbol a label at the AUIPC that it completes: see
//! `Row::completes_hi20`.
//!
//! Not here: what goes through a GOT, thread-local storage, and `SET_ULEB128`/`SUB_ULEB128`, whose
//! places have no fixed width and which occur in sections that are not loaded.

use super::field::Field::{self, Low6, Low8, Low16, Low32, Riscv, Zero};
use super::field::riscv::Field::*;
use super::row::{self, Formula, Row};
use super::{Class, Machine};
use Formula::*;

/// RISC-V, RV32.
pub static RISCV32: Machine = Machine {
    name: "RISC-V",
    e_machine: 243,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    // A call (AUIPC and JALR) reaches all of a 32-bit address space.
    veneer: None,
};

const fn row(r_type: u32, name: &'static str, formula: Formula, field: Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 60] = row::index(&ROWS);

static ROWS: [Row; 30] = [
    row(0, "R_RISCV_NONE", Nothing, Zero),
    row(1, "R_RISCV_32", Abs, Low32),
    row(16, "R_RISCV_BRANCH", Rel, Riscv(Branch)),
    row(17, "R_RISCV_JAL", Rel, Riscv(Jump)),
    row(18, "R_RISCV_CALL", Rel, Riscv(Call)),
    row(19, "R_RISCV_CALL_PLT", Rel, Riscv(Call)),
    row(23, "R_RISCV_PCREL_HI20", Rel, Riscv(Hi20)),
    row(24, "R_RISCV_PCREL_LO12_I", RelOfHi20, Riscv(Lo12I)),
    row(25, "R_RISCV_PCREL_LO12_S", RelOfHi20, Riscv(Lo12S)),
    row(26, "R_RISCV_HI20", Abs, Riscv(Hi20)),
    row(27, "R_RISCV_LO12_I", Abs, Riscv(Lo12I)),
    row(28, "R_RISCV_LO12_S", Abs, Riscv(Lo12S)),
    row(33, "R_RISCV_ADD8", Add, Low8),
    row(34, "R_RISCV_ADD16", Add, Low16),
    row(35, "R_RISCV_ADD32", Add, Low32),
    row(37, "R_RISCV_SUB8", Sub, Low8),
    row(38, "R_RISCV_SUB16", Sub, Low16),
    row(39, "R_RISCV_SUB32", Sub, Low32),
    row(43, "R_RISCV_ALIGN", PadExcess, Zero),
    row(44, "R_RISCV_RVC_BRANCH", Rel, Riscv(CompressedBranch)),
    row(45, "R_RISCV_RVC_JUMP", Rel, Riscv(CompressedJump)),
    row(46, "R_RISCV_RVC_LUI", Abs, Riscv(CompressedLui)),
    row(51, "R_RISCV_RELAX", Nothing, Zero),
    row(52, "R_RISCV_SUB6", Sub, Low6),
    row(53, "R_RISCV_SET6", Abs, Low6),
    row(54, "R_RISCV_SET8", Abs, Low8),
    row(55, "R_RISCV_SET16", Abs, Low16),
    row(56, "R_RISCV_SET32", Abs, Low32),
    row(57, "R_RISCV_32_PCREL", Rel, Low32),
    row(59, "R_RISCV_PLT32", Rel, Low32),
];
