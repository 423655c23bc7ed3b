//! Rounding to alignments.

/// `value` rounded up to a multiple of `align`, a power of two; `None` past the end of the address space.
pub(crate) const fn align_up(value: usize, align: usize) -> Option<usize> {
    let mask = align.wrapping_sub(1);
    match value.checked_add(mask) {
        Some(sum) => Some(sum & !mask),
        None => None,
    }
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
}
