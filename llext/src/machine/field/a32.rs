//! Fields of A32 (ARM) instructions.
//!
//! Sections are those of the Arm Architecture Reference Manual, Armv7-A and Armv7-R, DDI 0406.

use super::{Limits, bits, sign_extend};

/// A field of an A32 instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `B<c> label` and `BL<c> label`, ±32 MiB. A8.8.18, A1 and A8.8.25, A1: imm24:00.
    ///
    /// A Thumb target is refused, as a distance that is no multiple of 4: a change of state would
    /// take another instruction.
    BranchA1,
    /// `MOVW Rd, #imm16`. A8.8.102, A2: imm4:imm12. Takes the low half of the result.
    MovwA2,
    /// `MOVT Rd, #imm16`. A8.8.106, A1: as MOVW. Takes the high half of the result.
    MovtA1,
}

/// `NOP`, A8.8.119, A1, without its condition.
const NOP: u32 = 0x0320_f000;
/// Bits 31:28: the condition.
const CONDITION: u32 = 0xf000_0000;

impl Field {
    pub(super) const fn limits(self) -> Limits {
        match self {
            Self::BranchA1 => Limits::signed(26, 4),
            Self::MovwA2 | Self::MovtA1 => Limits::ANY,
        }
    }

    /// What a branch to nothing becomes.
    pub(super) const fn skip(self) -> Option<fn(u32) -> u32> {
        match self {
            Self::BranchA1 => Some(|insn| insn & CONDITION | NOP),
            Self::MovwA2 | Self::MovtA1 => None,
        }
    }

    /// The addend in an instruction. AAELF32, "Arm relocation actions by instruction type".
    pub(super) fn read(self, insn: u32) -> isize {
        match self {
            Self::BranchA1 => sign_extend(bits(insn, 0, 24) << 2, 26),
            Self::MovwA2 | Self::MovtA1 => {
                sign_extend(bits(insn, 16, 4) << 12 | bits(insn, 0, 12), 16)
            }
        }
    }

    /// `insn` with `value` in the field.
    pub(super) fn write(self, insn: u32, value: isize) -> u32 {
        let x = value as u32;
        match self {
            Self::BranchA1 => insn & !0x00ff_ffff | bits(x, 2, 24),
            Self::MovwA2 => write_imm16(insn, bits(x, 0, 16)),
            Self::MovtA1 => write_imm16(insn, bits(x, 16, 16)),
        }
    }
}

/// imm4 at 19:16, imm12 at 11:0.
fn write_imm16(insn: u32, imm: u32) -> u32 {
    insn & !0x000f_0fff | bits(imm, 12, 4) << 16 | bits(imm, 0, 12)
}
