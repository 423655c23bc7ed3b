//! Memory that costs nothing until it is used.

use super::bytes::fill_at;
use core::mem::MaybeUninit;
use core::slice;

/// Room for `N` bytes, aligned for [records](mod@super::records). Reading from a source takes bytes that have a value; a
/// compiler's own way to give them one is four instructions a byte, for all of them, in every frame that has such room.
#[repr(C, align(4))]
pub(crate) struct Room<const N: usize> {
    bytes: [MaybeUninit<u8>; N],
    /// How many of them have a value.
    valid: usize,
}

impl<const N: usize> Room<N> {
    /// Nothing in it has a value yet.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [const { MaybeUninit::uninit() }; N],
            valid: 0,
        }
    }

    /// The first `len` bytes, or all if there are not so many: what was written there, or zeros.
    pub(crate) fn first(&mut self, len: usize) -> &mut [u8] {
        let (len, start) = (len.min(N), self.bytes.as_mut_ptr().cast::<u8>());
        // SAFETY: `valid` and `len` are `N` at most; what is not valid yet is filled first, and the rest was.
        unsafe {
            if let Some(more) = len.checked_sub(self.valid) {
                fill_at(start.add(self.valid), more, 0);
                self.valid = len;
            }
            slice::from_raw_parts_mut(start, len)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_written_is_zero() {
        let mut room = Room::<10>::new();
        assert_eq!(room.first(3), [0; 3]);
        room.first(2).fill(7);
        assert_eq!(room.first(6), [7, 7, 0, 0, 0, 0]);
        assert_eq!(room.first(1), [7]);
        room.first(6)[5] = 1;
        assert_eq!(room.first(11), [7, 7, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert!(room.first(0).as_ptr().cast::<u32>().is_aligned());
    }
}
