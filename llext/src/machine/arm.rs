//! ARM, 32 bit: the relocations of AAELF32 ("ELF for the Arm Architecture", IHI 0044) that GCC, Clang and
//! rustc emit into relocatable files, and those of linked files.
//!
//! There is one machine for M-profile cores, which know T32 code only, with a second one for those without
//! `LDR.W` (Armv6-M, Armv8-M Baseline), and one for A- and R-profile cores, which know A32 code too and change
//! between the two.
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
//! Where a branch cannot change its state, a function in the other one is a mistake in files for M-profile
//! (`Row::enters_thumb`), and takes a stub elsewhere (`Row::changes_state_by_stub`).
//!
//! Not here: what is relative to a segment's base (SBREL, BREL), and thread-local storage of other modules.

use super::field::a32::{BRANCH_A1, CALL_A1_A2, MOVT_A1, MOVW_A2};
use super::field::data::{EITHER8, EITHER16, LOW32, NOTHING, SIGNED31};
use super::field::{Field, a32_group, t32};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// ARM, little-endian, M-profile from Armv7-M on.
pub static ARM: Machine = Machine {
    stub: &LDR_PC,
    ..ARM_V6M
};

/// ARM, little-endian, Armv6-M and Armv8-M Baseline.
pub static ARM_V6M: Machine = Machine {
    name: "ARM",
    e_machine: 40,
    class: Class::Elf32,
    rows: &M_ROWS,
    index: &M_INDEX,
    stub: &POP_PC,
    hints: &[
        Hint::new(1, 1, "build with -mthumb"),
        Hint::new(27, 29, "build with -mthumb"),
        Hint::new(43, 46, "build with -mthumb"),
        Hint::new(57, 69, "build with -mthumb"),
        OTHER_MODULES,
    ],
};

/// ARM, little-endian, A- and R-profile from Armv7 on, T32 and A32 code.
pub static ARM_A: Machine = Machine {
    name: "ARM",
    e_machine: 40,
    class: Class::Elf32,
    rows: &A_ROWS,
    index: &A_INDEX,
    stub: &LDR_PC_BOTH,
    hints: &[OTHER_MODULES],
};

/// Variables that may lie in another module: TLS_GD32, TLS_LDM32, TLS_LDO32.
const OTHER_MODULES: Hint = Hint::new(104, 106, "build with -ftls-model=local-exec");

static M_ROWS: [Row; 43] = row::sorted(&[&DATA, &T32, &T32_OF_M]);
static M_INDEX: [u8; 136] = row::index(&M_ROWS);
static A_ROWS: [Row; 65] = row::sorted(&[&DATA, &T32, &T32_OF_A, &A32]);
static A_INDEX: [u8; 136] = row::index(&A_ROWS);

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

const DATA: [Row; 25] = [
    row(0, "R_ARM_NONE", Nothing, &NOTHING),
    row(2, "R_ARM_ABS32", AbsT, &LOW32),
    row(3, "R_ARM_REL32", RelT, &LOW32),
    row(5, "R_ARM_ABS16", Abs, &EITHER16),
    row(8, "R_ARM_ABS8", Abs, &EITHER8),
    row(19, "R_ARM_TLS_TPOFF32", TpRel, &LOW32).for_linked_files(Dynamic::TpOffset),
    row(20, "R_ARM_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(21, "R_ARM_GLOB_DAT", Sym, &LOW32).for_linked_files(Dynamic::GlobDat),
    row(22, "R_ARM_JUMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(23, "R_ARM_RELATIVE", Abs, &LOW32).for_linked_files(Dynamic::Relative),
    row(24, "R_ARM_GOTOFF32", SymOrigin, &LOW32),
    row(25, "R_ARM_BASE_PREL", OriginRel, &LOW32),
    row(26, "R_ARM_GOT_BREL", GotOffset, &LOW32),
    row(38, "R_ARM_TARGET1", AbsT, &LOW32),
    row(40, "R_ARM_V4BX", Nothing, &NOTHING),
    row(41, "R_ARM_TARGET2", RelT, &LOW32),
    row(42, "R_ARM_PREL31", RelT, &SIGNED31),
    row(55, "R_ARM_ABS32_NOI", Abs, &LOW32).without_t(),
    row(56, "R_ARM_REL32_NOI", Rel, &LOW32),
    row(95, "R_ARM_GOT_ABS", Got, &LOW32),
    row(96, "R_ARM_GOT_PREL", GotRel, &LOW32),
    // The word of a thread-local symbol's stub is its distance from TP.
    row(107, "R_ARM_TLS_IE32", GotRel, &LOW32),
    row(108, "R_ARM_TLS_LE32", TpRel, &LOW32),
    // Marks of C++ virtual tables, for linkers that drop unused functions.
    row(100, "R_ARM_GNU_VTENTRY", Nothing, &NOTHING),
    row(101, "R_ARM_GNU_VTINHERIT", Nothing, &NOTHING),
];

const T32: [Row; 15] = [
    row(7, "R_ARM_THM_ABS5", Abs, &t32::LDR_IMMEDIATE_T1),
    row(11, "R_ARM_THM_PC8", RelWord, &t32::LITERAL_T1),
    row(47, "R_ARM_THM_MOVW_ABS_NC", AbsT, &t32::MOVW_T3),
    row(48, "R_ARM_THM_MOVT_ABS", Abs, &t32::MOVT_T1),
    row(49, "R_ARM_THM_MOVW_PREL_NC", RelT, &t32::MOVW_T3),
    row(50, "R_ARM_THM_MOVT_PREL", Rel, &t32::MOVT_T1),
    row(52, "R_ARM_THM_JUMP6", Rel, &t32::CBZ_T1),
    row(53, "R_ARM_THM_ALU_PREL_11_0", RelWordT, &t32::ADR_T2_T3),
    row(54, "R_ARM_THM_PC12", RelWord, &t32::LITERAL_T2),
    row(102, "R_ARM_THM_JUMP11", Rel, &t32::BRANCH_T2),
    row(103, "R_ARM_THM_JUMP8", Rel, &t32::BRANCH_T1),
    row(132, "R_ARM_THM_ALU_ABS_G0_NC", AbsT, &t32::BYTES[0]),
    row(133, "R_ARM_THM_ALU_ABS_G1_NC", Abs, &t32::BYTES[1]),
    row(134, "R_ARM_THM_ALU_ABS_G2_NC", Abs, &t32::BYTES[2]),
    row(135, "R_ARM_THM_ALU_ABS_G3", Abs, &t32::BYTES[3]),
];

/// Branches where all code is T32 code.
const T32_OF_M: [Row; 3] = [
    row(10, "R_ARM_THM_CALL", RelT, &t32::BRANCH_T4),
    row(30, "R_ARM_THM_JUMP24", RelT, &t32::BRANCH_T4),
    row(51, "R_ARM_THM_JUMP19", RelT, &t32::BRANCH_T3),
];

/// Branches where there is A32 code too.
const T32_OF_A: [Row; 3] = [
    row(10, "R_ARM_THM_CALL", RelT, &t32::CALL_T1_T2),
    row(30, "R_ARM_THM_JUMP24", RelT, &t32::BRANCH_T4_INTERWORKING),
    row(51, "R_ARM_THM_JUMP19", RelT, &t32::BRANCH_T3_INTERWORKING),
];

const A32: [Row; 22] = [
    row(1, "R_ARM_PC24", RelT, &BRANCH_A1),
    row(4, "R_ARM_LDR_PC_G0", Rel, &a32_group::LDR[0]),
    row(27, "R_ARM_PLT32", RelT, &BRANCH_A1),
    row(28, "R_ARM_CALL", RelT, &CALL_A1_A2),
    row(29, "R_ARM_JUMP24", RelT, &BRANCH_A1),
    row(43, "R_ARM_MOVW_ABS_NC", AbsT, &MOVW_A2),
    row(44, "R_ARM_MOVT_ABS", Abs, &MOVT_A1),
    row(45, "R_ARM_MOVW_PREL_NC", RelT, &MOVW_A2),
    row(46, "R_ARM_MOVT_PREL", Rel, &MOVT_A1),
    row(57, "R_ARM_ALU_PC_G0_NC", RelT, &a32_group::ALU_NC[0]),
    row(58, "R_ARM_ALU_PC_G0", RelT, &a32_group::ALU[0]),
    row(59, "R_ARM_ALU_PC_G1_NC", RelT, &a32_group::ALU_NC[1]),
    row(60, "R_ARM_ALU_PC_G1", RelT, &a32_group::ALU[1]),
    row(61, "R_ARM_ALU_PC_G2", RelT, &a32_group::ALU[2]),
    row(62, "R_ARM_LDR_PC_G1", Rel, &a32_group::LDR[1]),
    row(63, "R_ARM_LDR_PC_G2", Rel, &a32_group::LDR[2]),
    row(64, "R_ARM_LDRS_PC_G0", Rel, &a32_group::LDRS[0]),
    row(65, "R_ARM_LDRS_PC_G1", Rel, &a32_group::LDRS[1]),
    row(66, "R_ARM_LDRS_PC_G2", Rel, &a32_group::LDRS[2]),
    row(67, "R_ARM_LDC_PC_G0", Rel, &a32_group::LDC[0]),
    row(68, "R_ARM_LDC_PC_G1", Rel, &a32_group::LDC[1]),
    row(69, "R_ARM_LDC_PC_G2", Rel, &a32_group::LDC[2]),
];

/// `LDR.W PC, [PC, #0]` (DDI 0403, A7.7.44, T2) and the address behind it.
static LDR_PC: Stub = Stub {
    bytes: &[0xdf, 0xf8, 0x00, 0xf0, 0, 0, 0, 0],
    align: 4,
    word_at: 4,
    word_size: 4,
    arm_at: 0,
};

/// `PUSH {R0, R1}`; `LDR R0, [PC, #4]`; `STR R0, [SP, #4]`; `POP {R0, PC}`: no register is lost, no flag changes.
static POP_PC: Stub = Stub {
    bytes: &[0x03, 0xb4, 0x01, 0x48, 0x01, 0x90, 0x01, 0xbd, 0, 0, 0, 0],
    align: 4,
    word_at: 8,
    word_size: 4,
    arm_at: 0,
};

/// `LDR.W PC, [PC, #4]` for T32 code, `LDR PC, [PC, #-4]` for A32 code, which both change the state.
static LDR_PC_BOTH: Stub = Stub {
    bytes: &[0xdf, 0xf8, 0x04, 0xf0, 0x04, 0xf0, 0x1f, 0xe5, 0, 0, 0, 0],
    align: 4,
    word_at: 8,
    word_size: 4,
    arm_at: 4,
};
