//! What each symbol is: four bytes a symbol (invariant 4).
//!
//! An entry says where a symbol is without saying an address, so that it can be made before any memory is taken:
//! three bits of kind, two marks, and 27 bits of offset or index.

use super::slots::REGION_LIMIT;
use crate::loaded::RegionKind;

const PAYLOAD_BITS: u32 = REGION_LIMIT.trailing_zeros();
const PAYLOAD: u32 = (1 << PAYLOAD_BITS) - 1;
/// The symbol is a function: on ARM bit 0 of its value is the Thumb bit.
const FUNCTION: u32 = 1 << PAYLOAD_BITS;
/// A veneer stands in for the symbol. Once veneers are written, the payload is the veneer's index.
const VENEER: u32 = FUNCTION << 1;
const KIND_SHIFT: u32 = PAYLOAD_BITS + 2;

const FIRMWARE: u32 = 4;
const EXTENSION: u32 = 5;
const ABSOLUTE: u32 = 6;
const SPECIAL: u32 = 7;

const ZERO: u32 = 0;
const UNDEFINED: u32 = 1;
const REPORTED: u32 = 2;
const NOT_LOADED: u32 = 3;

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(pub(super) u32);

/// An entry taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// In a region of the extension, at this offset; on ARM with the Thumb bit, if it is a function.
    Own(RegionKind, u32),
    /// The firmware's export with this place in its table.
    Firmware(usize),
    /// The export with this number among those of all loaded extensions, in load order.
    Extension(usize),
    /// A number: the value of the symbol with this index.
    Absolute(usize),
    /// Weak and defined nowhere, or no symbol at all.
    Zero,
    /// Defined nowhere.
    Undefined,
    /// Defined nowhere, and reported.
    Reported,
    /// In a section that is not loaded.
    NotLoaded,
}

impl Entry {
    pub(super) const ZERO: Self = Self::new(SPECIAL, ZERO);
    pub(super) const UNDEFINED: Self = Self::new(SPECIAL, UNDEFINED);
    pub(super) const REPORTED: Self = Self::new(SPECIAL, REPORTED);
    pub(super) const NOT_LOADED: Self = Self::new(SPECIAL, NOT_LOADED);

    const fn new(kind: u32, payload: u32) -> Self {
        Self(kind << KIND_SHIFT | payload & PAYLOAD)
    }

    /// A symbol of the extension itself; offsets are below `REGION_LIMIT`.
    pub(super) fn own(region: RegionKind, offset: u32, is_function: bool) -> Self {
        let function = if is_function { FUNCTION } else { 0 };
        Self(Self::new(region as u32, offset).0 | function)
    }

    /// An export of the firmware; `None` if the table is too long for an entry.
    pub(super) fn firmware(position: usize) -> Option<Self> {
        fits(position).then(|| Self::new(FIRMWARE, position as u32))
    }

    /// An export of another extension; `None` if there are too many for an entry.
    pub(super) fn extension(number: usize) -> Option<Self> {
        fits(number).then(|| Self::new(EXTENSION, number as u32))
    }

    /// An absolute symbol; `None` if the symbol table is too long for an entry.
    pub(super) fn absolute(index: usize) -> Option<Self> {
        fits(index).then(|| Self::new(ABSOLUTE, index as u32))
    }

    pub(super) fn meaning(self) -> Meaning {
        let payload = self.0 & PAYLOAD;
        match (self.0 >> KIND_SHIFT, payload) {
            (FIRMWARE, index) => Meaning::Firmware(index as usize),
            (EXTENSION, number) => Meaning::Extension(number as usize),
            (ABSOLUTE, index) => Meaning::Absolute(index as usize),
            (SPECIAL, ZERO) => Meaning::Zero,
            (SPECIAL, UNDEFINED) => Meaning::Undefined,
            (SPECIAL, REPORTED) => Meaning::Reported,
            (SPECIAL, _) => Meaning::NotLoaded,
            (region, offset) => Meaning::Own(RegionKind::from_index(region), offset),
        }
    }

    /// Whether the symbol is a function of the extension itself.
    pub(super) fn is_function(self) -> bool {
        self.0 & FUNCTION != 0
    }

    /// Whether a veneer stands in for it.
    pub(super) fn has_veneer(self) -> bool {
        self.0 & VENEER != 0
    }

    /// The same, with the mark that it needs a veneer.
    pub(super) fn with_veneer(self) -> Self {
        Self(self.0 | VENEER)
    }

    /// The same, with the index of its veneer in place of what it was.
    pub(super) fn at_veneer(self, index: usize) -> Self {
        Self(self.0 & !PAYLOAD | VENEER | index as u32 & PAYLOAD)
    }

    /// The index of its veneer.
    pub(super) fn veneer(self) -> usize {
        (self.0 & PAYLOAD) as usize
    }
}

fn fits(number: usize) -> bool {
    number <= PAYLOAD as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_what_it_means() {
        for region in RegionKind::ALL {
            for offset in [0, 1, PAYLOAD] {
                assert_eq!(
                    Entry::own(region, offset, false).meaning(),
                    Meaning::Own(region, offset)
                );
                let function = Entry::own(region, offset, true);
                assert!(function.is_function() && !function.has_veneer());
                assert_eq!(
                    function.with_veneer().meaning(),
                    Meaning::Own(region, offset)
                );
                let at = function.with_veneer().at_veneer(5);
                assert!(at.has_veneer() && at.is_function());
                assert_eq!(at.veneer(), 5);
            }
        }
        let last = PAYLOAD as usize;
        assert_eq!(
            Entry::firmware(last).map(Entry::meaning),
            Some(Meaning::Firmware(last))
        );
        assert_eq!(
            Entry::extension(last).map(Entry::meaning),
            Some(Meaning::Extension(last))
        );
        assert_eq!(
            Entry::absolute(last).map(Entry::meaning),
            Some(Meaning::Absolute(last))
        );
        assert!(Entry::firmware(last + 1).is_none());
        assert_eq!(Entry::ZERO.meaning(), Meaning::Zero);
        assert_eq!(Entry::UNDEFINED.meaning(), Meaning::Undefined);
        assert_eq!(Entry::REPORTED.meaning(), Meaning::Reported);
        assert_eq!(Entry::NOT_LOADED.meaning(), Meaning::NotLoaded);
    }
}
