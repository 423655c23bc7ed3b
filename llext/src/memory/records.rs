//! Bytes of a file seen as records.

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

/// The bytes of words.
#[inline]
pub(crate) fn bytes_of(words: &mut [u32]) -> &mut [u8] {
    let len = size_of_val::<[u32]>(words);
    // SAFETY: the words' bytes, borrowed as long as they are; every byte pattern is a word's.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), len) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
