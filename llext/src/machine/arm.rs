//! ARM, 32 bit: the static relocations of AAELF32 ("ELF for the Arm Architecture", IHI 0044) that
//! GCC, Clang and rustc emit into relocatable files for T32 code, and the common ones of A32.
//!
//! Addends lie in the places (REL). What the psABI leaves to the platform is decided as the GNU
//! bare-metal tools decide it, because their C++ runtime (libsupc++, libgcc's unwinder) reads the
//! results:
//!
//! - `R_ARM_TARGET1` (init arrays) is absolute, `ld --target1-abs`;
//! - `R_ARM_TARGET2` (type infos in exception tables) is relative, `ld --target2=rel`;
//! - `R_ARM_V4BX` leaves the BX: every core with T32 has that instruction;
//! - branches to undefined weak symbols: see `Row::apply_weak_undefined`.
//!
//! A T32 branch out of its range goes to a stub, one that changes to A32 state does not exist:
//! see `Row::enters_thumb`. Not here: what goes through a GOT or a segment's base, group
//! relocations, and dynamic ones.

use super::field::a32::{BRANCH_A1, MOVT_A1, MOVW_A2};
use super::field::data::{EITHER8, EITHER16, LOW32, NOTHING, SIGNED31};
use super::field::{Field, t32};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Machine, Stub};
use Formula::*;

/// ARM, little-endian.
pub static ARM: Machine = Machine {
    name: "ARM",
    e_machine: 40,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    stub: &STUB,
};

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 136] = row::index(&ROWS);

static ROWS: [Row; 41] = [
    row(0, "R_ARM_NONE", Nothing, &NOTHING),
    row(1, "R_ARM_PC24", RelT, &BRANCH_A1),
    row(2, "R_ARM_ABS32", AbsT, &LOW32),
    row(3, "R_ARM_REL32", RelT, &LOW32),
    row(5, "R_ARM_ABS16", Abs, &EITHER16),
    row(7, "R_ARM_THM_ABS5", Abs, &t32::LDR_IMMEDIATE_T1),
    row(8, "R_ARM_ABS8", Abs, &EITHER8),
    row(10, "R_ARM_THM_CALL", RelT, &t32::BRANCH_T4),
    row(11, "R_ARM_THM_PC8", RelWord, &t32::LITERAL_T1),
    row(20, "R_ARM_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(21, "R_ARM_GLOB_DAT", Sym, &LOW32).for_linked_files(Dynamic::GlobDat),
    row(22, "R_ARM_JUMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(23, "R_ARM_RELATIVE", Abs, &LOW32).for_linked_files(Dynamic::Relative),
    row(28, "R_ARM_CALL", RelT, &BRANCH_A1),
    row(29, "R_ARM_JUMP24", RelT, &BRANCH_A1),
    row(30, "R_ARM_THM_JUMP24", RelT, &t32::BRANCH_T4),
    row(38, "R_ARM_TARGET1", AbsT, &LOW32),
    row(40, "R_ARM_V4BX", Nothing, &NOTHING),
    row(41, "R_ARM_TARGET2", RelT, &LOW32),
    row(42, "R_ARM_PREL31", RelT, &SIGNED31),
    row(43, "R_ARM_MOVW_ABS_NC", AbsT, &MOVW_A2),
    row(44, "R_ARM_MOVT_ABS", Abs, &MOVT_A1),
    row(45, "R_ARM_MOVW_PREL_NC", RelT, &MOVW_A2),
    row(46, "R_ARM_MOVT_PREL", Rel, &MOVT_A1),
    row(47, "R_ARM_THM_MOVW_ABS_NC", AbsT, &t32::MOVW_T3),
    row(48, "R_ARM_THM_MOVT_ABS", Abs, &t32::MOVT_T1),
    row(49, "R_ARM_THM_MOVW_PREL_NC", RelT, &t32::MOVW_T3),
    row(50, "R_ARM_THM_MOVT_PREL", Rel, &t32::MOVT_T1),
    row(51, "R_ARM_THM_JUMP19", RelT, &t32::BRANCH_T3),
    row(52, "R_ARM_THM_JUMP6", Rel, &t32::CBZ_T1),
    row(53, "R_ARM_THM_ALU_PREL_11_0", RelWordT, &t32::ADR_T2_T3),
    row(54, "R_ARM_THM_PC12", RelWord, &t32::LITERAL_T2),
    row(55, "R_ARM_ABS32_NOI", Abs, &LOW32).without_t(),
    row(56, "R_ARM_REL32_NOI", Rel, &LOW32),
    row(102, "R_ARM_THM_JUMP11", Rel, &t32::BRANCH_T2),
    row(103, "R_ARM_THM_JUMP8", Rel, &t32::BRANCH_T1),
    row(108, "R_ARM_TLS_LE32", TpRel, &LOW32),
    row(132, "R_ARM_THM_ALU_ABS_G0_NC", AbsT, &t32::BYTES[0]),
    row(133, "R_ARM_THM_ALU_ABS_G1_NC", Abs, &t32::BYTES[1]),
    row(134, "R_ARM_THM_ALU_ABS_G2_NC", Abs, &t32::BYTES[2]),
    row(135, "R_ARM_THM_ALU_ABS_G3", Abs, &t32::BYTES[3]),
];

/// `LDR.W PC, [PC, #0]` (DDI 0403, A7.7.44, T2) and the address behind it. For Armv7-M and up:
/// v6-M has no such LDR.
static STUB: Stub = Stub {
    bytes: &[0xdf, 0xf8, 0x00, 0xf0, 0, 0, 0, 0],
    align: 4,
    word_at: 4,
    word_size: 4,
    arm_at: 0,
};
