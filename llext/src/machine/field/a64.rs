//! Fields of A64 (AArch64) instructions.
//!
//! Encodings are those of the Arm Architecture Reference Manual for A-profile, DDI 0487, section C6.2,
//! by instruction; ranges and checks those of AAELF64 ("ELF for the Arm 64-bit Architecture"),
//! "Static AArch64 relocations".

use super::{Field, Limits, Part, Special, part};

/// A number of any size that is a multiple of `align`: only its low bits go into the field.
const fn low(align: u8) -> Limits {
    Limits::signed(64, align)
}

/// `B label` and `BL label`, ±128 MiB: imm26:00 at 25:0.
pub static BRANCH26: Field = Field::new(4, Limits::signed(28, 4), &[part([27, 2], [25, 0])])
    .through_stub()
    .special(&Special {
        // "A call to an undefined weak symbol becomes a NOP."
        absent: Some(|field, place| {
            field.store(place, NOP);
        }),
        ..Special::PLAIN
    });

/// `NOP`.
const NOP: usize = 0xd503_201f;

/// `B.cond label`, `CBZ Rt, label`, ±1 MiB: imm19:00 at 23:5. `LDR Rt, label` has the same field.
pub static IMM19: Field = Field::new(4, Limits::signed(21, 4), &[part([20, 2], [23, 5])]);

/// `TBZ Rt, #bit, label`, ±32 KiB: imm14:00 at 18:5.
pub static IMM14: Field = Field::new(4, Limits::signed(16, 4), &[part([15, 2], [18, 5])]);

/// `ADR Xd, label`, ±1 MiB: immhi:immlo at 23:5 and 30:29.
pub static ADR: Field = Field::new(
    4,
    Limits::signed(21, 1),
    &[part([20, 2], [23, 5]), part([1, 0], [30, 29])],
);

const PAGES: [Part; 2] = [part([32, 14], [23, 5]), part([13, 12], [30, 29])];

/// `ADRP Xd, label`, ±4 GiB: immhi:immlo at 23:5 and 30:29, in pages of 4 KiB.
pub static ADRP: Field = Field::new(4, Limits::signed(33, 1), &PAGES);

/// The same, whatever the distance (`_NC`).
pub static ADRP_NC: Field = Field::new(4, Limits::ANY, &PAGES);

/// `ADD Xd, Xn, #imm`: imm12 at 21:10. Takes the low 12 bits of the result.
pub static ADD_LO12_NC: Field =
    Field::new(4, Limits::ANY, &[part([11, 0], [21, 10])]).read_unsigned();

/// The same, of results of no more bits.
pub static ADD_LO12: Field = Field::new(4, Limits::unsigned(12, 1), &[part([11, 0], [21, 10])]);

/// The same, of the 12 bits above.
pub static ADD_HI12: Field = Field::new(4, Limits::unsigned(24, 1), &[part([23, 12], [21, 10])]);

/// `LDR` and `STR` with an unsigned offset: imm12 at 21:10, in units of what is loaded or stored. Takes the
/// low 12 bits of the result.
pub static LDST8_LO12_NC: Field = load_store(low(1), &UNITS1);
/// Of 2 bytes.
pub static LDST16_LO12_NC: Field = load_store(low(2), &UNITS2);
/// Of 4 bytes.
pub static LDST32_LO12_NC: Field = load_store(low(4), &UNITS4);
/// Of 8 bytes.
pub static LDST64_LO12_NC: Field = load_store(low(8), &UNITS8);
/// Of 16 bytes.
pub static LDST128_LO12_NC: Field = load_store(low(16), &UNITS16);

/// `LDR` and `STR` of one byte, of results of no more than 12 bits.
pub static LDST8_LO12: Field = load_store(Limits::unsigned(12, 1), &UNITS1);
/// Of 2 bytes.
pub static LDST16_LO12: Field = load_store(Limits::unsigned(12, 2), &UNITS2);
/// Of 4 bytes.
pub static LDST32_LO12: Field = load_store(Limits::unsigned(12, 4), &UNITS4);
/// Of 8 bytes.
pub static LDST64_LO12: Field = load_store(Limits::unsigned(12, 8), &UNITS8);

// imm12, all of it: what the low 12 bits of a result do not fill is 0.
const UNITS1: [Part; 1] = [part([11, 0], [21, 10])];
const UNITS2: [Part; 1] = [part([12, 1], [21, 10])];
const UNITS4: [Part; 1] = [part([13, 2], [21, 10])];
const UNITS8: [Part; 1] = [part([14, 3], [21, 10])];
const UNITS16: [Part; 1] = [part([15, 4], [21, 10])];

const fn load_store(limits: Limits, parts: &'static [Part]) -> Field {
    Field::new(4, limits, parts)
        .read_unsigned()
        .special(&Special {
            write: |field, place, value| field.write_parts(place, value & 0xfff),
            ..Special::PLAIN
        })
}

/// `LDR Xt, [Xn, #imm]` of a GOT entry in a table of 32 KiB: imm12 at 21:10, in units of 8 bytes.
pub static LD64_LO15: Field = Field::new(4, Limits::unsigned(15, 8), &UNITS8);

/// `MOVZ Xd, #imm16` and `MOVK`: imm16 at 20:5. Takes bits 15:0 of results of no more bits.
pub static MOVW_G0: Field = Field::new(4, Limits::unsigned(16, 1), &G0);
/// Bits 15:0 of any result.
pub static MOVW_G0_NC: Field = Field::new(4, Limits::ANY, &G0);
/// Bits 31:16, of results of no more bits.
pub static MOVW_G1: Field = Field::new(4, Limits::unsigned(32, 1), &G1);
/// Bits 31:16 of any result.
pub static MOVW_G1_NC: Field = Field::new(4, Limits::ANY, &G1);
/// Bits 47:32, of results of no more bits.
pub static MOVW_G2: Field = Field::new(4, Limits::unsigned(48, 1), &G2);
/// Bits 47:32 of any result.
pub static MOVW_G2_NC: Field = Field::new(4, Limits::ANY, &G2);
/// Bits 63:48 of any result.
pub static MOVW_G3: Field = Field::new(4, Limits::ANY, &G3);

/// `MOVZ Xd, #imm16`, or `MOVN` for a negative result: bits 15:0.
pub static MOVZN_G0: Field = Field::new(4, Limits::signed(17, 1), &G0).special(&MOVZ_OR_MOVN);
/// Bits 31:16.
pub static MOVZN_G1: Field = Field::new(4, Limits::signed(33, 1), &G1).special(&MOVZ_OR_MOVN);
/// Bits 47:32.
pub static MOVZN_G2: Field = Field::new(4, Limits::signed(49, 1), &G2).special(&MOVZ_OR_MOVN);

/// Bits 63:48.
pub static MOVZN_G3: Field = Field::new(4, Limits::signed(64, 1), &G3).special(&MOVZ_OR_MOVN);

const G0: [Part; 1] = [part([15, 0], [20, 5])];
const G1: [Part; 1] = [part([31, 16], [20, 5])];
const G2: [Part; 1] = [part([47, 32], [20, 5])];
const G3: [Part; 1] = [part([63, 48], [20, 5])];

/// opc<1>, bit 30: set in `MOVZ`, clear in `MOVN`, which inverts what it moves.
const MOVZ: usize = 1 << 30;

static MOVZ_OR_MOVN: Special = Special {
    read: |field, place| {
        let insn = field.load(place)?;
        let imm = field.gather(insn) as isize;
        Some(if insn & MOVZ == 0 { !imm } else { imm })
    },
    write: |field, place, value| {
        let insn = field.load(place).ok_or(Limits::NONE)?;
        let (imm, opcode) = if value < 0 {
            (!value, 0)
        } else {
            (value, MOVZ)
        };
        field.store(place, field.scatter(insn & !MOVZ, imm as usize) | opcode);
        Ok(())
    },
    ..Special::PLAIN
};
