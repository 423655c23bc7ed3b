//! Fields of ARCv2 instructions.
//!
//! Formats are those of the ARCv2 Instruction Set Architecture Programmer's Reference Manual, by
//! instruction; names those of the ARC ELF ABI ("Relocatable fields"). Instructions of four bytes and long
//! immediates are middle-endian: the upper halfword first, each with its least byte first.

use super::{Field, Limits, Operands, Part, Special, part};

const WORD: [Part; 1] = [part([31, 0], [31, 0])];

/// A branch, to a multiple of `align` that is so many bits away.
const fn branch(bits: u8, align: u8, parts: &'static [Part]) -> Field {
    Field::new(4, Limits::signed(bits, align), parts)
        .halfwords()
        .through_stub()
}

/// `Bcc s21`, ±1 MiB in halfwords: `s[10:1]` at 26:17, `s[20:11]` at 15:6. disp21h.
pub static DISP21H: Field = branch(21, 2, &[part([10, 1], [26, 17]), part([20, 11], [15, 6])]);

/// `BLcc s21`, ±1 MiB in words: `s[10:2]` at 26:18, `s[20:11]` at 15:6. disp21w.
pub static DISP21W: Field = branch(21, 4, &[part([10, 2], [26, 18]), part([20, 11], [15, 6])]);

/// `B s25`, ±16 MiB in halfwords: as [`DISP21H`], with `s[24:21]` at 3:0. disp25h.
pub static DISP25H: Field = branch(
    25,
    2,
    &[
        part([10, 1], [26, 17]),
        part([20, 11], [15, 6]),
        part([24, 21], [3, 0]),
    ],
);

/// `BL s25`, ±16 MiB in words: as [`DISP21W`], with `s[24:21]` at 3:0. disp25w.
pub static DISP25W: Field = branch(
    25,
    4,
    &[
        part([10, 2], [26, 18]),
        part([20, 11], [15, 6]),
        part([24, 21], [3, 0]),
    ],
);

/// `BL_S s13`, 16 bit, ±4 KiB in words: `s[12:2]` at 10:0. disp13s.
pub static DISP13S: Field =
    Field::new(2, Limits::signed(13, 4), &[part([12, 2], [10, 0])]).through_stub();

/// A long immediate. limm.
pub static LIMM: Field = Field::new(4, Limits::ANY, &WORD).halfwords();

/// The long immediate of a jump of the ARCtangent-A4: an address in words at 23:0, flags above. targ26.
pub static TARG26: Field = Field::new(4, Limits::unsigned(26, 4), &[part([25, 2], [23, 0])]);

/// The low 24 bits of a word, signed or unsigned. bits24.
pub static BITS24: Field = Field::new(3, Limits::either(24), &[part([23, 0], [23, 0])]);

/// A − S, in fields of 8 to 32 bits.
pub static NEGATED8: Field =
    Field::new(1, Limits::either(8), &[part([7, 0], [7, 0])]).special(&NEGATED);
/// In 16 bits.
pub static NEGATED16: Field =
    Field::new(2, Limits::either(16), &[part([15, 0], [15, 0])]).special(&NEGATED);
/// In 24 bits.
pub static NEGATED24: Field =
    Field::new(3, Limits::either(24), &[part([23, 0], [23, 0])]).special(&NEGATED);
/// In 32 bits.
pub static NEGATED32: Field = Field::new(4, Limits::ANY, &WORD).special(&NEGATED);
/// In a long immediate.
pub static NEGATED_LIMM: Field = Field::new(4, Limits::ANY, &WORD)
    .halfwords()
    .special(&NEGATED);

static NEGATED: Special = Special {
    compute: Some(|_, _, operands| operands.a.wrapping_sub(operands.s as isize)),
    ..Special::PLAIN
};

/// A long immediate relative to its instruction: S + A − PCL.
pub static PCL_LIMM: Field = Field::new(4, Limits::ANY, &WORD)
    .halfwords()
    .special(&Special {
        compute: Some(|_, _, operands| from_pcl(operands.s, operands)),
        ..Special::PLAIN
    });

/// The same of the symbol's entry in the GOT: G + A − PCL.
pub static PCL_LIMM_GOT: Field = Field::new(4, Limits::ANY, &WORD)
    .halfwords()
    .special(&Special {
        compute: Some(|_, _, operands| from_pcl(operands.g, operands)),
        ..Special::PLAIN
    });

/// PCL is the address of the instruction, rounded down to a word; its long immediate is 4 bytes behind it.
fn from_pcl(to: usize, operands: &Operands) -> isize {
    let pcl = operands.p.wrapping_sub(4) & !3;
    to.wrapping_add_signed(operands.a).wrapping_sub(pcl) as isize
}
