//! Rounding to alignments, and copies.

/// `value` rounded up to a multiple of `align`, a power of two; `None` past the end of the address space.
pub(crate) const fn align_up(value: usize, align: usize) -> Option<usize> {
    let mask = align.wrapping_sub(1);
    match value.checked_add(mask) {
        Some(sum) => Some(sum & !mask),
        None => None,
    }
}

/// Copies as much of `from` as there is room for in `into`. Unlike `copy_from_slice` it has nothing to panic about.
pub(crate) fn copy(into: &mut [u8], from: &[u8]) {
    let len = into.len().min(from.len());
    // SAFETY: both are at least `len` bytes long, and a slice that is borrowed for writing overlaps no other.
    unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), into.as_mut_ptr(), len) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_and_stops_at_the_end() {
        assert_eq!(align_up(0, 8), Some(0));
        assert_eq!(align_up(1, 8), Some(8));
        assert_eq!(align_up(8, 8), Some(8));
        assert_eq!(align_up(9, 1), Some(9));
        assert_eq!(align_up(usize::MAX, 2), None);
    }

    #[test]
    fn copies_what_there_is_room_for() {
        let mut into = [0; 3];
        copy(&mut into, &[1, 2]);
        assert_eq!(into, [1, 2, 0]);
        copy(&mut into, &[3, 4, 5, 6]);
        assert_eq!(into, [3, 4, 5]);
    }
}
