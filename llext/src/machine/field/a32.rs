//! Fields of A32 (ARM) instructions.
//!
//! Sections are those of the Arm Architecture Reference Manual, Armv7-A and Armv7-R, DDI 0406.

use super::{Field, Limits, Part, Special, State, part};

const IMM24: [Part; 1] = [part([25, 2], [23, 0])];

/// `B<c> label` and `BL<c> label`, ±32 MiB. A8.8.18, A1 and A8.8.25, A1: imm24:00.
///
/// A Thumb target is refused, as a distance that is no multiple of 4: a change of state takes a stub.
pub static BRANCH_A1: Field = Field::new(4, Limits::signed(26, 4), &IMM24)
    .branch(-8)
    .through_stub()
    .state(State::Arm)
    .special(&BRANCH);

/// `BL label`, A8.8.25, A1, and what it becomes for a Thumb target: `BLX label`, A2: imm24:H:0.
pub static CALL_A1_A2: Field = Field::new(4, Limits::signed(26, 1), &IMM24)
    .branch(-8)
    .through_stub()
    .state(State::ArmToAny)
    .special(&CALL);

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

/// Bits 31:28: the condition.
pub(in crate::machine) const CONDITION: usize = 0xf000_0000;
/// `AL`: always.
const ALWAYS: usize = 0xe000_0000;
/// `NOP`, A8.8.119, A1, without its condition.
const NOP: usize = 0x0320_f000;
/// `BL` that always branches, without its distance.
const BL: usize = 0xeb00_0000;
/// `BLX`, without its distance: what would be the condition says that it is none of the others.
const BLX: usize = 0xfa00_0000;
/// Bit 24 of `BLX`: H, bit 1 of the distance.
const H: u32 = 24;

static BRANCH: Special = Special {
    absent: Some(skip),
    ..Special::PLAIN
};

static CALL: Special = Special {
    read: |field, place| {
        let insn = field.load(place)?;
        let half = match insn & CONDITION {
            CONDITION => insn >> H & 1,
            _ => 0,
        };
        Some(field.read_parts(place)? | (half << 1) as isize)
    },
    write: |field, place, value| {
        let insn = field.load(place).ok_or(Limits::NONE)?;
        let opcode = match (value & 1, insn & CONDITION) {
            (0, _) if value & 2 != 0 => return Err(BRANCH_A1.limits),
            (0, CONDITION) => BL,
            (0, _) => insn,
            // Only what always branches can become a BLX.
            (_, CONDITION | ALWAYS) => BLX | (value as usize >> 1 & 1) << H,
            _ => return Err(BRANCH_A1.limits),
        };
        field.store(place, field.scatter(opcode, value as usize));
        Ok(())
    },
    absent: Some(skip),
    ..Special::PLAIN
};

/// A call to nothing is none.
fn skip(field: &Field, place: &mut [u8]) {
    let condition = match field.load(place).unwrap_or(ALWAYS) & CONDITION {
        CONDITION => ALWAYS,
        condition => condition,
    };
    field.store(place, condition | NOP);
}
