//! Fields of RISC-V instructions.
//!
//! Sections are those of the RISC-V Instruction Set Manual, Volume I, version 20191213: §2.2 and
//! §2.3 for formats and immediates of 32-bit instructions, §16.2 to §16.5 for compressed ones.

use super::{Limits, bits, load, sign_extend, update, update_word};

/// A field of a RISC-V instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `BEQ rs1, rs2, label`, ±4 KiB. §2.3, B-immediate.
    Branch,
    /// `JAL rd, label`, ±1 MiB. §2.3, J-immediate.
    Jump,
    /// `AUIPC` and the `JALR` behind it: a 32-bit distance, split like [`Field::Hi20`] and
    /// [`Field::Lo12I`].
    Call,
    /// `LUI` and `AUIPC`. §2.3, U-immediate: bits 31:12, rounded for the signed low part.
    Hi20,
    /// `ADDI`, loads, `JALR`. §2.3, I-immediate: bits 11:0.
    Lo12I,
    /// Stores. §2.3, S-immediate: bits 11:0.
    Lo12S,
    /// `C.BEQZ rs1', label`, ±256 B. §16.4, CB format.
    CompressedBranch,
    /// `C.J label` and `C.JAL label`, ±2 KiB. §16.4, CJ format.
    CompressedJump,
    /// `C.LUI rd, imm`, ±128 KiB. §16.5, CI format: bits 17:12, rounded like [`Field::Hi20`]. A high
    /// part of 0, which `C.LUI` cannot hold, makes it `C.LI rd, 0`, as GNU ld does.
    CompressedLui,
}

/// What is added to a value to round it to a multiple of 4 KiB that the low part can be counted from.
const ROUND: u32 = 0x800;
/// Bits 19:15 of an instruction: rs1.
const RS1: u64 = 0x000f_8000;
/// Bits of a `C.LUI` that hold no part of the immediate and no register.
const C_OPCODE: u32 = 0xe003;
/// `C.LI`, without register and immediate.
const C_LI: u32 = 0x4001;

impl Field {
    const fn is_halfword(self) -> bool {
        matches!(
            self,
            Self::CompressedBranch | Self::CompressedJump | Self::CompressedLui
        )
    }

    pub(super) const fn width(self) -> usize {
        match self {
            Self::Call => 8,
            field if field.is_halfword() => 2,
            _ => 4,
        }
    }

    pub(super) const fn limits(self) -> Limits {
        match self {
            Self::Branch => Limits::signed(13, 2),
            Self::Jump => Limits::signed(21, 2),
            // In class 32 the two parts reach every address, wrapping at the ends.
            Self::Call | Self::Hi20 | Self::Lo12I | Self::Lo12S => Limits::ANY,
            Self::CompressedBranch => Limits::signed(9, 2),
            Self::CompressedJump => Limits::signed(12, 2),
            Self::CompressedLui => Limits::between(-0x2_0800, 0x1_f7ff, 1),
        }
    }

    /// What a call to nothing becomes: one to address 0, with x0 as its base instead of the place.
    pub(super) const fn call_zero(self) -> Option<fn(u64) -> u64> {
        match self {
            Self::Call => Some(|pair| write_pair(pair, 0) & !(RS1 << 32)),
            _ => None,
        }
    }

    /// The instruction at a place; of a pair the first is the low word.
    pub(super) fn load(self, place: &[u8]) -> Option<u64> {
        match self.width() {
            8 => load(place).map(u64::from_le_bytes),
            4 => load(place).map(|bytes| u32::from_le_bytes(bytes).into()),
            _ => load(place).map(|bytes| u16::from_le_bytes(bytes).into()),
        }
    }

    pub(super) fn update(self, place: &mut [u8], change: impl FnOnce(u64) -> u64) -> Option<()> {
        match self.width() {
            8 => update(place, |bytes| {
                change(u64::from_le_bytes(bytes)).to_le_bytes()
            }),
            4 => update_word(place, |word| change(word.into()) as u32),
            _ => update(place, |b| {
                (change(u16::from_le_bytes(b).into()) as u16).to_le_bytes()
            }),
        }
    }

    /// The value in an instruction, as far as it holds one: a high part without its low bits.
    pub(super) fn read(self, insn: u64) -> isize {
        let (first, second) = (insn as u32, (insn >> 32) as u32);
        match self {
            Self::Branch => read_b(first),
            Self::Jump => read_j(first),
            Self::Call => read_u(first).wrapping_add(read_i(second)) as i32 as isize,
            Self::Hi20 => read_u(first),
            Self::Lo12I => read_i(first),
            Self::Lo12S => sign_extend(bits(first, 25, 7) << 5 | bits(first, 7, 5), 12),
            Self::CompressedBranch => read_cb(first),
            Self::CompressedJump => read_cj(first),
            Self::CompressedLui => {
                sign_extend(bits(first, 12, 1) << 17 | bits(first, 2, 5) << 12, 18)
            }
        }
    }

    /// `insn` with `value` in the field.
    pub(super) fn write(self, insn: u64, value: isize) -> u64 {
        let (first, x) = (insn as u32, value as u32);
        let word = match self {
            Self::Call => return write_pair(insn, x),
            Self::Branch => write_b(first, x),
            Self::Jump => write_j(first, x),
            Self::Hi20 => write_u(first, x),
            Self::Lo12I => write_i(first, x),
            Self::Lo12S => first & !0xfe00_0f80 | bits(x, 5, 7) << 25 | bits(x, 0, 5) << 7,
            Self::CompressedBranch => write_cb(first, x),
            Self::CompressedJump => write_cj(first, x),
            Self::CompressedLui => write_c_lui(first, x),
        };
        word.into()
    }
}

const fn write_pair(pair: u64, x: u32) -> u64 {
    let (first, second) = (pair as u32, (pair >> 32) as u32);
    write_u(first, x) as u64 | (write_i(second, x) as u64) << 32
}

// imm[31:12] at 31:12.
const fn read_u(insn: u32) -> isize {
    (insn & 0xffff_f000) as i32 as isize
}

const fn write_u(insn: u32, x: u32) -> u32 {
    insn & 0xfff | x.wrapping_add(ROUND) & 0xffff_f000
}

// imm[11:0] at 31:20.
const fn read_i(insn: u32) -> isize {
    sign_extend(bits(insn, 20, 12), 12)
}

const fn write_i(insn: u32, x: u32) -> u32 {
    insn & 0x000f_ffff | bits(x, 0, 12) << 20
}

// imm[12] at 31, imm[10:5] at 30:25, imm[4:1] at 11:8, imm[11] at 7.
fn read_b(insn: u32) -> isize {
    let offset = bits(insn, 31, 1) << 12
        | bits(insn, 7, 1) << 11
        | bits(insn, 25, 6) << 5
        | bits(insn, 8, 4) << 1;
    sign_extend(offset, 13)
}

fn write_b(insn: u32, x: u32) -> u32 {
    insn & !0xfe00_0f80
        | bits(x, 12, 1) << 31
        | bits(x, 5, 6) << 25
        | bits(x, 1, 4) << 8
        | bits(x, 11, 1) << 7
}

// imm[20] at 31, imm[10:1] at 30:21, imm[11] at 20, imm[19:12] at 19:12.
fn read_j(insn: u32) -> isize {
    let offset = bits(insn, 31, 1) << 20
        | bits(insn, 12, 8) << 12
        | bits(insn, 20, 1) << 11
        | bits(insn, 21, 10) << 1;
    sign_extend(offset, 21)
}

fn write_j(insn: u32, x: u32) -> u32 {
    insn & 0xfff
        | bits(x, 20, 1) << 31
        | bits(x, 1, 10) << 21
        | bits(x, 11, 1) << 20
        | bits(x, 12, 8) << 12
}

// offset[8|4:3] at 12:10, offset[7:6|2:1|5] at 6:2.
fn read_cb(insn: u32) -> isize {
    let offset = bits(insn, 12, 1) << 8
        | bits(insn, 5, 2) << 6
        | bits(insn, 2, 1) << 5
        | bits(insn, 10, 2) << 3
        | bits(insn, 3, 2) << 1;
    sign_extend(offset, 9)
}

fn write_cb(insn: u32, x: u32) -> u32 {
    insn & !0x1c7c
        | bits(x, 8, 1) << 12
        | bits(x, 3, 2) << 10
        | bits(x, 6, 2) << 5
        | bits(x, 1, 2) << 3
        | bits(x, 5, 1) << 2
}

// offset[11|4|9:8|10|6|7|3:1|5] at 12:2.
fn read_cj(insn: u32) -> isize {
    let offset = bits(insn, 12, 1) << 11
        | bits(insn, 8, 1) << 10
        | bits(insn, 9, 2) << 8
        | bits(insn, 6, 1) << 7
        | bits(insn, 7, 1) << 6
        | bits(insn, 2, 1) << 5
        | bits(insn, 11, 1) << 4
        | bits(insn, 3, 3) << 1;
    sign_extend(offset, 12)
}

fn write_cj(insn: u32, x: u32) -> u32 {
    insn & !0x1ffc
        | bits(x, 11, 1) << 12
        | bits(x, 4, 1) << 11
        | bits(x, 8, 2) << 9
        | bits(x, 10, 1) << 8
        | bits(x, 6, 1) << 7
        | bits(x, 7, 1) << 6
        | bits(x, 1, 3) << 3
        | bits(x, 5, 1) << 2
}

// nzimm[17] at 12, nzimm[16:12] at 6:2.
fn write_c_lui(insn: u32, x: u32) -> u32 {
    let high = x.wrapping_add(ROUND);
    let immediate = bits(high, 17, 1) << 12 | bits(high, 12, 5) << 2;
    let insn = insn & !0x107c;
    if immediate == 0 {
        insn & !C_OPCODE | C_LI
    } else {
        insn | immediate
    }
}
