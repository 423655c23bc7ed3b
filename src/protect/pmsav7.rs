//! Register values of Armv7-M's MPU (Armv7-M Architecture Reference Manual, B3.5).
//!
//! A region is a power of two from 32 bytes to all of the address space, at a multiple of its size. From 256 bytes on it has
//! eighths that can be disabled each, and what lies in those is not the region's. Where regions overlap, the one with the
//! higher number counts.

use core::{ops::Range, slice};

use super::slots::Piece;

/// What privileged code may do with a region; nobody else may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    None,
    /// Load and store.
    ReadWrite,
    /// Load.
    ReadOnly,
    /// Load and execute.
    Execute,
    /// Load, store and execute.
    All,
}

impl Access {
    /// XN and AP of MPU_RASR (B3.5.9, tables B3-15).
    const fn bits(self) -> u32 {
        match self {
            Self::None => NO_EXECUTION,
            Self::ReadWrite => NO_EXECUTION | 0b001 << 24,
            Self::ReadOnly => NO_EXECUTION | 0b101 << 24,
            Self::Execute => 0b101 << 24,
            Self::All => 0b001 << 24,
        }
    }
}

const NO_EXECUTION: u32 = 1 << 28;
/// TEX = 001, C, B: normal memory, write-back, as the default map has RAM (table B3-1). Devices are in no region.
const NORMAL: u32 = 0b001 << 19 | 1 << 17 | 1 << 16;
const ENABLE: u32 = 1;

/// One region's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// MPU_RBAR without the region's number (B3.5.8).
    pub base: u32,
    /// MPU_RASR (B3.5.9).
    pub attributes: u32,
}

impl Entry {
    /// No region.
    pub const OFF: Self = Self {
        base: 0,
        attributes: 0,
    };

    /// A region that holds the bytes of `parts`, which do not overlap, and no others; `None` if there is no such region.
    pub const fn new(parts: &[Range<usize>], access: Access) -> Option<Self> {
        let mut log = 5;
        while log <= u32::BITS {
            if let Some((base, disabled)) = around(parts, log) {
                let attributes = access.bits() | NORMAL | disabled << 8 | (log - 1) << 1 | ENABLE;
                return Some(Self { base, attributes });
            }
            log += 1;
        }
        None
    }

    /// The same region, where code may run.
    pub const fn executable(self) -> Self {
        Self {
            attributes: self.attributes & !NO_EXECUTION,
            ..self
        }
    }
}

/// As much of `text` around `at` as one region can be: all of it, where the loader rounded it. The text of an image lies where its
/// linker put it: then it is the largest power of two, or at an end of the text the 32 bytes that it shares with its neighbour.
pub fn piece(text: Range<usize>, at: usize) -> Piece {
    const LEAST: u32 = 5;
    if Entry::new(slice::from_ref(&text), Access::Execute).is_some() {
        return Piece::of(text);
    }
    let around = |log: u32| {
        let start = at >> log << log;
        start..start.saturating_add(1 << log)
    };
    let is_inside = |part: &Range<usize>| text.start <= part.start && part.end <= text.end;
    let inner = (LEAST..usize::BITS).map(around).take_while(is_inside);
    match inner.last() {
        Some(part) => Piece::of(part),
        None => Piece {
            range: around(LEAST),
            is_shared: true,
        },
    }
}

/// The region of 2^`log` bytes that holds `parts` and nothing else: its address, and the eighths that are disabled.
const fn around(parts: &[Range<usize>], log: u32) -> Option<(u32, u32)> {
    let mask = u32::MAX >> (u32::BITS - log);
    let base = match parts {
        [first, ..] if total(parts) > 0 => first.start as u32 & !mask,
        _ => return None,
    };
    if common(parts, base, base | mask) != total(parts) {
        return None;
    }
    if log < 8 {
        let whole = total(parts) == mask as usize + 1;
        return if whole { Some((base, 0)) } else { None };
    }
    let (mut disabled, mut part) = (0, 0);
    while part < 8 {
        let first = base | part << (log - 3);
        match common(parts, first, first | mask >> 3) {
            0 => disabled |= 1 << part,
            bytes if bytes == (mask >> 3) as usize + 1 => {}
            _ => return None,
        }
        part += 1;
    }
    Some((base, disabled))
}

/// Bytes of `parts` from `first` to `last`.
const fn common(parts: &[Range<usize>], first: u32, last: u32) -> usize {
    let (mut bytes, mut index) = (0, 0);
    while index < parts.len() {
        let part = &parts[index];
        if part.start < part.end {
            let from = if part.start > first as usize {
                part.start
            } else {
                first as usize
            };
            let to = if part.end - 1 < last as usize {
                part.end - 1
            } else {
                last as usize
            };
            if from <= to {
                bytes += to - from + 1;
            }
        }
        index += 1;
    }
    bytes
}

const fn total(parts: &[Range<usize>]) -> usize {
    common(parts, 0, u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The region of one part.
    fn of(part: Range<usize>, access: Access) -> Option<Entry> {
        Entry::new(slice::from_ref(&part), access)
    }

    /// What the manual says of an address (B3.5.3): whether it lies in the region.
    fn holds(entry: Entry, address: u64) -> bool {
        let log = (entry.attributes >> 1 & 0x1f) + 1;
        let size = 1u64 << log;
        let start = u64::from(entry.base);
        assert!(entry.attributes & 1 != 0 && (5..=32).contains(&log));
        assert_eq!((start % size, entry.base & 0x1f), (0, 0), "{entry:x?}");
        let disabled = entry.attributes >> 8 & 0xff;
        assert!(log >= 8 || disabled == 0, "no eighths: {entry:x?}");
        match address.checked_sub(start) {
            Some(offset) if offset < size => {
                let eighth = if log >= 8 { offset >> (log - 3) } else { 0 };
                disabled >> eighth & 1 == 0
            }
            _ => false,
        }
    }

    /// The region is just `parts`, asked for at each of their ends and around.
    fn check(parts: &[Range<usize>], entry: Entry) {
        let mut edges: Vec<u64> = vec![0, u64::from(u32::MAX)];
        for part in parts {
            edges.extend([part.start as u64, part.end as u64]);
        }
        for log in 5..=32 {
            let start = parts[0].start as u64 >> log << log;
            edges.extend((0..=8).map(|eighth| start + (eighth << log) / 8));
        }
        for edge in edges {
            for address in edge.saturating_sub(1)..=edge + 1 {
                let wanted = parts.iter().any(|part| part.contains(&(address as usize)));
                let address = address.min(u64::from(u32::MAX));
                let wanted = wanted && address <= u64::from(u32::MAX);
                assert_eq!(
                    holds(entry, address),
                    wanted,
                    "{parts:x?} at {address:x}: {entry:x?}"
                );
            }
        }
    }

    #[test]
    fn text_that_the_loader_rounds_has_a_region() {
        let policy = llext::Protection::PMSAV7;
        for size in (1..2000).chain([4095, 4096, 4097, 70_000, 135_000, 254_000]) {
            let (size, align) = policy.round(size, 4).expect("a region");
            for place in [0, 1, 2, 3, 5, 7] {
                let start = 0x2180_0000usize.next_multiple_of(align) + place * align;
                let text = start..start + size;
                let entry = of(text.clone(), Access::Execute).expect("a region");
                check(slice::from_ref(&text), entry);
            }
        }
    }

    #[test]
    fn the_text_of_an_image_executes_piece_by_piece() {
        for text in [
            0x2180_0114..0x2180_0a36,
            0x2180_0102..0x2180_010e,
            0x2180_0100..0x2180_0260,
        ] {
            for at in text.clone().step_by(2) {
                let Piece { range, is_shared } = piece(text.clone(), at);
                let is_inside = text.start <= range.start && range.end <= text.end;
                assert!(
                    range.contains(&at) && is_inside != is_shared,
                    "{at:x}: {range:x?}"
                );
                assert!(!is_shared || range.len() == 32);
                check(
                    slice::from_ref(&range),
                    of(range.clone(), Access::Execute).expect("a region"),
                );
            }
        }
        let text = 0x2180_0100..0x2180_01a0;
        assert_eq!(
            piece(text.clone(), 0x2180_0120),
            Piece::of(text),
            "what is a region"
        );
        let text = 0x2180_0100..0x2180_0a36;
        assert_eq!(
            piece(text, 0x2180_0420),
            Piece::of(0x2180_0400..0x2180_0800)
        );
    }

    #[test]
    fn what_no_region_is_has_none() {
        let none = |range: Range<usize>| of(range, Access::ReadOnly).is_none();
        assert!(none(0x100..0x100) && none(0x100..0x110) && none(0x110..0x130));
        assert!(!none(0x100..0x1a0) && none(0x100..0x1b0) && none(0x1e0..0x220) && none(0..0x120));
        assert!(Entry::new(&[], Access::None).is_none());
        // One eighth of 512 bytes is 64.
        assert!(!none(0x140..0x1c0) && none(0x160..0x220));
        assert!(Entry::new(&[0..0x20, 0x1000..0x1020], Access::None).is_none());
    }

    #[test]
    fn two_parts_are_one_region_with_a_gap() {
        let parts = [0x2000_0000..0x4000_0000, 0x6000_0000..0xa000_0000];
        let all = Entry::new(&parts, Access::ReadWrite).expect("a region");
        check(&parts, all);
        // XN, AP = 001, TEX = 001, C, B, three of eight eighths, 4 GiB.
        assert_eq!((all.base, all.attributes), (0, 0x110b_e53f));
        assert_eq!(all.executable().attributes, 0x010b_e53f);
        let parts = [0x40_0000..0x80_0000, 0x20_0000..0x40_0000];
        let image = Entry::new(&parts, Access::Execute).expect("a region");
        check(&parts, image);
        assert_eq!((image.base, image.attributes), (0, 0x050b_032d));
    }

    #[test]
    fn rights_are_those_of_privileged_code() {
        for (access, bits) in [
            (Access::None, 0x1000_0000),
            (Access::ReadWrite, 0x1100_0000),
            (Access::ReadOnly, 0x1500_0000),
            (Access::Execute, 0x0500_0000),
            (Access::All, 0x0100_0000),
        ] {
            let entry = of(0x8000..0x1_0000, access).expect("a region");
            assert_eq!(entry.attributes, bits | 0x000b_001d, "{access:?}");
        }
    }
}
