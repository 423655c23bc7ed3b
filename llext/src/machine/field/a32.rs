//! Fields of A32 (ARM) instructions.
//!
//! Sections are those of the Arm Architecture Reference Manual, Armv7-A and Armv7-R, DDI 0406.

use super::{Field, Limits, Special, State, part};

/// `B<c> label` and `BL<c> label`, ±32 MiB. A8.8.18, A1 and A8.8.25, A1: imm24:00.
///
/// A Thumb target is refused, as a distance that is no multiple of 4: a change of state would take
/// another instruction.
pub static BRANCH_A1: Field = Field::new(4, Limits::signed(26, 4), &[part([25, 2], [23, 0])])
    .branch(-8)
    .state(State::Arm)
    .special(&SKIPPED);

/// `MOVW Rd, #imm16`. A8.8.102, A2: imm4:imm12. Takes the low half of the result.
pub static MOVW_A2: Field = Field::new(
    4,
    Limits::ANY,
    &[part([15, 12], [19, 16]), part([11, 0], [11, 0])],
);

/// `MOVT Rd, #imm16`. A8.8.106, A1: as MOVW. Takes the high half of the result; an addend is not shifted.
pub static MOVT_A1: Field = Field::new(
    4,
    Limits::ANY,
    &[part([31, 28], [19, 16]), part([27, 16], [11, 0])],
)
.read_shift(16);

/// `NOP`, A8.8.119, A1, without its condition.
const NOP: usize = 0x0320_f000;
/// Bits 31:28: the condition.
const CONDITION: usize = 0xf000_0000;

/// A call to nothing is none.
static SKIPPED: Special = Special {
    absent: Some(|field, place| {
        let insn = field.load(place)?;
        field.store(place, insn & CONDITION | NOP);
        Some(())
    }),
    ..Special::PLAIN
};
