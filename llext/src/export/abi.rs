//! Which exports a firmware has, as one number.

use super::hash;
use super::record::Export;

/// Identity of what a firmware exports: of all names, and of a version that people count up when what a name means
/// changes and the name does not.
///
/// An extension may carry the id of the firmware that it was built for, and is then refused by others: in a note of
/// the section `.note.llext.abi` (`SHT_NOTE`, need not be loaded), owner `llext`, type 1, whose descriptor is the id, one
/// little-endian word. The SDK writes that note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbiId(pub u32);

impl AbiId {
    /// The id of `groups`, in whatever order. Computed when a firmware is compiled.
    pub const fn of(groups: &[&[Export]], version: u32) -> Self {
        let (mut sum, mut group) = (0u32, 0);
        while group < groups.len() {
            let mut index = 0;
            while index < groups[group].len() {
                sum = sum.wrapping_add(hash::of_name(0, groups[group][index].name()));
                index += 1;
            }
            group += 1;
        }
        Self(hash::mix(sum, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr;

    const A: Export = Export::new(c"a", ptr::null());
    const B: Export = Export::new(c"b", ptr::null());
    const AB: Export = Export::new(c"ab", ptr::null());

    #[test]
    fn the_id_depends_on_names_and_version_alone() {
        let id = AbiId::of(&[&[A, B], &[AB]], 1);
        assert_eq!(AbiId::of(&[&[AB, B, A]], 1), id);
        assert_eq!(AbiId::of(&[&[], &[B], &[A, AB]], 1), id);
        for other in [
            AbiId::of(&[&[A, B, AB]], 2),
            AbiId::of(&[&[A, B]], 1),
            AbiId::of(&[&[A, A, AB]], 1),
            AbiId::of(&[], 1),
        ] {
            assert_ne!(other, id);
        }
    }

    #[test]
    fn the_id_of_given_names_never_changes() {
        // Extensions carry it: another formula would make them all strangers.
        assert_eq!(AbiId::of(&[&[A, B, AB]], 1), AbiId(0xf741_bf80));
        assert_eq!(AbiId::of(&[&[A, B, AB]], 1).to_string(), "0xf741bf80");
    }
}
