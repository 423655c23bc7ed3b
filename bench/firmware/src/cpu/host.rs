//! No board at all: what compiles on a host.

use core::ops::Range;

pub const RATE: u64 = 1;
pub const STORAGE: usize = 0;
pub const BUFFER: Range<usize> = 0..0;
pub const HEAP: Range<usize> = 0..0;

pub fn ticks() -> u32 {
    0
}

pub fn stack_pointer() -> usize {
    0
}

pub fn put(_byte: u8) {}

/// # Safety
/// None is needed.
pub unsafe fn semihost(_operation: usize, _parameter: *mut usize) -> usize {
    0
}
