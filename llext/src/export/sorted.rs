//! A table whose records are sorted by name: those that a linker sorts.

// Invariant "sorted": the records of a table that `Exports::from_section` made are sorted by name, by its caller's word.
#![allow(unsafe_code)]

use super::{Export, Found};
use core::cmp::Ordering;

/// Looks the name up that `text` begins with, in records that somebody says are sorted.
pub(super) fn search(records: &[Export], text: &[u8]) -> Found {
    halve(text, records.len(), |name, middle, _| {
        let record = records.get(middle)?;
        // SAFETY: no letters are skipped.
        Some(unsafe { record.compare(name, 0) })
    })
}

/// The same in a section. Letters that a name between two others must have are not looked at again.
pub(super) fn search_section(records: &[Export], text: &[u8]) -> Found {
    halve(text, records.len(), |name, middle, same| {
        let record = records.get(middle)?;
        // SAFETY: invariant *sorted*: records before and behind this one begin with the same letters as `name`, so it does too.
        Some(unsafe { record.compare(name, same) })
    })
}

/// Halves a table of so many records until a name is found: `compare` says how a record's name compares with it and how
/// many letters both begin with, and is told how many letters the records at both ends have in common with it.
#[inline(always)]
fn halve(
    text: &[u8],
    records: usize,
    compare: impl Fn(&[u8], usize, usize) -> Option<(Ordering, usize)>,
) -> Found {
    let nul = text.iter().position(|&byte| byte == 0);
    let name = nul.and_then(|len| text.get(..len)).unwrap_or(text);
    let (mut low, mut high) = (0, records);
    let (mut same_low, mut same_high) = (0, 0);
    let mut found = Found {
        len: name.len(),
        position: Found::NOWHERE,
    };
    while low < high {
        let middle = low.midpoint(high);
        match compare(name, middle, same_low.min(same_high)) {
            Some((Ordering::Less, same)) => (low, same_low) = (middle.saturating_add(1), same),
            Some((Ordering::Greater, same)) => (high, same_high) = (middle, same),
            Some((Ordering::Equal, _)) => {
                found.position = middle;
                break;
            }
            None => break,
        }
    }
    found
}
