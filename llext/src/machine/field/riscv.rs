//! Fields of RISC-V instructions.
//!
//! Sections are those of the RISC-V Instruction Set Manual, Volume I, version 20191213: §2.2 and
//! §2.3 for formats and immediates of 32-bit instructions, §16.2 to §16.5 for compressed ones.

use super::{Field, Limits, Part, Special, part};

/// `BEQ rs1, rs2, label`, ±4 KiB. §2.3, B-immediate.
pub static BRANCH: Field = Field::new(
    4,
    Limits::signed(13, 2),
    &[
        part([12, 12], [31, 31]),
        part([10, 5], [30, 25]),
        part([4, 1], [11, 8]),
        part([11, 11], [7, 7]),
    ],
);

/// `JAL rd, label`, ±1 MiB. §2.3, J-immediate.
pub static JUMP: Field = Field::new(
    4,
    Limits::signed(21, 2),
    &[
        part([20, 20], [31, 31]),
        part([10, 1], [30, 21]),
        part([11, 11], [20, 20]),
        part([19, 12], [19, 12]),
    ],
);

const U_IMMEDIATE: &[Part] = &[part([31, 12], [31, 12])];

/// `LUI` and `AUIPC`. §2.3, U-immediate: bits 31:12, rounded for the signed low part. In class 32 the two
/// parts reach every address, wrapping at the ends.
pub static HI20: Field = Field::new(4, Limits::ANY, U_IMMEDIATE).round(ROUND);

/// The same in class 64, where they reach ±2 GiB.
pub static HI20_64: Field = Field::new(4, Limits::signed(32, 1), U_IMMEDIATE).round(ROUND);

/// `ADDI`, loads, `JALR`. §2.3, I-immediate: bits 11:0.
pub static LO12_I: Field = Field::new(4, Limits::ANY, &[part([11, 0], [31, 20])]);

/// Stores. §2.3, S-immediate: bits 11:0.
pub static LO12_S: Field = Field::new(
    4,
    Limits::ANY,
    &[part([11, 5], [31, 25]), part([4, 0], [11, 7])],
);

/// `AUIPC` and the `JALR` behind it: a 32-bit distance, split like [`HI20`] and [`LO12_I`].
pub static CALL: Field = Field::new(8, Limits::ANY, &[]).round(ROUND).special(&PAIR);

/// The same in class 64, where it reaches ±2 GiB.
pub static CALL_64: Field = Field::new(8, Limits::signed(32, 1), &[])
    .round(ROUND)
    .through_stub()
    .special(&PAIR);

/// A distance of 32 bits in class 64 to a function, or to its stub.
pub static PLT32_64: Field =
    Field::new(4, Limits::signed(32, 1), &[part([31, 0], [31, 0])]).through_stub();

/// `C.BEQZ rs1', label`, ±256 B. §16.4, CB format: offset[8|4:3] at 12:10, offset[7:6|2:1|5] at 6:2.
pub static COMPRESSED_BRANCH: Field = Field::new(
    2,
    Limits::signed(9, 2),
    &[
        part([8, 8], [12, 12]),
        part([4, 3], [11, 10]),
        part([7, 6], [6, 5]),
        part([2, 1], [4, 3]),
        part([5, 5], [2, 2]),
    ],
);

/// `C.J label` and `C.JAL label`, ±2 KiB. §16.4, CJ format: offset[11|4|9:8|10|6|7|3:1|5] at 12:2.
pub static COMPRESSED_JUMP: Field = Field::new(
    2,
    Limits::signed(12, 2),
    &[
        part([11, 11], [12, 12]),
        part([4, 4], [11, 11]),
        part([9, 8], [10, 9]),
        part([10, 10], [8, 8]),
        part([6, 6], [7, 7]),
        part([7, 7], [6, 6]),
        part([3, 1], [5, 3]),
        part([5, 5], [2, 2]),
    ],
);

/// `C.LUI rd, imm`, ±128 KiB. §16.5, CI format: `nzimm[17]` at 12, `nzimm[16:12]` at 6:2, rounded like
/// [`HI20`]. A high part of 0, which `C.LUI` cannot hold, makes it `C.LI rd, 0`, as GNU ld does.
pub static COMPRESSED_LUI: Field = Field::new(
    2,
    Limits::signed(18, 1),
    &[part([17, 17], [12, 12]), part([16, 12], [6, 2])],
)
.round(ROUND)
.special(&NOT_ZERO);

/// What is added to a value to round it to a multiple of 4 KiB that the low part can be counted from.
const ROUND: u16 = 0x800;
const HALF: isize = ROUND as isize;
/// Bits 19:15 of an instruction: rs1.
const RS1: usize = 0x000f_8000;
/// Bits of a `C.LUI` that hold no part of the immediate and no register.
const C_OPCODE: usize = 0xe003;
/// `C.LI`, without register and immediate.
const C_LI: usize = 0x4001;

/// Two instructions.
static PAIR: Special = Special {
    read: |_, pair| {
        let (first, second) = pair.split_at_checked(4)?;
        let value = HI20
            .read_parts(first)?
            .wrapping_add(LO12_I.read_parts(second)?);
        Some(value as i32 as isize)
    },
    write: |_, pair, value| {
        let (first, second) = pair.split_at_mut_checked(4).ok_or(Limits::NONE)?;
        LO12_I.load(second).ok_or(Limits::NONE)?;
        HI20.write_parts(first, value)?;
        LO12_I.write_parts(second, value.wrapping_sub(HALF))
    },
    // A call to nothing is one to address 0, with x0 as its base instead of the place.
    absent: Some(|field, pair| {
        let written = (PAIR.write)(field, pair, HALF);
        if let (Ok(()), Some((_, second))) = (written, pair.split_at_mut_checked(4)) {
            let insn = LO12_I.load(second).unwrap_or(0);
            LO12_I.store(second, insn & !RS1);
        }
    }),
    ..Special::PLAIN
};

static NOT_ZERO: Special = Special {
    write: |field, place, value| {
        let insn = field.load(place).ok_or(Limits::NONE)?;
        let cleared = field.scatter(insn, 0);
        let written = match field.scatter(insn, value as usize) {
            same if same == cleared => cleared & !C_OPCODE | C_LI,
            written => written,
        };
        field.store(place, written);
        Ok(())
    },
    ..Special::PLAIN
};
