//! Fields of Xtensa instructions (little-endian).
//!
//! A relocation of an instruction, `R_XTENSA_SLOT0_OP`, does not say which: the opcode in the place does.
//! Opcodes and offsets are those of the Xtensa Instruction Set Architecture Reference Manual, chapter 6, by
//! instruction, their formats those of section 7.1; op0 is bits 3:0.

use super::{Field, Limits, Operands, Special, part};

/// `R_XTENSA_SLOT0_OP`: the label of the one instruction at the place, of two or three bytes.
pub static SLOT0_OP: Field = Field::new(2, Limits::ANY, &[]).open().special(&Special {
    read: |_, _| Some(0),
    write: |_, place, value| {
        let label = Label::of(place).ok_or(Limits::NONE)?;
        if !label.field().limits.contains(value) {
            return Err(label.field().limits);
        }
        label.field().write_parts(place, value)
    },
    compute: Some(|_, place, operands| {
        let Operands { s, a, p, .. } = *operands;
        let origin = Label::of(place).map_or(p, |label| label.origin(p));
        s.wrapping_add_signed(a).wrapping_sub(origin) as isize
    }),
    ..Special::PLAIN
});

/// What an instruction does with a label.
#[derive(Clone, Copy)]
enum Label {
    /// Loads from it: `L32R`.
    Literal,
    /// Calls it: `CALL0`, `CALL4`, `CALL8`, `CALL12`.
    Call,
    /// Jumps to it: `J`.
    Jump,
    /// Branches to it on a comparison with zero: `BEQZ`, `BNEZ`, `BGEZ`, `BLTZ`.
    Branch12,
    /// Branches to it on any other condition.
    Branch8,
    /// Ends a loop there: `LOOP`, `LOOPNEZ`, `LOOPGTZ`.
    Loop,
    /// Branches to it: `BEQZ.N`, `BNEZ.N`.
    Narrow,
}

impl Label {
    fn of(place: &[u8]) -> Option<Self> {
        let (first, second) = (place.first()?, place.get(1)?);
        // op0, n, m; r.
        match (first & 0xf, first >> 4 & 3, first >> 6, second >> 4) {
            (1, ..) => Some(Self::Literal),
            (5, ..) => Some(Self::Call),
            (6, 0, ..) => Some(Self::Jump),
            (6, 1, ..) => Some(Self::Branch12),
            // Group B1 of m = 1: BF, BT; LOOP, LOOPNEZ, LOOPGTZ. m = 0 is ENTRY.
            (6, 3, 1, 8..=10) => Some(Self::Loop),
            (6, 3, 1, 0 | 1) | (6, 3, 2 | 3, _) | (6, 2, ..) | (7, ..) => Some(Self::Branch8),
            // The others with this op0 are MOVI.N.
            (12, _, 2 | 3, _) => Some(Self::Narrow),
            _ => None,
        }
    }

    fn field(self) -> &'static Field {
        match self {
            Self::Literal => &LITERAL,
            Self::Call => &CALL,
            Self::Jump => &JUMP,
            Self::Branch12 => &BRANCH12,
            Self::Branch8 => &BRANCH8,
            Self::Loop => &LOOP,
            Self::Narrow => &NARROW,
        }
    }

    /// What the label is counted from, for an instruction at `p`.
    fn origin(self, p: usize) -> usize {
        match self {
            Self::Literal => p.wrapping_add(3) & !3,
            Self::Call => (p & !3).wrapping_add(4),
            _ => p.wrapping_add(4),
        }
    }
}

/// Words in the 256 KiB in front: format RI16, imm16 at 23:8, ones above it.
static LITERAL: Field = Field::new(3, Limits::negative(18, 4), &[part([17, 2], [23, 8])]);

/// Words, ±512 KiB: format CALL, offset at 23:6.
static CALL: Field = Field::new(3, Limits::signed(20, 4), &[part([19, 2], [23, 6])]);

/// ±128 KiB: format CALL, offset at 23:6.
static JUMP: Field = Field::new(3, Limits::signed(18, 1), &[part([17, 0], [23, 6])]);

/// ±2 KiB: format BRI12, imm12 at 23:12.
static BRANCH12: Field = Field::new(3, Limits::signed(12, 1), &[part([11, 0], [23, 12])]);

/// ±128 B: formats RRI8 and BRI8, imm8 at 23:16.
static BRANCH8: Field = Field::new(3, Limits::signed(8, 1), &[part([7, 0], [23, 16])]);

/// Up to 255 B behind: format BRI8, imm8 at 23:16.
static LOOP: Field = Field::new(3, Limits::unsigned(8, 1), &[part([7, 0], [23, 16])]);

/// Up to 63 B behind: format RI6, imm6 at 5:4 and 15:12.
static NARROW: Field = Field::new(
    2,
    Limits::unsigned(6, 1),
    &[part([5, 4], [5, 4]), part([3, 0], [15, 12])],
);
