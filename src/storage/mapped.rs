//! Files that lie in memory of the board which nobody writes: `flash:ADDRESS`, in hexadecimal.
//!
//! Nothing says how long such a file is, so it reaches up to the end of that memory; ELF says itself where it ends.

use core::ptr::NonNull;

use llext::{InPlace, PersistentSlice};

use crate::board;

/// The file at the address that `path` names, if it names one in the board's memory of files. What is loaded from it may
/// stay there.
pub(super) fn open(path: &str) -> Option<PersistentSlice> {
    let digits = path.strip_prefix("/flash:")?;
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let address = usize::from_str_radix(digits, 16).ok()?;
    let files = board::current()?.memory.files.clone();
    let at = NonNull::new(address as *mut u8).filter(|_| files.contains(&address))?;
    // SAFETY: the board says that there is memory there that nobody writes.
    let file = unsafe { InPlace::new(at, files.end - address, address, false) };
    Some(PersistentSlice::mapped(file))
}
