//! Bytes of a file seen as records.

use zero::Pod;

/// `bytes` as records; what is behind the last whole one is left aside. `None` if they do not lie aligned for one.
#[inline]
pub(crate) fn records<T: Pod>(bytes: &[u8]) -> Option<&[T]> {
    let (at, len) = (bytes.as_ptr().cast::<T>(), bytes.len() / size_of::<T>());
    if !at.is_aligned() {
        return None;
    }
    // SAFETY: aligned, `len` whole records long, borrowed as long as `bytes`; every byte pattern is a `Pod`'s value.
    Some(unsafe { core::slice::from_raw_parts(at, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_bytes_are_records_and_others_are_not() {
        let words = [0x0403_0201_u32.to_le(), 7, 8];
        // SAFETY: the bytes of three words.
        let bytes = unsafe { core::slice::from_raw_parts(words.as_ptr().cast::<u8>(), 12) };
        assert_eq!(records::<u32>(bytes), Some(&words[..]));
        assert_eq!(records::<u32>(&bytes[..11]), Some(&words[..2]));
        assert_eq!(records::<u32>(&bytes[1..]), None);
    }
}
