//! Bytes of a file seen as records, and those of a section as words.

use core::marker::PhantomData;

/// A record of so many little-endian words, as every table of an ELF file has them. Its alignment is that of a word,
/// in files of either class.
pub(crate) type Words<const N: usize> = [u32; N];

/// `bytes` as records; what is behind the last whole one is left aside. `None` if they do not lie aligned for one.
#[inline]
pub(crate) fn records<const N: usize>(bytes: &[u8]) -> Option<&[Words<N>]> {
    let (at, len) = (
        bytes.as_ptr().cast::<Words<N>>(),
        bytes.len() / size_of::<Words<N>>(),
    );
    if !at.is_aligned() {
        return None;
    }
    // SAFETY: aligned, `len` whole records long, and borrowed as long as `bytes`; every byte pattern is a word.
    Some(unsafe { core::slice::from_raw_parts(at, len) })
}

/// The places of a section at which a `T` begins, aligned or not. `T` is an array of bytes.
pub(crate) struct Places<'b, T> {
    bytes: &'b mut [u8],
    count: usize,
    _places: PhantomData<T>,
}

impl<'b, T> Places<'b, T> {
    /// Those of a section with these bytes.
    pub(crate) fn of(bytes: &'b mut [u8]) -> Self {
        let behind = size_of::<T>().saturating_sub(1);
        Self {
            count: bytes.len().saturating_sub(behind),
            bytes,
            _places: PhantomData,
        }
    }

    /// All bytes.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        self.bytes
    }
}

impl<const N: usize> Places<'_, [u8; N]> {
    /// The one at `offset`.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self, offset: usize) -> Option<&mut [u8; N]> {
        // SAFETY: `count` says that `N` bytes begin there.
        (offset < self.count).then(|| unsafe { &mut *self.bytes.as_mut_ptr().add(offset).cast() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_end_with_the_section() {
        let mut bytes = [1, 2, 3, 4, 5];
        let mut places = Places::<[u8; 4]>::of(&mut bytes);
        assert_eq!(places.get_mut(0), Some(&mut [1, 2, 3, 4]));
        assert_eq!(places.get_mut(1), Some(&mut [2, 3, 4, 5]));
        assert_eq!(places.get_mut(2), None);
        assert_eq!(places.get_mut(usize::MAX), None);
        assert_eq!(Places::<[u8; 4]>::of(&mut [0; 3]).get_mut(0), None);
        assert_eq!(Places::<[u8; 4]>::of(&mut []).get_mut(0), None);
    }

    #[test]
    fn aligned_bytes_are_records_and_others_are_not() {
        let words = [0x0403_0201_u32.to_le(), 7, 8];
        // SAFETY: the bytes of three words.
        let bytes = unsafe { core::slice::from_raw_parts(words.as_ptr().cast::<u8>(), 12) };
        assert_eq!(records(bytes), Some(&[words][..]));
        assert_eq!(records(&bytes[..11]), Some(&[[words[0]], [words[1]]][..]));
        assert_eq!(records::<1>(&bytes[1..]), None);
    }
}
