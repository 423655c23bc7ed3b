//! Fields of data.

use super::{Field, Limits, Special, part};

/// No bits, whatever the result.
pub static NOTHING: Field = Field::new(0, Limits::ANY, &[]);

/// The low 6 bits of a byte, the others kept, modulo 2⁶.
pub static LOW6: Field = Field::new(1, Limits::ANY, &[part([5, 0], [5, 0])]);

/// A byte, modulo 2⁸.
pub static LOW8: Field = Field::new(1, Limits::ANY, &[part([7, 0], [7, 0])]);

/// Two bytes, modulo 2¹⁶.
pub static LOW16: Field = Field::new(2, Limits::ANY, &[part([15, 0], [15, 0])]);

/// Four bytes, modulo 2³²: a word of class 32.
pub static LOW32: Field = Field::new(4, Limits::ANY, &[part([31, 0], [31, 0])]);

/// Eight bytes: a word of class 64.
pub static LOW64: Field = Field::new(8, Limits::ANY, &[part([63, 0], [63, 0])]);

/// A byte, signed or unsigned.
pub static EITHER8: Field = Field::new(1, Limits::either(8), &[part([7, 0], [7, 0])]);

/// Two bytes, signed or unsigned.
pub static EITHER16: Field = Field::new(2, Limits::either(16), &[part([15, 0], [15, 0])]);

/// Four bytes, signed or unsigned, in class 64.
pub static EITHER32: Field = Field::new(4, Limits::either(32), &[part([31, 0], [31, 0])]);

/// A byte, signed.
pub static SIGNED8: Field = Field::new(1, Limits::signed(8, 1), &[part([7, 0], [7, 0])]);

/// Two bytes, signed.
pub static SIGNED16: Field = Field::new(2, Limits::signed(16, 1), &[part([15, 0], [15, 0])]);

/// The low 31 bits of a word, signed, bit 31 kept (exception index tables).
pub static SIGNED31: Field = Field::new(4, Limits::signed(31, 1), &[part([30, 0], [30, 0])]);

/// Four bytes, signed, in class 64.
pub static SIGNED32: Field = Field::new(4, Limits::signed(32, 1), &[part([31, 0], [31, 0])]);

/// Four bytes, unsigned, in class 64.
pub static UNSIGNED32: Field = Field::new(4, Limits::unsigned(32, 1), &[part([31, 0], [31, 0])]);

/// Padding in front of an alignment: no bits. The result is (P + A) mod 2ⁿ, where 2ⁿ is the least power of two
/// above A: how far behind an alignment the code after A bytes of padding lies. It must be 0.
pub static PADDING: Field = Field::new(0, Limits::unsigned(0, 1), &[]).special(&Special {
    compute: Some(|_, _, operands| {
        let (p, a) = (operands.p as isize, operands.a);
        let mask = usize::MAX.checked_shr(a.leading_zeros()).unwrap_or(0);
        p.wrapping_add(a) & mask as isize
    }),
    ..Special::PLAIN
});

/// A number in LEB128, unsigned: seven bits a byte, the lowest first, bit 7 set in all bytes but the last. It
/// keeps its length and is taken modulo what that holds.
pub static ULEB128: Field = Field::new(1, Limits::ANY, &[]).open().special(&Special {
    read: |_, place| {
        let mut value = 0_usize;
        for (index, byte) in (0_u32..).zip(leb128(place)?) {
            value |= usize::from(byte & 0x7f).wrapping_shl(index.wrapping_mul(7));
        }
        Some(value as isize)
    },
    write: |_, place, value| {
        let len = leb128(place).ok_or(Limits::NONE)?.len();
        let mut rest = value;
        for byte in place.iter_mut().take(len) {
            *byte = *byte & 0x80 | rest as u8 & 0x7f;
            rest >>= 7;
        }
        Ok(())
    },
    ..Special::PLAIN
});

/// The bytes of the number at the start of a place, if it ends there, and in time for a word.
fn leb128(place: &[u8]) -> Option<&[u8]> {
    let last = place.iter().position(|byte| byte & 0x80 == 0)?;
    let most = (usize::BITS as usize).div_ceil(7);
    place.get(..=last).filter(|bytes| bytes.len() <= most)
}
