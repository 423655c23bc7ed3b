//! Fields of x86 instructions: displacements and immediates, which are plain little-endian numbers.
//!
//! Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, 2.1.5 (displacements) and the
//! entries of CALL, JMP and Jcc: a rel32 counts from the next instruction, which is 4 bytes behind the place.

use super::{Field, Limits, Special, part};

/// rel32 of `CALL` and `JMP` in 64-bit code, ±2 GiB.
pub static BRANCH32: Field = Field::new(4, Limits::signed(32, 1), &[part([31, 0], [31, 0])])
    .branch(-4)
    .through_stub();

/// rel32 in 32-bit code: wraps, and so reaches every address.
pub static DISTANCE32: Field = Field::new(4, Limits::ANY, &[part([31, 0], [31, 0])]).branch(-4);

/// rel16 in 16-bit code: wraps at 64 KiB, and so any two of its addresses reach each other.
pub static DISTANCE16: Field = Field {
    read_bits: 16,
    ..Field::new(2, Limits::signed(17, 1), &[part([15, 0], [15, 0])])
};

/// How far a variable lies below the thread pointer: TP + A − S.
pub static BELOW_TP: Field =
    Field::new(4, Limits::ANY, &[part([31, 0], [31, 0])]).special(&Special {
        compute: Some(|_, _, operands| {
            let above = operands.s.wrapping_sub(operands.tp) as isize;
            operands.a.wrapping_sub(above)
        }),
        ..Special::PLAIN
    });
