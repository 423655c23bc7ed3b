//! Fields of A32 instructions that together make a distance of any size, a group of bits each.
//!
//! AAELF32, "Group relocations": the magnitude of X is cut into groups of eight bits at even positions, the
//! highest first. Group n is what instruction n of a sequence adds; what is left after it, the residual, is
//! for those that follow. Sections are those of the Arm Architecture Reference Manual, Armv7-A and Armv7-R,
//! DDI 0406.

use super::{Field, Limits, Part, Special, part};

/// `ADD Rd, Rn, #const` and `SUB`, group 0 to 2. A8.8.5, A1 and A8.8.222, A1: a rotated byte, A5.2.4. There must
/// be no residual.
pub static ALU: [Field; 3] = [alu(&ALU_G0), alu(&ALU_G1), alu(&ALU_G2)];

/// The same, group 0 and 1, where there may be a residual.
pub static ALU_NC: [Field; 2] = [alu(&ALU_G0_NC), alu(&ALU_G1_NC)];

/// `LDR Rt, [Rn, #±imm12]`, `STR`, `LDRB` and `STRB`, the residual behind 0 to 2 groups. A8.8.63, A1.
pub static LDR: [Field; 3] = [
    load(&LDR_IMM, &REST_G0),
    load(&LDR_IMM, &REST_G1),
    load(&LDR_IMM, &REST_G2),
];

/// `LDRD`, `LDRH`, `LDRSH`, `LDRSB`, `STRD` and `STRH`, the same. A8.8.72, A1: imm4H at 11:8, imm4L at 3:0.
pub static LDRS: [Field; 3] = [
    load(&LDRS_IMM, &REST_G0),
    load(&LDRS_IMM, &REST_G1),
    load(&LDRS_IMM, &REST_G2),
];

/// `LDC`, `STC`, `VLDR` and `VSTR`, the same. A8.8.55, A1: imm8:00.
pub static LDC: [Field; 3] = [
    load(&LDC_IMM, &REST_G0),
    load(&LDC_IMM, &REST_G1),
    load(&LDC_IMM, &REST_G2),
];

const LDR_IMM: [Part; 1] = [part([11, 0], [11, 0])];
const LDRS_IMM: [Part; 2] = [part([7, 4], [11, 8]), part([3, 0], [3, 0])];
const LDC_IMM: [Part; 1] = [part([9, 2], [7, 0])];

const fn alu(special: &'static Special) -> Field {
    const IMM: [Part; 1] = [part([11, 0], [11, 0])];
    Field::new(4, Limits::ANY, &IMM).special(special)
}

const fn load(parts: &'static [Part], special: &'static Special) -> Field {
    Field::new(4, Limits::ANY, parts).special(special)
}

static ALU_G0: Special = alu_special(|field, place, x| write_alu(field, place, x, 0, true));
static ALU_G1: Special = alu_special(|field, place, x| write_alu(field, place, x, 1, true));
static ALU_G2: Special = alu_special(|field, place, x| write_alu(field, place, x, 2, true));
static ALU_G0_NC: Special = alu_special(|field, place, x| write_alu(field, place, x, 0, false));
static ALU_G1_NC: Special = alu_special(|field, place, x| write_alu(field, place, x, 1, false));
static REST_G0: Special = rest_special(|field, place, x| write_rest(field, place, x, 0));
static REST_G1: Special = rest_special(|field, place, x| write_rest(field, place, x, 1));
static REST_G2: Special = rest_special(|field, place, x| write_rest(field, place, x, 2));

type Write = fn(&Field, &mut [u8], isize) -> Result<(), Limits>;

const fn alu_special(write: Write) -> Special {
    Special {
        read: read_alu,
        write,
        ..Special::PLAIN
    }
}

const fn rest_special(write: Write) -> Special {
    Special {
        read: read_rest,
        write,
        ..Special::PLAIN
    }
}

/// Of `ADD` and `SUB`, the bits of the opcode that tell which one it is.
const ALU_OPCODE: usize = 3 << 22;
const ADD: usize = 1 << 23;
const SUB: usize = 1 << 22;
/// Of loads and stores, the bit that says "add", not "subtract".
const UP: usize = 1 << 23;

/// The lowest bit of the highest group in `x`: an even number.
fn group_shift(x: u32) -> u32 {
    31_u32.saturating_sub(x.leading_zeros()).saturating_sub(6) & !1
}

/// What is left of `x` behind so many groups.
fn residual(x: u32, groups: u32) -> u32 {
    (0..groups).fold(x, |x, _| x & !0xff_u32.wrapping_shl(group_shift(x)))
}

fn read_alu(field: &Field, place: &[u8]) -> Option<isize> {
    let insn = field.load(place)?;
    let magnitude = (insn as u32 & 0xff).rotate_right(insn as u32 >> 7 & 0x1e) as isize;
    Some(match insn & ALU_OPCODE {
        SUB => magnitude.wrapping_neg(),
        _ => magnitude,
    })
}

fn write_alu(
    field: &Field,
    place: &mut [u8],
    value: isize,
    group: u32,
    is_last: bool,
) -> Result<(), Limits> {
    let insn = field.load(place).ok_or(Limits::NONE)?;
    let rest = residual(value.unsigned_abs() as u32, group);
    let shift = group_shift(rest);
    if is_last && residual(rest, 1) != 0 {
        return Err(Limits::NONE);
    }
    let rotation = (32_u32.wrapping_sub(shift) / 2) & 0xf;
    let imm = rest.wrapping_shr(shift) & 0xff | rotation << 8;
    let opcode = if value < 0 { SUB } else { ADD };
    let insn = field.scatter(insn & !ALU_OPCODE | opcode, imm as usize);
    field.store(place, insn);
    Ok(())
}

fn read_rest(field: &Field, place: &[u8]) -> Option<isize> {
    let insn = field.load(place)?;
    let magnitude = field.gather(insn) as isize;
    Some(match insn & UP {
        0 => magnitude.wrapping_neg(),
        _ => magnitude,
    })
}

fn write_rest(field: &Field, place: &mut [u8], value: isize, groups: u32) -> Result<(), Limits> {
    let insn = field.load(place).ok_or(Limits::NONE)?;
    let rest = residual(value.unsigned_abs() as u32, groups) as usize;
    let up = if value < 0 { 0 } else { UP };
    let insn = field.scatter(insn & !UP | up, rest);
    if field.gather(insn) != rest {
        return Err(Limits::NONE);
    }
    field.store(place, insn);
    Ok(())
}
