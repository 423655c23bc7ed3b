//! Files of the host by semihosting (ARM's specification 2.0, chapter 5), to read only.

use core::hint;

use crate::exec::semihost;

const SYS_OPEN: usize = 0x01;
const SYS_CLOSE: usize = 0x02;
const SYS_READ: usize = 0x06;
const SYS_SEEK: usize = 0x0a;
const SYS_FLEN: usize = 0x0c;

/// Opens the host's file `name` for reading, and returns its handle.
pub fn open(name: &str) -> Option<usize> {
    /// ISO C's "rb".
    const MODE: usize = 1;
    // The host wants a zero behind the name. What commands take for a path is shorter.
    let mut text = [0; 256];
    text.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    text.get(name.len())?;
    let text = hint::black_box(&text);
    call(SYS_OPEN, [text.as_ptr() as usize, MODE, name.len()])
}

/// Closes a file.
pub fn close(handle: usize) {
    call(SYS_CLOSE, [handle, 0, 0]);
}

/// Length of an open file in bytes.
pub fn len(handle: usize) -> Option<usize> {
    call(SYS_FLEN, [handle, 0, 0])
}

/// Goes to `offset` of an open file; false if that fails.
pub fn seek(handle: usize, offset: usize) -> bool {
    call(SYS_SEEK, [handle, offset, 0]) == Some(0)
}

/// Reads from an open file on; how many bytes came.
pub fn read(handle: usize, into: &mut [u8]) -> usize {
    let into = hint::black_box(into);
    let missing = call(SYS_READ, [handle, into.as_mut_ptr() as usize, into.len()]);
    into.len().saturating_sub(missing.unwrap_or(into.len()))
}

/// One of the calls above; `None` if the host refuses, or is not there.
fn call(operation: usize, block: [usize; 3]) -> Option<usize> {
    // SAFETY: the block is what the five operations take: a handle and numbers, or address and length of a buffer that is
    // borrowed while the call lasts.
    unsafe { semihost(operation, hint::black_box(&block).as_ptr()) }.map(|result| result as usize)
}
