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
//! A T32 branch out of its range goes to a veneer, one that changes to A32 state does not exist:
//! see `Row::enters_thumb`. Not here: what goes through a GOT or a segment's base, group
//! relocations, and dynamic ones.

use super::field::Field::{self, A32, Int8, Int16, Low32, Signed31, T32, Zero};
use super::field::a32::Field::*;
use super::field::t32::Field::*;
use super::row::{self, Formula, Row};
use super::{Class, Machine, Veneer};
use Formula::*;

/// ARM, little-endian.
pub static ARM: Machine = Machine {
    name: "ARM",
    e_machine: 40,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    veneer: Some(&VENEER),
};

const fn row(r_type: u32, name: &'static str, formula: Formula, field: Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

/// The thread pointer points at two words in front of the thread's block (AAELF32, "Thread-local
/// storage"; the block's alignment of more than 8 is not supported).
const TCB_SIZE: u8 = 8;

static INDEX: [u8; 136] = row::index(&ROWS);

static ROWS: [Row; 37] = [
    row(0, "R_ARM_NONE", Nothing, Zero),
    row(1, "R_ARM_PC24", RelT, A32(BranchA1)),
    row(2, "R_ARM_ABS32", AbsT, Low32),
    row(3, "R_ARM_REL32", RelT, Low32),
    row(5, "R_ARM_ABS16", Abs, Int16),
    row(7, "R_ARM_THM_ABS5", Abs, T32(LdrImmediateT1)),
    row(8, "R_ARM_ABS8", Abs, Int8),
    row(10, "R_ARM_THM_CALL", RelT, T32(BranchT4)),
    row(11, "R_ARM_THM_PC8", RelWord, T32(LiteralT1)),
    row(28, "R_ARM_CALL", RelT, A32(BranchA1)),
    row(29, "R_ARM_JUMP24", RelT, A32(BranchA1)),
    row(30, "R_ARM_THM_JUMP24", RelT, T32(BranchT4)),
    row(38, "R_ARM_TARGET1", AbsT, Low32),
    row(40, "R_ARM_V4BX", Nothing, Zero),
    row(41, "R_ARM_TARGET2", RelT, Low32),
    row(42, "R_ARM_PREL31", RelT, Signed31),
    row(43, "R_ARM_MOVW_ABS_NC", AbsT, A32(MovwA2)),
    row(44, "R_ARM_MOVT_ABS", Abs, A32(MovtA1)),
    row(45, "R_ARM_MOVW_PREL_NC", RelT, A32(MovwA2)),
    row(46, "R_ARM_MOVT_PREL", Rel, A32(MovtA1)),
    row(47, "R_ARM_THM_MOVW_ABS_NC", AbsT, T32(MovwT3)),
    row(48, "R_ARM_THM_MOVT_ABS", Abs, T32(MovtT1)),
    row(49, "R_ARM_THM_MOVW_PREL_NC", RelT, T32(MovwT3)),
    row(50, "R_ARM_THM_MOVT_PREL", Rel, T32(MovtT1)),
    row(51, "R_ARM_THM_JUMP19", RelT, T32(BranchT3)),
    row(52, "R_ARM_THM_JUMP6", Rel, T32(CbzT1)),
    row(53, "R_ARM_THM_ALU_PREL_11_0", RelWordT, T32(AdrT2T3)),
    row(54, "R_ARM_THM_PC12", RelWord, T32(LiteralT2)),
    row(55, "R_ARM_ABS32_NOI", Abs, Low32),
    row(56, "R_ARM_REL32_NOI", Rel, Low32),
    row(102, "R_ARM_THM_JUMP11", Rel, T32(BranchT2)),
    row(103, "R_ARM_THM_JUMP8", Rel, T32(BranchT1)),
    row(108, "R_ARM_TLS_LE32", TpRel(TCB_SIZE), Low32),
    row(132, "R_ARM_THM_ALU_ABS_G0_NC", AbsT, T32(Byte(0))),
    row(133, "R_ARM_THM_ALU_ABS_G1_NC", Abs, T32(Byte(1))),
    row(134, "R_ARM_THM_ALU_ABS_G2_NC", Abs, T32(Byte(2))),
    row(135, "R_ARM_THM_ALU_ABS_G3", Abs, T32(Byte(3))),
];

/// `LDR.W PC, [PC, #0]` (DDI 0403, A7.7.44, T2) and the address behind it. For Armv7-M and up:
/// v6-M has no such LDR.
static VENEER: Veneer = Veneer {
    size: 8,
    align: 4,
    write: write_veneer,
    target: veneer_target,
};

fn write_veneer(place: &mut [u8], target: usize) {
    if let Some(place) = place.first_chunk_mut::<8>() {
        let [a, b, c, d] = (target as u32).to_le_bytes();
        *place = [0xdf, 0xf8, 0x00, 0xf0, a, b, c, d];
    }
}

fn veneer_target(place: &[u8]) -> usize {
    match place {
        [_, _, _, _, a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        _ => 0,
    }
}
