//! Fields: where in a place a relocation's result goes.
//!
//! Each encoding is a pair of inverse functions on the instruction's bits, `read` and `write`, with
//! the manual's section beside it, and [`Limits`]. Data fields are here, instructions in one file
//! an instruction set.

pub mod a32;
pub mod riscv;
pub mod t32;

/// Instruction sets other than the machine's own are left out of a firmware.
const HAS_ARM: bool = cfg!(any(target_arch = "arm", not(target_os = "none")));
const HAS_RISCV: bool = cfg!(any(
    target_arch = "riscv32",
    target_arch = "riscv64",
    not(target_os = "none")
));

/// Where a result goes. Places are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// No bits. The result must be 0.
    Zero,
    /// The low 6 bits of a byte, the others kept, modulo 2⁶.
    Low6,
    /// A byte, modulo 2⁸.
    Low8,
    /// Two bytes, modulo 2¹⁶.
    Low16,
    /// Four bytes, modulo 2³².
    Low32,
    /// A byte, signed or unsigned.
    Int8,
    /// Two bytes, signed or unsigned.
    Int16,
    /// The low 31 bits of a word, signed, bit 31 kept (exception index tables).
    Signed31,
    /// In an A32 instruction.
    A32(a32::Field),
    /// In a T32 instruction.
    T32(t32::Field),
    /// In a RISC-V instruction.
    Riscv(riscv::Field),
}

/// Which results fit a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Least.
    pub min: isize,
    /// Greatest.
    pub max: isize,
    /// Power of two that all are multiples of.
    pub align: u8,
}

impl Limits {
    /// Every result fits: the field takes it modulo its width.
    pub(super) const ANY: Self = Self {
        min: isize::MIN,
        max: isize::MAX,
        align: 1,
    };

    /// Signed numbers of so many bits that are multiples of `align`.
    const fn signed(bits: u32, align: u8) -> Self {
        Self {
            min: -1 << (bits - 1),
            max: (1 << (bits - 1)) - align as isize,
            align,
        }
    }

    const fn between(min: isize, max: isize, align: u8) -> Self {
        Self { min, max, align }
    }

    /// Whether `value` fits.
    pub(super) fn check(&self, value: isize) -> Result<(), FieldError> {
        let aligned = value & (isize::from(self.align) - 1) == 0;
        if aligned && self.min <= value && value <= self.max {
            Ok(())
        } else {
            Err(self.refuse(value))
        }
    }

    #[cold]
    fn refuse(&self, value: isize) -> FieldError {
        let Self { min, max, align } = *self;
        FieldError {
            value: value as i64,
            min: min as i64,
            max: max as i64,
            align,
        }
    }
}

/// A value that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The value.
    pub value: i64,
    /// Least value that fits.
    pub min: i64,
    /// Greatest value that fits; below `min` if the place was shorter than the field.
    pub max: i64,
    /// What the value must be a multiple of.
    pub align: u8,
}

impl Field {
    /// Bytes of the place that are read and written.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::Low6 | Self::Low8 | Self::Int8 => 1,
            Self::Low16 | Self::Int16 => 2,
            Self::Low32 | Self::Signed31 | Self::A32(_) => 4,
            Self::T32(field) => field.width(),
            Self::Riscv(field) => field.width(),
        }
    }

    pub(super) const fn limits(self) -> Limits {
        match self {
            Self::Zero => Limits::between(0, 0, 1),
            Self::Low6 | Self::Low8 | Self::Low16 | Self::Low32 => Limits::ANY,
            // AAELF32, "Static Data relocations with non-standard size or processing".
            Self::Int8 => Limits::between(-0x80, 0xff, 1),
            Self::Int16 => Limits::between(-0x8000, 0xffff, 1),
            Self::Signed31 => Limits::signed(31, 1),
            Self::A32(field) => field.limits(),
            Self::T32(field) => field.limits(),
            Self::Riscv(field) => field.limits(),
        }
    }

    /// The value in the field, as the addend of a REL relocation; 0 if the place is too short.
    pub(super) fn read(self, place: &[u8]) -> isize {
        let value = match self {
            Self::Zero => None,
            Self::Low6 => load(place).map(|[byte]| isize::from(byte & 0x3f)),
            Self::Low8 | Self::Int8 => {
                load(place).map(|bytes| isize::from(i8::from_le_bytes(bytes)))
            }
            Self::Low16 | Self::Int16 => {
                load(place).map(|bytes| isize::from(i16::from_le_bytes(bytes)))
            }
            Self::Low32 => load(place).map(|bytes| i32::from_le_bytes(bytes) as isize),
            Self::Signed31 => {
                load(place).map(|bytes| sign_extend(u32::from_le_bytes(bytes) & 0x7fff_ffff, 31))
            }
            Self::A32(field) if HAS_ARM => load(place).map(|b| field.read(u32::from_le_bytes(b))),
            Self::T32(field) if HAS_ARM => field.load(place).map(|insn| field.read(insn)),
            Self::Riscv(field) if HAS_RISCV => field.load(place).map(|insn| field.read(insn)),
            Self::A32(_) | Self::T32(_) | Self::Riscv(_) => None,
        };
        value.unwrap_or(0)
    }

    /// Writes `value`, which is within the field's limits; refuses a place that is too short.
    pub(super) fn write(self, place: &mut [u8], value: isize) -> Result<(), FieldError> {
        let written = match self {
            Self::Zero => Some(()),
            Self::Low6 => update(place, |[byte]| [byte & 0xc0 | value as u8 & 0x3f]),
            Self::Low8 | Self::Int8 => update(place, |[_]| [value as u8]),
            Self::Low16 | Self::Int16 => update(place, |_| (value as u16).to_le_bytes()),
            Self::Low32 => update(place, |_| (value as u32).to_le_bytes()),
            Self::Signed31 => {
                update_word(place, |old| old & !0x7fff_ffff | value as u32 & 0x7fff_ffff)
            }
            Self::A32(field) if HAS_ARM => update_word(place, |insn| field.write(insn, value)),
            Self::T32(field) if HAS_ARM => field.update(place, |insn| field.write(insn, value)),
            Self::Riscv(field) if HAS_RISCV => field.update(place, |insn| field.write(insn, value)),
            Self::A32(_) | Self::T32(_) | Self::Riscv(_) => None,
        };
        written.ok_or(FieldError {
            value: value as i64,
            min: 0,
            max: -1,
            align: 1,
        })
    }

    /// Writes what stands for a call to a weak symbol that nothing defines; false (and nothing
    /// done) if the field is none of a call, or the place too short.
    pub(super) fn skip_call(self, place: &mut [u8]) -> bool {
        match self {
            Self::A32(field) if HAS_ARM => match field.skip() {
                Some(skip) => update_word(place, skip).is_some(),
                None => false,
            },
            Self::T32(field) if HAS_ARM => match field.skip() {
                Some(nop) => field.update(place, |_| nop).is_some(),
                None => false,
            },
            Self::Riscv(field) if HAS_RISCV => match field.call_zero() {
                Some(call_zero) => field.update(place, call_zero).is_some(),
                None => false,
            },
            _ => false,
        }
    }

    /// Whether it is the distance of a branch that a veneer can stand in for (AAELF32, "Call and
    /// Jump relocations"). Veneers are T32 code, so A32 branches have none. A RISC-V call reaches
    /// all of a 32-bit address space; its jumps within a function need no more than they reach.
    pub(super) fn is_veneerable(self) -> bool {
        use t32::Field::{BranchT3, BranchT4};
        matches!(self, Self::T32(BranchT3 | BranchT4))
    }

    /// What has to be added to the distance of a branch for its field: the program counter is two
    /// instructions ahead in A32 and T32 code.
    pub(super) fn branch_bias(self) -> isize {
        match self {
            Self::A32(a32::Field::BranchA1) => -8,
            Self::T32(field) if field.is_branch() => -4,
            _ => 0,
        }
    }

    pub(super) fn is_t32_branch(self) -> bool {
        matches!(self, Self::T32(field) if field.is_branch())
    }
}

/// The first bytes of a place.
fn load<const N: usize>(place: &[u8]) -> Option<[u8; N]> {
    place.first_chunk().copied()
}

/// Replaces the first bytes of a place.
fn update<const N: usize>(place: &mut [u8], change: impl FnOnce([u8; N]) -> [u8; N]) -> Option<()> {
    let place = place.first_chunk_mut()?;
    *place = change(*place);
    Some(())
}

/// Replaces the first word of a place.
fn update_word(place: &mut [u8], change: impl FnOnce(u32) -> u32) -> Option<()> {
    update(place, |bytes| {
        change(u32::from_le_bytes(bytes)).to_le_bytes()
    })
}

/// `count` bits of `value` from bit `low` on, at bit 0.
const fn bits(value: u32, low: u32, count: u32) -> u32 {
    (value >> low) & ((1 << count) - 1)
}

/// The low `count` bits of `value` as a two's complement number.
const fn sign_extend(value: u32, count: u32) -> isize {
    let unused = u32::BITS - count;
    ((value << unused) as i32 >> unused) as isize
}
