//! Register values of RISC-V's physical memory protection (privileged specification, section 3.7.1).
//!
//! An entry is a power of two of bytes at a multiple of its size (NAPOT), or all from the address before it up to its own
//! (TOR). The entry with the lowest number that holds an address counts. One that is locked holds in machine mode, too.

use core::ops::Range;

/// A byte of the configuration: what may be done, how the address is meant, and whether the entry is locked.
pub type Config = u8;

/// Loads.
pub const R: Config = 1;
/// Stores.
pub const W: Config = 1 << 1;
/// Executes.
pub const X: Config = 1 << 2;
/// From the address before up to this one.
pub const TOR: Config = 0b01 << 3 | LOCKED;
/// A naturally aligned power of two.
pub const NAPOT: Config = 0b11 << 3 | LOCKED;
/// Machine mode has to obey, and the entry cannot be changed, unless locks are to be bypassed (Smepmp).
const LOCKED: Config = 1 << 7;

/// `pmpaddr` of the entry that is all of the address space, with [`NAPOT`].
pub const EVERYTHING: u32 = u32::MAX;

/// `pmpaddr` of `range` with [`NAPOT`]; `None` if it is no power of two at a multiple of itself.
pub const fn napot(range: &Range<usize>) -> Option<u32> {
    let size = range.end.wrapping_sub(range.start);
    if size < 8 || !size.is_power_of_two() || range.start & (size - 1) != 0 {
        return None;
    }
    Some(((range.start >> 2) | ((size >> 3) - 1)) as u32)
}

/// The two `pmpaddr` of `range` with [`TOR`]: where it begins, in the entry before, and where it ends, both to the next four bytes.
pub const fn tor(range: &Range<usize>) -> [u32; 2] {
    [(range.start >> 2) as u32, range.end.div_ceil(4) as u32]
}

/// `pmpcfg` of four entries, the first in the lowest byte.
pub const fn word(entries: [Config; 4]) -> u32 {
    u32::from_le_bytes(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an entry covers by the specification's words: trailing ones of `pmpaddr` give the size (table 11).
    fn decoded(pmpaddr: u32) -> (u64, u64) {
        let ones = pmpaddr.trailing_ones();
        let start = u64::from(pmpaddr) >> ones << ones << 2;
        (start, 1 << (ones + 3))
    }

    #[test]
    fn a_power_of_two_at_a_multiple_of_itself_is_an_entry() {
        for log in 3..31 {
            let size = 1usize << log;
            for place in [0, 1, 2, 3, 0x80] {
                let start = place * size;
                if start + size > 1 << 32 {
                    continue;
                }
                let address = napot(&(start..start + size)).expect("an entry");
                assert_eq!(decoded(address), (start as u64, size as u64));
                assert_eq!(napot(&(start + size / 2..start + size + size / 2)), None);
                assert_eq!(napot(&(start..start + size + 4)), None);
            }
        }
        assert_eq!((napot(&(0..4)), napot(&(8..8))), (None, None));
        assert!(decoded(EVERYTHING).1 >= 1 << 32);
    }

    #[test]
    fn entries_without_a_power_of_two_are_pairs() {
        assert_eq!(tor(&(0x8090_0000..0x8100_0000)), [0x2024_0000, 0x2040_0000]);
    }

    #[test]
    fn four_entries_are_a_word() {
        // Locked NAPOT without rights, off, locked TOR to read and execute, locked NAPOT to read and write.
        let word = word([NAPOT, 0, TOR | R | X, NAPOT | R | W]);
        assert_eq!(word, 0x9b8d_0098);
    }
}
