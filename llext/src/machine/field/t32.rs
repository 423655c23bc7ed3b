//! Fields of T32 (Thumb) instructions, named by the manual's encodings.
//!
//! Sections are those of the Armv7-M Architecture Reference Manual, DDI 0403. An instruction of two
//! halfwords is read as one word, its first halfword on top, as the manual draws it.
//!
//! Branches take bit 0 of the result for the Thumb bit and leave it out: their alignment is 1.

use super::{Field, Limits, Part, Special, State, part};

/// A branch: the program counter is two instructions ahead.
const fn branch(width: u8, limits: Limits, parts: &'static [Part]) -> Field {
    let field = Field::new(width, limits, parts)
        .branch(-4)
        .state(State::Thumb);
    if width == 4 { field.halfwords() } else { field }
}

/// `B<c> label`, 16 bit, ±256 B. A7.7.12, T1: imm8 at 7:0.
pub static BRANCH_T1: Field = branch(2, Limits::signed(9, 1), &[part([8, 1], [7, 0])]);

/// `B label`, 16 bit, ±2 KiB. A7.7.12, T2: imm11 at 10:0.
pub static BRANCH_T2: Field = branch(2, Limits::signed(12, 1), &[part([11, 1], [10, 0])]);

/// `B<c>.W label`, ±1 MiB. A7.7.12, T3: S:J2:J1:imm6:imm11:0.
pub static BRANCH_T3: Field = branch(4, Limits::signed(21, 1), &T3).through_stub();

/// `BL label` and `B.W label`, ±16 MiB. A7.7.18, T1 and A7.7.12, T4: S:I1:I2:imm10:imm11:0, where
/// I = NOT(J EOR S).
pub static BRANCH_T4: Field = branch(4, Limits::signed(25, 1), &[])
    .through_stub()
    .special(&BRANCH);

/// [`BRANCH_T3`] where there is A32 code: a target in it, an even one, is refused. It takes a stub.
pub static BRANCH_T3_INTERWORKING: Field = branch(4, Limits::signed(21, 1), &T3)
    .through_stub()
    .state(State::ThumbByStub)
    .special(&STATE_KEPT);

/// [`BRANCH_T4`] as `B.W`, the same.
pub static BRANCH_T4_INTERWORKING: Field = branch(4, Limits::signed(25, 1), &[])
    .through_stub()
    .state(State::ThumbByStub)
    .special(&BRANCH_STATE_KEPT);

/// [`BRANCH_T4`] as `BL`, which becomes `BLX` for A32 code. DDI 0406, A8.8.25, T1 and T2: the latter counts from
/// the word that the place is in, so that a distance from the second halfword is rounded up.
pub static CALL_T1_T2: Field = branch(4, Limits::signed(25, 1), &[])
    .through_stub()
    .state(State::ThumbToAny)
    .special(&CALL);

const T3: [Part; 5] = [
    part([20, 20], [26, 26]),
    part([19, 19], [11, 11]),
    part([18, 18], [13, 13]),
    part([17, 12], [21, 16]),
    part([11, 1], [10, 0]),
];

/// `CBZ Rn, label`, forward 0 to 126 B. A7.7.21, T1: i:imm5:0.
pub static CBZ_T1: Field = branch(
    2,
    Limits::unsigned(7, 1),
    &[part([6, 6], [9, 9]), part([5, 1], [7, 3])],
)
.special(&BIASED);

const IMM16: [Part; 4] = [
    part([15, 12], [19, 16]),
    part([11, 11], [26, 26]),
    part([10, 8], [14, 12]),
    part([7, 0], [7, 0]),
];

/// `MOVW Rd, #imm16`. A7.7.76, T3: imm4:i:imm3:imm8. Takes the low half of the result.
pub static MOVW_T3: Field = Field::new(4, Limits::ANY, &IMM16).halfwords();

/// `MOVT Rd, #imm16`. A7.7.79, T1: as MOVW. Takes the high half of the result; an addend is not shifted.
pub static MOVT_T1: Field = Field::new(
    4,
    Limits::ANY,
    &[
        part([31, 28], [19, 16]),
        part([27, 27], [26, 26]),
        part([26, 24], [14, 12]),
        part([23, 16], [7, 0]),
    ],
)
.halfwords()
.read_shift(16);

/// `LDR Rt, [Rn, #imm]`, 16 bit. A7.7.43, T1: imm5:00 at 10:6.
pub static LDR_IMMEDIATE_T1: Field =
    Field::new(2, Limits::unsigned(7, 4), &[part([6, 2], [10, 6])]);

/// `LDR Rt, label`, 16 bit, and `ADR Rd, label`. A7.7.44, T1 and A7.7.7, T1: imm8:00 at 7:0.
pub static LITERAL_T1: Field =
    Field::new(2, Limits::unsigned(10, 4), &[part([9, 2], [7, 0])]).special(&BIASED);

/// `LDR.W Rt, label`. A7.7.44, T2: imm12 at 11:0, U at 23 (of the first halfword: 7).
pub static LITERAL_T2: Field = Field::new(4, Limits::magnitude(12), &[part([11, 0], [11, 0])])
    .halfwords()
    .special(&ADD_OR_SUBTRACT);

/// `ADR.W Rd, label`. A7.7.7, T2 (SUB) and T3 (ADD): i:imm3:imm8.
pub static ADR_T2_T3: Field = Field::new(
    4,
    Limits::magnitude(12),
    &[
        part([11, 11], [26, 26]),
        part([10, 8], [14, 12]),
        part([7, 0], [7, 0]),
    ],
)
.halfwords()
.special(&ADD_OR_SUB);

/// `MOVS Rd, #imm8` and `ADDS Rdn, #imm8`, 16 bit. A7.7.76, T1 and A7.7.3, T2: imm8 at 7:0. Takes this
/// byte of the result, 0 the lowest: v6-M code that reads no literals.
pub static BYTES: [Field; 4] = [
    byte(&[part([7, 0], [7, 0])], 0),
    byte(&[part([15, 8], [7, 0])], 8),
    byte(&[part([23, 16], [7, 0])], 16),
    byte(&[part([31, 24], [7, 0])], 24),
];

const fn byte(parts: &'static [Part], shift: u8) -> Field {
    Field::new(2, Limits::ANY, parts)
        .read_unsigned()
        .read_shift(shift)
}

/// `NOP.W`, A7.7.88, T2.
const NOP_W: usize = 0xf3af_8000;
/// Bit 12 of `BL`, clear in `BLX`.
pub(in crate::machine) const BL: usize = 1 << 12;

static BRANCH: Special = Special {
    read: read_branch,
    // Sets bit 12 too, as GNU ld does: a `BLX` to what turned out to be Thumb code becomes a `BL`.
    write: |field, place, value| write_branch(field, place, value, BL),
    absent: Some(skip),
    ..Special::PLAIN
};

static STATE_KEPT: Special = Special {
    write: |field, place, value| {
        thumb(field, value)?;
        field.write_parts(place, value)
    },
    ..Special::PLAIN
};

static BRANCH_STATE_KEPT: Special = Special {
    write: |field, place, value| {
        thumb(field, value)?;
        write_branch(field, place, value, BL)
    },
    ..BRANCH
};

static CALL: Special = Special {
    write: |field, place, value| match value & 1 {
        0 => {
            let from_word = value.wrapping_add(2) & !3;
            if !field.limits.contains(from_word) {
                return Err(field.limits);
            }
            write_branch(field, place, from_word, 0)
        }
        _ => write_branch(field, place, value, BL),
    },
    ..BRANCH
};

/// Most relocations of T32 code are these, so that they have no parts that a loop would go through: S at 26,
/// imm10 at 25:16, J1 at 13, J2 at 11, imm11 at 10:0.
fn read_branch(field: &Field, place: &[u8]) -> Option<isize> {
    let insn = field.load(place)?;
    let i1_i2 = insn >> 13 << 23 & I1 | insn << 11 & I2;
    let value = i1_i2 | insn >> 4 & 0x3f_f000 | insn << 1 & 0xffe;
    Some(match insn & 1 << 26 {
        0 => value ^ (I1 | I2),
        _ => value | (-1_isize << 24) as usize,
    } as isize)
}

fn write_branch(field: &Field, place: &mut [u8], value: isize, bl: usize) -> Result<(), Limits> {
    let insn = field.load(place).ok_or(Limits::NONE)?;
    let (value, s) = match value as usize {
        positive if value >= 0 => (positive ^ (I1 | I2), 0),
        negative => (negative, 1 << 26),
    };
    let (j1, j2) = ((value & I1) >> 23 << 13, (value & I2) >> 22 << 11);
    let distance = s | j1 | j2 | value << 4 & 0x03ff_0000 | value >> 1 & 0x7ff;
    field.store(place, insn & !(0x07ff_2fff | BL) | bl | distance);
    Ok(())
}

/// Bits 23 and 22 of a distance.
const I1: usize = 1 << 23;
const I2: usize = 1 << 22;

/// A call to nothing is none.
fn skip(field: &Field, place: &mut [u8]) {
    field.store(place, NOP_W);
}

/// Refuses what is no Thumb code.
fn thumb(field: &Field, value: isize) -> Result<(), Limits> {
    if value & 1 == 0 {
        Err(Limits {
            align: 2,
            ..field.limits
        })
    } else {
        Ok(())
    }
}

/// The field is unsigned, yet has to hold the bias of −4: its greatest value means that. AAELF32, "Addends
/// and PC-bias compensation": `((imm + 4) & mask) − 4`.
static BIASED: Special = Special {
    read: |field, place| {
        let imm = field.read_parts(place)?;
        let mask = field
            .limits
            .max()
            .wrapping_add(field.limits.align.into())
            .wrapping_sub(1);
        Some((imm.wrapping_add(4) & mask).wrapping_sub(4))
    },
    ..Special::PLAIN
};

/// Of `LDR.W (literal)`, the bit that says "add", not "subtract".
static ADD_OR_SUBTRACT: Special = Special {
    read: |field, place| read_magnitude(field, place, ADD, 0),
    write: |field, place, value| write_magnitude(field, place, value, ADD, 0),
    ..Special::PLAIN
};
const ADD: usize = 1 << 23;

/// Of `ADR.W`, the bits of the opcode that make an ADD a SUB.
static ADD_OR_SUB: Special = Special {
    read: |field, place| read_magnitude(field, place, 0, SUB),
    write: |field, place, value| write_magnitude(field, place, value, 0, SUB),
    ..Special::PLAIN
};
const SUB: usize = 0x00a0_0000;

/// A magnitude with its sign in the opcode: of two groups of bits one is set.
#[inline(never)]
fn read_magnitude(field: &Field, place: &[u8], add: usize, sub: usize) -> Option<isize> {
    let insn = field.load(place)?;
    let magnitude = field.gather(insn) as isize;
    Some(if insn & (add | sub) == sub {
        magnitude.wrapping_neg()
    } else {
        magnitude
    })
}

#[inline(never)]
fn write_magnitude(
    field: &Field,
    place: &mut [u8],
    value: isize,
    add: usize,
    sub: usize,
) -> Result<(), Limits> {
    let insn = field.load(place).ok_or(Limits::NONE)?;
    let insn = field.scatter(insn, value.unsigned_abs()) & !(add | sub);
    field.store(place, insn | if value < 0 { sub } else { add });
    Ok(())
}
