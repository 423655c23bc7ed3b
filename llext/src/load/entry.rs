//! What each symbol is: four bytes a symbol (invariant 4).
//!
//! An entry says where a symbol is without saying an address, so that it can be made before any memory is taken. From the
//! top: the mark of a stub, three bits of kind, the mark of a function, and 27 bits of offset or index.
//! The kinds are numbered so that one comparison tells the *plain* entries, which are an offset from a base: those of the
//! regions and of near exports of the firmware. Nearly all relocations are to those.

use crate::loaded::RegionKind;
use crate::memory::Held;

const PAYLOAD_BITS: u32 = Held::LIMIT.trailing_zeros();
const PAYLOAD: u32 = (1 << PAYLOAD_BITS) - 1;
/// The symbol is a function of the extension itself: on ARM bit 0 of its value is the Thumb bit.
const FUNCTION: u32 = 1 << PAYLOAD_BITS;
const KIND_SHIFT: u32 = PAYLOAD_BITS + 1;
/// A stub stands in for the symbol. Once stubs are written, the payload is the stub's index.
const STUB: u32 = 1 << 31;

/// Kinds 0 to 4 are the regions.
const NEAR: u32 = 5;
const INDIRECT: u32 = 6;
const SPECIAL: u32 = 7;

/// An indirect entry's payload is an index, and above it what that is the index of.
const INDEX_BITS: u32 = PAYLOAD_BITS - 2;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
const FIRMWARE: u32 = 0;
const EXTENSION: u32 = 1;
const ABSOLUTE: u32 = 2;

const ZERO: u32 = 0;
const UNDEFINED: u32 = 1;
const REPORTED: u32 = 2;

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(pub(super) u32);

/// What plain entries are added to to give an address: by kind and mark of a function, which are then taken off again.
pub(super) type Bases = [usize; 2 * INDIRECT as usize];

/// An entry taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// In a region of the extension, at this offset; on ARM with the Thumb bit, if it is a function.
    Own(RegionKind, u32),
    /// An export of the firmware so many bytes above the base of near ones.
    Near(u32),
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
    /// Not looked at yet: of equal bytes, so that all entries are made by a fill.
    pub(super) const UNKNOWN: Self = Self(u32::from_ne_bytes([Self::UNKNOWN_BYTE; 4]));
    pub(super) const UNKNOWN_BYTE: u8 = 0x7f;
    pub(super) const ZERO: Self = Self::new(SPECIAL, ZERO);
    pub(super) const UNDEFINED: Self = Self::new(SPECIAL, UNDEFINED);
    pub(super) const REPORTED: Self = Self::new(SPECIAL, REPORTED);
    pub(super) const NOT_LOADED: Self = Self::new(SPECIAL, PAYLOAD);

    const fn new(kind: u32, payload: u32) -> Self {
        Self(kind << KIND_SHIFT | payload & PAYLOAD)
    }

    /// A symbol of the extension itself; offsets are below `Held::LIMIT`.
    pub(super) const fn own(region: RegionKind, offset: u32) -> Self {
        Self::new(region as u32, offset)
    }

    /// The same symbol as a function.
    pub(super) const fn as_function(self, is_function: bool) -> Self {
        Self(self.0 | if is_function { FUNCTION } else { 0 })
    }

    /// An export of the firmware at `address`, the one with this place in its table; `None` if the table is too long
    /// for an entry. `base` is that of near ones.
    pub(super) fn firmware(position: usize, address: usize, base: usize) -> Option<Self> {
        match u32::try_from(address.wrapping_sub(base)) {
            Ok(distance @ ..=PAYLOAD) => Some(Self::new(NEAR, distance)),
            _ => Self::indirect(FIRMWARE, position),
        }
    }

    /// An export of another extension; `None` if there are too many for an entry.
    pub(super) fn extension(number: usize) -> Option<Self> {
        Self::indirect(EXTENSION, number)
    }

    /// An absolute symbol; `None` if the symbol table is too long for an entry.
    pub(super) fn absolute(index: usize) -> Option<Self> {
        Self::indirect(ABSOLUTE, index)
    }

    fn indirect(what: u32, index: usize) -> Option<Self> {
        (index <= INDEX as usize).then(|| Self::new(INDIRECT, what << INDEX_BITS | index as u32))
    }

    /// Whether it is an offset from a base, and nothing else is to be known about it.
    #[inline(always)]
    pub(super) const fn is_plain(self) -> bool {
        self.0 < INDIRECT << KIND_SHIFT
    }

    /// The address of a plain entry; `None` if it is another one.
    #[inline(always)]
    pub(super) fn plain_address(self, bases: &Bases) -> Option<usize> {
        let base = bases.get((self.0 >> PAYLOAD_BITS) as usize)?;
        Some(base.wrapping_add(self.0 as usize))
    }

    /// Region and offset of a symbol of the extension itself.
    pub(super) fn parts(self) -> (RegionKind, u32) {
        let (region, offset) = self.place();
        (RegionKind::from_index(region), offset)
    }

    /// The same of one without marks, with the number of the region.
    #[inline(always)]
    pub(super) fn place(self) -> (u32, u32) {
        (self.0 >> KIND_SHIFT, self.0 & PAYLOAD)
    }

    pub(super) fn meaning(self) -> Meaning {
        let payload = self.0 & PAYLOAD;
        let index = (payload & INDEX) as usize;
        match self.0 >> KIND_SHIFT & 7 {
            NEAR => Meaning::Near(payload),
            INDIRECT => match payload >> INDEX_BITS {
                FIRMWARE => Meaning::Firmware(index),
                EXTENSION => Meaning::Extension(index),
                _ => Meaning::Absolute(index),
            },
            SPECIAL => match payload {
                ZERO => Meaning::Zero,
                UNDEFINED => Meaning::Undefined,
                REPORTED => Meaning::Reported,
                _ => Meaning::NotLoaded,
            },
            region => Meaning::Own(RegionKind::from_index(region), payload),
        }
    }

    /// Whether there is no such symbol, or none in memory.
    pub(super) fn is_missing(self) -> bool {
        matches!(
            self.meaning(),
            Meaning::Undefined | Meaning::Reported | Meaning::NotLoaded
        )
    }

    /// Whether the symbol is a function of the extension itself.
    pub(super) fn is_function(self) -> bool {
        self.0 & FUNCTION != 0
    }

    /// Whether it is a symbol of the extension itself, and no function.
    pub(super) fn is_typeless(self) -> bool {
        !self.is_function() && self.0 >> KIND_SHIFT & 7 < NEAR
    }

    /// Whether a stub stands in for it.
    pub(super) fn has_stub(self) -> bool {
        self.0 & STUB != 0
    }

    /// The same, with the mark that it needs a stub.
    pub(super) fn with_stub(self) -> Self {
        Self(self.0 | STUB)
    }

    /// The same without that mark.
    pub(super) fn without_stub(self) -> Self {
        Self(self.0 & !STUB)
    }

    /// The same, with the index of its stub in place of what it was.
    pub(super) fn at_stub(self, index: usize) -> Self {
        Self(self.0 & !PAYLOAD | STUB | index as u32 & PAYLOAD)
    }

    /// The index of its stub.
    pub(super) fn stub(self) -> usize {
        (self.0 & PAYLOAD) as usize
    }

    /// The base of near exports of a firmware whose first export is at `address`: the start of the stretch of 128 MiB
    /// that this lies in.
    pub(super) const fn near_base(address: usize) -> usize {
        address & !(PAYLOAD as usize)
    }

    /// The bases where these are the addresses of the regions, of the file, and of what near exports count from.
    #[inline(always)]
    pub(super) fn bases([a, b, c, d, file, near]: [usize; INDIRECT as usize]) -> Bases {
        let base = |index: usize, address: usize| address.wrapping_sub(index << PAYLOAD_BITS);
        let pair = |kind: usize, address| [base(2 * kind, address), base(2 * kind + 1, address)];
        let ([a, af], [b, bf], [c, cf]) = (pair(0, a), pair(1, b), pair(2, c));
        let ([d, df], [file, ff], [near, nf]) = (pair(3, d), pair(4, file), pair(5, near));
        [a, af, b, bf, c, cf, d, df, file, ff, near, nf]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_what_it_means() {
        for region in RegionKind::PLACES {
            for offset in [0, 1, PAYLOAD] {
                let own = Entry::own(region, offset);
                assert!(own.is_plain() && !own.is_function());
                assert_eq!(own.meaning(), Meaning::Own(region, offset));
                let function = own.as_function(true);
                assert!(function.is_plain() && function.is_function() && !function.has_stub());
                let bases = Entry::bases([0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0]);
                let address = 0x1000 * (region as usize + 1) + offset as usize;
                assert_eq!(function.plain_address(&bases), Some(address));
                let marked = function.with_stub();
                assert!(!marked.is_plain());
                assert_eq!(marked.plain_address(&bases), None);
                assert_eq!(marked.meaning(), Meaning::Own(region, offset));
                let at = marked.at_stub(5);
                assert!(at.has_stub() && at.is_function() && !at.is_plain());
                assert_eq!(at.stub(), 5);
            }
        }
    }

    #[test]
    fn exports_of_the_firmware_are_near_or_known_by_their_place() {
        let base = Entry::near_base(0x0800_1235);
        assert_eq!(base, 0x0800_0000);
        let near = Entry::firmware(7, 0x0800_1235, base).unwrap();
        assert_eq!(
            (near.is_plain(), near.meaning()),
            (true, Meaning::Near(0x1235))
        );
        let last = base + PAYLOAD as usize;
        assert!(Entry::firmware(7, last, base).unwrap().is_plain());
        for far in [last + 1, base - 1, usize::MAX] {
            let far = Entry::firmware(7, far, base).unwrap();
            assert_eq!(
                (far.is_plain(), far.meaning()),
                (false, Meaning::Firmware(7))
            );
        }
    }

    #[test]
    fn other_entries_are_not_plain() {
        let last = INDEX as usize;
        let meaning = |entry: Option<Entry>| entry.map(|entry| (entry.is_plain(), entry.meaning()));
        let far = |position| meaning(Entry::firmware(position, 0, 1));
        assert_eq!(far(last), Some((false, Meaning::Firmware(last))));
        assert_eq!(far(last + 1), None);
        assert_eq!(
            meaning(Entry::extension(last)),
            Some((false, Meaning::Extension(last)))
        );
        assert_eq!(
            meaning(Entry::absolute(last)),
            Some((false, Meaning::Absolute(last)))
        );
        for (entry, wanted) in [
            (Entry::ZERO, Meaning::Zero),
            (Entry::UNDEFINED, Meaning::Undefined),
            (Entry::REPORTED, Meaning::Reported),
            (Entry::NOT_LOADED, Meaning::NotLoaded),
        ] {
            assert_eq!((entry.is_plain(), entry.meaning()), (false, wanted));
            assert!(entry != Entry::UNKNOWN);
        }
        assert!(!Entry::UNKNOWN.is_plain());
    }
}
