//! Which numbers fit a field.

/// Which numbers fit a field: so many bits, and multiples of a power of two only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How the bits are understood.
    pub sign: Sign,
    /// Bits of the number, those that alignment keeps 0 included.
    pub bits: u8,
    /// Power of two that all are multiples of.
    pub align: u8,
}

/// How the bits of a number are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Every number fits: the field takes it modulo its width.
    Any,
    /// From 0 on.
    Unsigned,
    /// Two's complement.
    Signed,
    /// Either of the two.
    Either,
    /// A sign and a magnitude of so many bits.
    Magnitude,
    /// Below 0: two's complement, with so many bits beside the sign.
    Negative,
}

impl Limits {
    /// Every number fits.
    pub const ANY: Self = Self::new(Sign::Any, usize::BITS as u8, 1);
    /// None fits: the place is too short.
    pub const NONE: Self = Self::new(Sign::Unsigned, 0, 0);

    const fn new(sign: Sign, bits: u8, align: u8) -> Self {
        Self { sign, bits, align }
    }

    /// Signed numbers of so many bits that are multiples of `align`.
    pub const fn signed(bits: u8, align: u8) -> Self {
        Self::new(Sign::Signed, bits, align)
    }

    /// Unsigned numbers of so many bits that are multiples of `align`.
    pub const fn unsigned(bits: u8, align: u8) -> Self {
        Self::new(Sign::Unsigned, bits, align)
    }

    /// Numbers that fit so many bits with or without a sign.
    pub const fn either(bits: u8) -> Self {
        Self::new(Sign::Either, bits, 1)
    }

    /// Numbers below 0 of so many bits beside the sign that are multiples of `align`.
    pub const fn negative(bits: u8, align: u8) -> Self {
        Self::new(Sign::Negative, bits, align)
    }

    /// Numbers whose magnitude fits so many bits.
    pub const fn magnitude(bits: u8) -> Self {
        Self::new(Sign::Magnitude, bits, 1)
    }

    /// The least number that fits.
    pub const fn min(self) -> isize {
        match self.sign {
            Sign::Any => isize::MIN,
            Sign::Unsigned => 0,
            Sign::Signed | Sign::Either => {
                (-1_isize).wrapping_shl((self.bits as u32).wrapping_sub(1))
            }
            Sign::Magnitude => self.max().wrapping_neg(),
            Sign::Negative => (-1_isize).wrapping_shl(self.bits as u32),
        }
    }

    /// The greatest number that fits. Below the least one: none does.
    pub const fn max(self) -> isize {
        let bits = match self.sign {
            Sign::Any => return isize::MAX,
            Sign::Negative => return (self.align as isize).wrapping_neg(),
            Sign::Signed => (self.bits as u32).wrapping_sub(1),
            Sign::Unsigned | Sign::Either | Sign::Magnitude => self.bits as u32,
        };
        1_isize.wrapping_shl(bits).wrapping_sub(if self.align == 0 {
            2
        } else {
            self.align as isize
        })
    }

    /// Whether `value` fits.
    pub const fn contains(self, value: isize) -> bool {
        let bits = self.bits as u32;
        // What is above the number's bits, and the same with the highest of them.
        let above = value.wrapping_shr(bits);
        let sign = value.wrapping_shr(bits.wrapping_sub(1));
        let fits = match self.sign {
            Sign::Any => return true,
            Sign::Unsigned => above == 0,
            Sign::Signed => sign == 0 || sign == -1,
            Sign::Either => above == 0 || sign == -1,
            Sign::Magnitude => value.unsigned_abs().wrapping_shr(bits) == 0,
            Sign::Negative => above == -1,
        };
        fits && value & (self.align as isize).wrapping_sub(1) == 0
    }
}

/// A value that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The value.
    pub value: isize,
    /// What fits, when `round` is added to it. [`Limits::NONE`]: the place was shorter than the field, or the value is
    /// one that cannot be encoded.
    pub limits: Limits,
    /// Half of what the low part of the value spans, if the field is a high part.
    pub round: u16,
}

impl FieldError {
    /// Least value that fits.
    pub const fn min(&self) -> isize {
        self.limits.min().saturating_sub(self.round as isize)
    }

    /// Greatest value that fits; below the least one if none does.
    pub const fn max(&self) -> isize {
        self.limits.max().saturating_sub(self.round as isize)
    }

    /// What the value must be a multiple of.
    pub const fn align(&self) -> usize {
        self.limits.align as usize
    }
}
