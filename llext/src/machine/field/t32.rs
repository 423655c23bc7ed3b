//! Fields of T32 (Thumb) instructions.
//!
//! Sections are those of the Armv7-M Architecture Reference Manual, DDI 0403. An instruction of two
//! halfwords is read as one word, its first halfword on top, as the manual draws it.

use super::{Limits, bits, load, sign_extend, update, update_word};

/// A field of a T32 instruction, named by the manual's encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `B<c> label`, 16 bit, ±256 B. A7.7.12, T1: imm8 at 7:0.
    BranchT1,
    /// `B label`, 16 bit, ±2 KiB. A7.7.12, T2: imm11 at 10:0.
    BranchT2,
    /// `B<c>.W label`, ±1 MiB. A7.7.12, T3: S:J2:J1:imm6:imm11:0.
    BranchT3,
    /// `BL label` and `B.W label`, ±16 MiB. A7.7.18, T1 and A7.7.12, T4: S:I1:I2:imm10:imm11:0,
    /// where I = NOT(J EOR S).
    BranchT4,
    /// `CBZ Rn, label`, forward 0 to 126 B. A7.7.21, T1: i:imm5:0.
    CbzT1,
    /// `MOVW Rd, #imm16`. A7.7.76, T3: imm4:i:imm3:imm8. Takes the low half of the result.
    MovwT3,
    /// `MOVT Rd, #imm16`. A7.7.79, T1: as MOVW. Takes the high half of the result.
    MovtT1,
    /// `LDR Rt, [Rn, #imm]`, 16 bit. A7.7.43, T1: imm5:00 at 10:6.
    LdrImmediateT1,
    /// `LDR Rt, label`, 16 bit, and `ADR Rd, label`. A7.7.44, T1 and A7.7.7, T1: imm8:00 at 7:0.
    LiteralT1,
    /// `LDR.W Rt, label`. A7.7.44, T2: imm12 at 11:0, U at 23 (of the first halfword: 7).
    LiteralT2,
    /// `ADR.W Rd, label`. A7.7.7, T2 (SUB) and T3 (ADD): i:imm3:imm8.
    AdrT2T3,
    /// `MOVS Rd, #imm8` and `ADDS Rdn, #imm8`, 16 bit. A7.7.76, T1 and A7.7.3, T2: imm8 at 7:0.
    /// Takes this byte of the result, 0 the lowest: v6-M code that reads no literals.
    Byte(u8),
}

/// `NOP.W`, A7.7.88, T2.
const NOP_W: u32 = 0xf3af_8000;
/// Of `ADR.W`, the bits of the opcode that make an ADD a SUB.
const ADR_SUB: u32 = 0x00a0_0000;
/// Of `LDR.W (literal)`, the bit that says "add", not "subtract".
const LITERAL_ADD: u32 = 1 << 23;

impl Field {
    const fn is_halfword(self) -> bool {
        use Field::*;
        matches!(
            self,
            BranchT1 | BranchT2 | CbzT1 | LdrImmediateT1 | LiteralT1 | Byte(_)
        )
    }

    pub(super) const fn width(self) -> usize {
        if self.is_halfword() { 2 } else { 4 }
    }

    /// Branches take bit 0 of the result for the Thumb bit and leave it out: their alignment is 1.
    pub(super) const fn limits(self) -> Limits {
        match self {
            Self::BranchT1 => Limits::signed(9, 1),
            Self::BranchT2 => Limits::signed(12, 1),
            Self::BranchT3 => Limits::signed(21, 1),
            Self::BranchT4 => Limits::signed(25, 1),
            Self::CbzT1 => Limits::between(0, 0x7f, 1),
            Self::MovwT3 | Self::MovtT1 | Self::Byte(_) => Limits::ANY,
            Self::LdrImmediateT1 => Limits::between(0, 0x7c, 4),
            Self::LiteralT1 => Limits::between(0, 0x3fc, 4),
            Self::LiteralT2 | Self::AdrT2T3 => Limits::between(-0xfff, 0xfff, 1),
        }
    }

    pub(super) const fn is_branch(self) -> bool {
        use Field::*;
        matches!(self, BranchT1 | BranchT2 | BranchT3 | BranchT4 | CbzT1)
    }

    /// What a branch to nothing becomes.
    pub(super) const fn skip(self) -> Option<u32> {
        if matches!(self, Self::BranchT4) {
            Some(NOP_W)
        } else {
            None
        }
    }

    pub(super) fn load(self, place: &[u8]) -> Option<u32> {
        if self.is_halfword() {
            load(place).map(|bytes| u16::from_le_bytes(bytes).into())
        } else {
            load(place).map(|bytes| u32::from_le_bytes(bytes).rotate_left(16))
        }
    }

    pub(super) fn update(self, place: &mut [u8], change: impl FnOnce(u32) -> u32) -> Option<()> {
        if self.is_halfword() {
            update(place, |bytes| {
                (change(u16::from_le_bytes(bytes).into()) as u16).to_le_bytes()
            })
        } else {
            update_word(place, |word| change(word.rotate_left(16)).rotate_left(16))
        }
    }

    /// The addend in an instruction. AAELF32, "Addends and PC-bias compensation".
    pub(super) fn read(self, insn: u32) -> isize {
        match self {
            Self::BranchT1 => sign_extend(bits(insn, 0, 8) << 1, 9),
            Self::BranchT2 => sign_extend(bits(insn, 0, 11) << 1, 12),
            Self::BranchT3 => read_branch_t3(insn),
            Self::BranchT4 => read_branch_t4(insn),
            // The field is unsigned, yet has to hold the bias of −4: its greatest value means that.
            Self::CbzT1 => unbias(bits(insn, 9, 1) << 6 | bits(insn, 3, 5) << 1, 0x7f),
            Self::MovwT3 | Self::MovtT1 => sign_extend(read_imm16(insn), 16),
            Self::LdrImmediateT1 => (bits(insn, 6, 5) << 2) as isize,
            Self::LiteralT1 => unbias(bits(insn, 0, 8) << 2, 0x3ff),
            Self::LiteralT2 => negate_if(insn & LITERAL_ADD == 0, bits(insn, 0, 12)),
            Self::AdrT2T3 => negate_if(insn & ADR_SUB == ADR_SUB, read_imm12(insn)),
            Self::Byte(_) => bits(insn, 0, 8) as isize,
        }
    }

    /// `insn` with `value` in the field.
    pub(super) fn write(self, insn: u32, value: isize) -> u32 {
        let x = value as u32;
        let magnitude = value.unsigned_abs() as u32;
        match self {
            Self::BranchT1 => insn & !0xff | bits(x, 1, 8),
            Self::BranchT2 => insn & !0x7ff | bits(x, 1, 11),
            Self::BranchT3 => write_branch_t3(insn, x),
            Self::BranchT4 => write_branch_t4(insn, x),
            Self::CbzT1 => insn & !0x02f8 | bits(x, 6, 1) << 9 | bits(x, 1, 5) << 3,
            Self::MovwT3 => write_imm16(insn, bits(x, 0, 16)),
            Self::MovtT1 => write_imm16(insn, bits(x, 16, 16)),
            Self::LdrImmediateT1 => insn & !0x07c0 | bits(x, 2, 5) << 6,
            Self::LiteralT1 => insn & !0xff | bits(x, 2, 8),
            Self::LiteralT2 => {
                let add = if value < 0 { 0 } else { LITERAL_ADD };
                insn & !(LITERAL_ADD | 0xfff) | add | magnitude
            }
            Self::AdrT2T3 => {
                let sub = if value < 0 { ADR_SUB } else { 0 };
                write_imm12(insn & !ADR_SUB | sub, magnitude)
            }
            Self::Byte(index) => insn & !0xff | bits(x, 8 * u32::from(index), 8),
        }
    }
}

/// AAELF32: `((imm + 4) & mask) − 4`.
fn unbias(imm: u32, mask: u32) -> isize {
    ((imm + 4) & mask) as isize - 4
}

fn negate_if(negative: bool, magnitude: u32) -> isize {
    if negative {
        -(magnitude as isize)
    } else {
        magnitude as isize
    }
}

/// S at 26, imm6 at 21:16, J1 at 13, J2 at 11, imm11 at 10:0.
fn read_branch_t3(insn: u32) -> isize {
    let (s, j1, j2) = (bits(insn, 26, 1), bits(insn, 13, 1), bits(insn, 11, 1));
    let offset = s << 20 | j2 << 19 | j1 << 18 | bits(insn, 16, 6) << 12 | bits(insn, 0, 11) << 1;
    sign_extend(offset, 21)
}

fn write_branch_t3(insn: u32, x: u32) -> u32 {
    let (s, j2, j1) = (bits(x, 20, 1), bits(x, 19, 1), bits(x, 18, 1));
    insn & !0x043f_2fff | s << 26 | bits(x, 12, 6) << 16 | j1 << 13 | j2 << 11 | bits(x, 1, 11)
}

/// S at 26, imm10 at 25:16, J1 at 13, J2 at 11, imm11 at 10:0.
fn read_branch_t4(insn: u32) -> isize {
    let s = bits(insn, 26, 1);
    let i1 = !(bits(insn, 13, 1) ^ s) & 1;
    let i2 = !(bits(insn, 11, 1) ^ s) & 1;
    let offset = s << 24 | i1 << 23 | i2 << 22 | bits(insn, 16, 10) << 12 | bits(insn, 0, 11) << 1;
    sign_extend(offset, 25)
}

/// Sets bit 12 too, as GNU ld does: a `BLX` to what turned out to be Thumb code becomes a `BL`.
fn write_branch_t4(insn: u32, x: u32) -> u32 {
    let s = bits(x, 24, 1);
    let j1 = !(bits(x, 23, 1) ^ s) & 1;
    let j2 = !(bits(x, 22, 1) ^ s) & 1;
    insn & !0x07ff_2fff
        | 1 << 12
        | s << 26
        | bits(x, 12, 10) << 16
        | j1 << 13
        | j2 << 11
        | bits(x, 1, 11)
}

/// imm4 at 19:16, i at 26, imm3 at 14:12, imm8 at 7:0.
fn read_imm16(insn: u32) -> u32 {
    bits(insn, 16, 4) << 12 | read_imm12(insn)
}

fn write_imm16(insn: u32, imm: u32) -> u32 {
    write_imm12(insn & !0x000f_0000 | bits(imm, 12, 4) << 16, imm)
}

/// i at 26, imm3 at 14:12, imm8 at 7:0.
fn read_imm12(insn: u32) -> u32 {
    bits(insn, 26, 1) << 11 | bits(insn, 12, 3) << 8 | bits(insn, 0, 8)
}

fn write_imm12(insn: u32, imm: u32) -> u32 {
    insn & !0x0400_70ff | bits(imm, 11, 1) << 26 | bits(imm, 8, 3) << 12 | bits(imm, 0, 8)
}
