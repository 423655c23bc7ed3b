//! Fields: where in a place a relocation's result goes, as data.
//!
//! A [`Field`] says how many bytes the place has, in which order they make a word, which numbers fit,
//! and which bits of the number go to which bits of the word. The [`Part`]s are written as the manuals
//! draw them: `imm[10:5]` at 30:25 is `part([10, 5], [30, 25])`. One pair of functions reads and writes
//! all of them, so that reading is the inverse of writing by construction.
//!
//! What is no mere copy of bits (an opcode that depends on the sign, two instructions at one place) is a
//! [`Special`]: functions that the field's static names. Rows refer to fields, and fields to functions, so
//! a firmware links what its machine's rows need and nothing else.
//!
//! Data fields are in [`data`], those of instructions in one file an instruction set.

pub mod a32;
pub mod a32_group;
pub mod a64;
pub mod arc;
pub mod data;
mod limits;
pub mod riscv;
pub mod t32;
pub mod x86;
pub mod xtensa;

pub use limits::{FieldError, Limits, Sign};

use super::Operands;

/// Where a result goes.
#[derive(Debug)]
pub struct Field {
    /// Bytes of the place.
    pub width: u8,
    /// Whether the place may be longer, as its bytes say.
    pub open: bool,
    /// How they make a word.
    pub order: Order,
    /// Which numbers fit, before they are rounded.
    pub limits: Limits,
    /// Added to the number before it is cut to the bits of a high part: half of what the low part spans.
    pub round: u16,
    /// Bits of the number as it is read, sign included; 0: it is read as an unsigned number.
    pub read_bits: u8,
    /// The addend in a place that holds a high half is not shifted as the result is: bits to shift back.
    pub read_shift: u8,
    /// What kind of branch it is a part of.
    pub branch: Branch,
    /// Which bits of the number go where.
    pub parts: &'static [Part],
    /// What there is to it beside the parts.
    pub special: Option<&'static Special>,
}

/// How the bytes of a place make a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Least byte first.
    Little,
    /// Halfwords with their least byte first, the upper halfword first: T32 and ARC instructions of four
    /// bytes, as their manuals draw them.
    Halfwords,
}

/// So many bits of a number at so many bits of a word. See [`part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The lowest bit in the number.
    pub value: u8,
    /// The lowest bit in the word.
    pub place: u8,
    /// Bits.
    pub count: u8,
}

/// Bits of the number, highest and lowest, at these bits of the word. `part([10, 5], [30, 25])` is what
/// manuals write `imm[10:5]` and draw at 30:25.
pub const fn part(value: [u8; 2], place: [u8; 2]) -> Part {
    assert!(value[0] >= value[1] && value[0] - value[1] == place[0] - place[1]);
    Part {
        value: value[1],
        place: place[1],
        count: value[0] - value[1] + 1,
    }
}

/// What a branch does with the state of the processor, and what it is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The addend of a plain branch to a symbol, in bytes: the program counter that the instruction counts
    /// from is not the place on every machine. 0 for what is no branch.
    pub bias: i8,
    /// Whether a stub can stand in for the target.
    pub through_stub: bool,
    /// ARM: which state the branch is in, and whether it can change it.
    pub state: State,
}

/// ARM: the state that a branch is in, and how it reaches the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No branch, or no such states.
    Any,
    /// T32 code that cannot leave the state.
    Thumb,
    /// T32 code that needs a stub to leave the state.
    ThumbByStub,
    /// T32 code that can branch to either.
    ThumbToAny,
    /// A32 code that needs a stub to leave the state.
    Arm,
    /// A32 code that can branch to either.
    ArmToAny,
}

impl Branch {
    const NONE: Self = Self {
        bias: 0,
        through_stub: false,
        state: State::Any,
    };
}

/// What [`Formula::OfField`](super::Formula::OfField) computes, from what the place holds and the operands.
pub type Compute = fn(&Field, &[u8], &Operands) -> isize;

/// What a field does beside copying bits.
#[derive(Debug)]
pub struct Special {
    /// Reads the number in a place. `None`: the place is too short.
    pub read: fn(&Field, &[u8]) -> Option<isize>,
    /// Writes a number that is within the field's limits. An error says which numbers would have fitted.
    pub write: fn(&Field, &mut [u8], isize) -> Result<(), Limits>,
    /// What the field computes by itself.
    pub compute: Option<Compute>,
    /// What becomes of a call to a weak symbol that nothing defines.
    pub absent: Option<fn(&Field, &mut [u8])>,
}

impl Special {
    /// Nothing but the parts.
    pub const PLAIN: Self = Self {
        read: Field::read_parts,
        write: Field::write_parts,
        compute: None,
        absent: None,
    };
}

impl Field {
    /// A little-endian field of so many bytes.
    pub const fn new(width: u8, limits: Limits, parts: &'static [Part]) -> Self {
        let read_bits = match limits.sign {
            Sign::Signed | Sign::Either => limits.bits,
            Sign::Unsigned | Sign::Magnitude => 0,
            Sign::Negative => limits.bits + 1,
            Sign::Any => top(parts),
        };
        Self {
            width,
            open: false,
            order: Order::Little,
            limits,
            round: 0,
            read_bits,
            read_shift: 0,
            branch: Branch::NONE,
            parts,
            special: None,
        }
    }

    /// The same, of halfwords.
    pub const fn halfwords(mut self) -> Self {
        self.order = Order::Halfwords;
        self
    }

    /// The same, in a place that may be longer.
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The same, for a high part: half of what the low part spans is added first.
    pub const fn round(mut self, half: u16) -> Self {
        self.round = half;
        self
    }

    /// The same, whose number is read without a sign.
    pub const fn read_unsigned(mut self) -> Self {
        self.read_bits = 0;
        self
    }

    /// The same, whose addends are not shifted by so many bits as results are.
    pub const fn read_shift(mut self, bits: u8) -> Self {
        self.read_shift = bits;
        self
    }

    /// The same, as part of a branch with this bias.
    pub const fn branch(mut self, bias: i8) -> Self {
        self.branch.bias = bias;
        self
    }

    /// The same, as part of a branch that may go through a stub.
    pub const fn through_stub(mut self) -> Self {
        self.branch.through_stub = true;
        self
    }

    /// The same, as part of a branch in this state.
    pub const fn state(mut self, state: State) -> Self {
        self.branch.state = state;
        self
    }

    /// The same, with functions of its own.
    pub const fn special(mut self, special: &'static Special) -> Self {
        self.special = Some(special);
        self
    }

    /// The number in the field, as the addend of a REL relocation; 0 if the place is too short.
    pub fn read(&self, place: &[u8]) -> isize {
        let value = match self.special {
            Some(special) => (special.read)(self, place),
            None => self.read_parts(place),
        };
        value.unwrap_or(0)
    }

    /// Writes `value`, or says why it does not fit and leaves the place as it was.
    pub fn write(&self, place: &mut [u8], value: isize) -> Result<(), FieldError> {
        let round = self.round;
        let rounded = value.wrapping_add(usize::from(round) as isize);
        let written = if !self.limits.contains(rounded) {
            Err(self.limits)
        } else if let Some(special) = self.special {
            (special.write)(self, place, rounded)
        } else {
            self.write_parts(place, rounded)
        };
        written.map_err(|limits| FieldError {
            value,
            limits,
            round,
        })
    }

    /// What the field's special computes.
    pub(super) fn compute(&self, place: &[u8], operands: &Operands) -> isize {
        self.special
            .and_then(|special| special.compute)
            .map_or(0, |compute| compute(self, place, operands))
    }

    /// Writes what stands for a call to a weak symbol that nothing defines; false (and nothing done) if the
    /// field is none of a call.
    pub(super) fn skip_call(&self, place: &mut [u8]) -> bool {
        let absent = self.special.and_then(|special| special.absent);
        if let Some(absent) = absent {
            absent(self, place);
        }
        absent.is_some()
    }

    /// The number that the parts make.
    pub fn read_parts(&self, place: &[u8]) -> Option<isize> {
        let value = self.gather(self.load(place)?);
        let unused = match self.read_bits {
            0 => 0,
            bits => usize::BITS.saturating_sub(bits.into()),
        };
        let signed = if self.read_bits == 0 {
            value as isize
        } else {
            (value.wrapping_shl(unused) as isize).wrapping_shr(unused)
        };
        Some(signed.wrapping_shr(self.read_shift.into()))
    }

    /// Copies the bits of a number to where the parts say.
    pub fn write_parts(&self, place: &mut [u8], value: isize) -> Result<(), Limits> {
        let word = self.load(place).ok_or(Limits::NONE)?;
        self.store(place, self.scatter(word, value as usize));
        Ok(())
    }

    /// The bits of the number in a word of the place.
    pub fn gather(&self, word: usize) -> usize {
        let bits = |part: &Part| {
            (word.wrapping_shr(part.place.into()) & part.mask()).wrapping_shl(part.value.into())
        };
        self.parts.iter().fold(0, |value, part| value | bits(part))
    }

    /// `word` with the bits of a number where the parts say.
    pub fn scatter(&self, word: usize, value: usize) -> usize {
        self.parts.iter().fold(word, |word, part| {
            let mask = part.mask();
            let bits = value.wrapping_shr(part.value.into()) & mask;
            let place = u32::from(part.place);
            word & !mask.wrapping_shl(place) | bits.wrapping_shl(place)
        })
    }

    /// The word in a place; `None` if the place is too short.
    #[inline(never)]
    pub fn load(&self, place: &[u8]) -> Option<usize> {
        if self.width == 4 {
            let word = u32::from_le_bytes(*place.first_chunk()?);
            return Some(self.in_order(word) as usize);
        }
        let bytes = place.get(..self.width.into())?.iter().rev();
        Some(bytes.fold(0, |word: usize, byte| word << 8 | usize::from(*byte)))
    }

    /// Puts a word into a place, as far as that goes.
    #[inline(never)]
    pub fn store(&self, place: &mut [u8], word: usize) {
        if self.width == 4 {
            if let Some(place) = place.first_chunk_mut() {
                *place = self.in_order(word as u32).to_le_bytes();
            }
            return;
        }
        let mut rest = word;
        for byte in place.iter_mut().take(self.width.into()) {
            *byte = rest as u8;
            // Where a place is wider than a word, the rest of it is the sign.
            rest = (rest as isize >> 8) as usize;
        }
    }

    /// A word of four bytes in the manual's order, and back.
    const fn in_order(&self, word: u32) -> u32 {
        match self.order {
            Order::Little => word,
            Order::Halfwords => word.rotate_left(16),
        }
    }
}

impl Part {
    /// So many ones.
    const fn mask(self) -> usize {
        usize::MAX.wrapping_shr(usize::BITS.wrapping_sub(self.count as u32))
    }
}

/// One more than the highest bit of a number that parts make.
const fn top(parts: &[Part]) -> u8 {
    let (mut top, mut at) = (0, 0);
    while at < parts.len() {
        let end = parts[at].value + parts[at].count;
        if end > top {
            top = end;
        }
        at += 1;
    }
    top
}
