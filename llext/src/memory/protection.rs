//! What a memory protection unit asks of a region's size and place.
//!
//! A region that is to have rights of its own must be one that the hardware can name. [`Protection::round`] makes it
//! one, and the bytes that it adds are as few as the hardware allows; its tests compare them with all settings that there are.
//!
//! | policy | the hardware names | bytes added | entries a region |
//! |---|---|---|---|
//! | [`NONE`](Protection::NONE) | – | 0 | – |
//! | [`PMSAV7`](Protection::PMSAV7) | power of two from 32 at a multiple of its size, less any of its eighths if they have 32 bytes | under 32, or under a quarter | 1 |
//! | [`PMSAV8`](Protection::PMSAV8) | multiples of 32 | under 32 | 1 |
//! | [`PMP`](Protection::PMP) | top of range: multiples of 4 | under 4 | 2 |
//! | [`PMP_NAPOT`](Protection::PMP_NAPOT) | power of two from 8 at a multiple of its size | under half of the result, or under 8 | 1 |
//!
//! A firmware whose regions of one kind lie in memory that is protected as a whole asks [`only`](Protection::only) for what has
//! rights of its own.

use super::{MemoryKind, align_up};

/// A policy that rounds regions to what hardware can protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Sizes are multiples of this many bytes, a power of two.
    granule: usize,
    /// Where sizes are powers of two: into how many parts, as a power of two, such a one divides.
    parts: Option<u32>,
    /// The regions that it rounds, unless all.
    only: Option<MemoryKind>,
}

impl Protection {
    /// No protection: regions are as large as they are.
    pub const NONE: Self = Self::multiples_of(1);

    /// Armv7-M's and Armv6-M's MPU (Armv7-M ARM, B3.5): the eighths of a region from 256 bytes on can be disabled, and
    /// what then lies in them is not the region's.
    pub const PMSAV7: Self = Self {
        granule: 32,
        parts: Some(3),
        only: None,
    };

    /// Armv8-M's MPU (Armv8-M ARM, B9): base and limit in steps of 32 bytes.
    pub const PMSAV8: Self = Self::multiples_of(32);

    /// RISC-V's physical memory protection with top-of-range entries, two a region (privileged specification, 3.7.1).
    /// Chosen over NAPOT because memory is scarcer than entries. A hart whose PMP is coarser has
    /// [`multiples_of`](Self::multiples_of) its grain.
    pub const PMP: Self = Self::multiples_of(4);

    /// The same with one entry a region, for harts with few of them.
    pub const PMP_NAPOT: Self = Self {
        granule: 8,
        parts: Some(0),
        only: None,
    };

    /// Hardware that protects from any multiple of `granule` bytes, a power of two, to any other.
    pub const fn multiples_of(granule: usize) -> Self {
        Self {
            granule,
            parts: None,
            only: None,
        }
    }

    /// The same for regions in memory of this kind; others stay as they are.
    pub const fn only(self, kind: MemoryKind) -> Self {
        Self {
            only: Some(kind),
            ..self
        }
    }

    /// What [`round`](Self::round) gives where such regions are rounded, else the same size and alignment.
    pub(crate) fn round_of(
        &self,
        kind: MemoryKind,
        size: usize,
        align: usize,
    ) -> Option<(usize, usize)> {
        match self.only {
            Some(only) if only != kind => Some((size, align)),
            _ => self.round(size, align),
        }
    }

    /// Whether regions stay as they are.
    pub const fn is_none(&self) -> bool {
        self.granule == 1 && self.parts.is_none()
    }

    /// The size and alignment that a region of `size` bytes aligned to `align` (a power of two) must have, so that the
    /// hardware can protect it and nothing else. Waste is the new size less the old. A region of no bytes needs
    /// nothing. `None` past the end of the address space.
    pub const fn round(&self, size: usize, align: usize) -> Option<(usize, usize)> {
        if size == 0 {
            return Some((size, align));
        }
        let mut granule = self.granule;
        if let Some(parts) = self.parts {
            let Some(whole) = size.checked_next_power_of_two() else {
                return None;
            };
            if whole >> parts > granule {
                granule = whole >> parts;
            }
        }
        let Some(rounded) = align_up(size, granule) else {
            return None;
        };
        let own = match self.parts {
            // Up to here, all parts lie in one power of two, whichever it is.
            Some(_) => rounded.next_power_of_two(),
            None => granule,
        };
        Some((rounded, if own > align { own } else { align }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every size to 4 KiB, and around each power of two and its eighths up to 16 MiB.
    fn sizes() -> Vec<usize> {
        let (all, logs) = if cfg!(miri) {
            (40, 12..13)
        } else {
            (4096, 12..24)
        };
        let mut sizes: Vec<_> = (1..=all).collect();
        for log in logs {
            for eighth in 8..=16 {
                let at = (1usize << log) * eighth / 8;
                sizes.extend([at - 33, at - 32, at - 1, at, at + 1, at + 31, at + 33]);
            }
        }
        sizes
    }

    /// Settings of the MPU that enable exactly `[base, base + size)`: a power of two, and which eighths of it.
    fn pmsav7(base: usize, size: usize) -> bool {
        (5..usize::BITS - 2).any(|log| {
            let whole = 1usize << log;
            let first = base & !(whole - 1);
            // Sub-regions exist from 256 bytes on.
            let part = if log >= 8 { whole / 8 } else { whole };
            let (from, to) = (base - first, base - first + size);
            to <= whole && from.is_multiple_of(part) && to.is_multiple_of(part)
        })
    }

    /// The fewest bytes that some setting enables at any place, to hold `size` bytes.
    fn pmsav7_minimum(size: usize) -> usize {
        (5..26)
            .flat_map(|log| {
                let whole = 1usize << log;
                let part = if log >= 8 { whole / 8 } else { whole };
                (1..=whole / part).map(move |parts| parts * part)
            })
            .filter(|&enabled| enabled >= size)
            .min()
            .expect("a setting that is large enough")
    }

    fn napot_minimum(size: usize) -> usize {
        (3..usize::BITS)
            .map(|log| 1 << log)
            .find(|&whole| whole >= size)
            .unwrap()
    }

    /// Rounds all sizes with several alignments; `fits` says whether the hardware can name what came out at several places.
    fn compare(
        policy: Protection,
        minimum: impl Fn(usize) -> usize,
        fits: impl Fn(usize, usize) -> bool,
    ) {
        for size in sizes() {
            for align in [1, 4, 8, 64, 4096] {
                let (rounded, stricter) = policy.round(size, align).expect("a region");
                assert_eq!(rounded, minimum(size), "{policy:?}: {size}");
                assert!(stricter >= align && stricter.is_power_of_two());
                for place in [0, 1, 2, 3, 5, 7, 8, 1000] {
                    assert!(
                        fits(stricter * place, rounded),
                        "{policy:?}: {size} at {place}"
                    );
                }
            }
            // Half of the alignment would not do everywhere.
            let (rounded, align) = policy.round(size, 1).expect("a region");
            let fits_everywhere = |align| (0..16).all(|place| fits(align * place, rounded));
            assert!(
                align == 1 || !fits_everywhere(align / 2),
                "{policy:?}: {size}"
            );
        }
    }

    #[test]
    fn waste_is_what_the_hardware_forces() {
        let multiple =
            |base: usize, size: usize, of| base.is_multiple_of(of) && size.is_multiple_of(of);
        compare(Protection::NONE, |size| size, |_, _| true);
        compare(Protection::PMSAV7, pmsav7_minimum, pmsav7);
        compare(
            Protection::PMSAV8,
            |size| size.div_ceil(32) * 32,
            |base, size| multiple(base, size, 32),
        );
        compare(
            Protection::PMP,
            |size| size.div_ceil(4) * 4,
            |base, size| multiple(base, size, 4),
        );
        compare(Protection::PMP_NAPOT, napot_minimum, |base, size| {
            size >= 8 && size.is_power_of_two() && base.is_multiple_of(size)
        });
    }

    #[test]
    fn known_regions_round_as_expected() {
        // A sketch of 254 KB that power-of-two regions made 262,144 bytes of.
        assert_eq!(
            Protection::PMSAV7.round(254_000, 4),
            Some((262_144, 262_144))
        );
        assert_eq!(
            Protection::PMSAV7.round(135_000, 4),
            Some((163_840, 262_144))
        );
        assert_eq!(Protection::PMSAV7.round(70, 4), Some((96, 128)));
        assert_eq!(Protection::PMSAV7.round(1, 1), Some((32, 32)));
        assert_eq!(Protection::PMSAV8.round(70, 4), Some((96, 32)));
        assert_eq!(Protection::PMP.round(70, 2), Some((72, 4)));
        assert_eq!(Protection::PMP_NAPOT.round(70, 4), Some((128, 128)));
        assert!(Protection::NONE.is_none() && !Protection::PMP.is_none());
    }

    #[test]
    fn regions_of_other_kinds_stay_as_they_are() {
        let policy = Protection::PMSAV7.only(MemoryKind::Instruction);
        for kind in MemoryKind::ALL {
            let rounded = match kind {
                MemoryKind::Instruction => (96, 128),
                _ => (70, 4),
            };
            assert_eq!(policy.round_of(kind, 70, 4), Some(rounded));
            assert_eq!(Protection::PMSAV7.round_of(kind, 70, 4), Some((96, 128)));
        }
        assert!(!policy.is_none());
    }

    #[test]
    fn nothing_needs_nothing_and_too_much_is_refused() {
        for policy in [
            Protection::NONE,
            Protection::PMSAV7,
            Protection::PMSAV8,
            Protection::PMP,
        ] {
            assert_eq!(policy.round(0, 8), Some((0, 8)));
        }
        assert_eq!(Protection::PMSAV7.round(usize::MAX, 1), None);
        assert_eq!(Protection::PMSAV8.round(usize::MAX, 1), None);
        assert_eq!(Protection::NONE.round(usize::MAX, 1), Some((usize::MAX, 1)));
    }
}
