//! Copies and zeros, a few words at a time.
//!
//! The C libraries of small targets do this byte by byte (picolibc: four instructions a byte), and most of what a load
//! does is to copy sections. Both functions have nothing to panic about.

const WORD: usize = size_of::<u32>();
/// Moved at a time: a pair of instructions (`ldm`, `stm`) where the machine has them.
const CHUNK: usize = 4 * WORD;

/// Copies as much of `from` as there is room for in `into`. On Cortex-M3: a third of an instruction a byte where both are
/// aligned to words or equally far from it, else one and a half; and some 25 at the beginning and end.
pub(crate) fn copy(into: &mut [u8], from: &[u8]) {
    let len = into.len().min(from.len());
    // SAFETY: both are at least `len` bytes long, and a slice that is borrowed for writing overlaps no other.
    unsafe { Cursor(into.as_mut_ptr(), from.as_ptr()).copy(len) }
}

/// Writes zeros. On Cortex-M3: three eighths of an instruction a byte.
pub(crate) fn zero(into: &mut [u8]) {
    let mut len = into.len();
    let mut at = into.as_mut_ptr();
    // SAFETY: in each round, `len` bytes are left at `at`, of which as many are written as are taken off `len`.
    unsafe {
        while len > 0 && !at.addr().is_multiple_of(WORD) {
            at = put(at, 0u8);
            len = len.wrapping_sub(1);
        }
        while len >= 2 * CHUNK {
            at = put(put(put(put(at, 0u32), 0u32), 0u32), 0u32);
            at = put(put(put(put(at, 0u32), 0u32), 0u32), 0u32);
            len = len.wrapping_sub(2 * CHUNK);
        }
        while len >= WORD {
            at = put(at, 0u32);
            len = len.wrapping_sub(WORD);
        }
        while len > 0 {
            at = put(at, 0u8);
            len = len.wrapping_sub(1);
        }
    }
}

/// Writes `value` and returns where the next one goes.
///
/// # Safety
/// A `T` may be written there, at its alignment.
#[inline(always)]
unsafe fn put<T>(at: *mut u8, value: T) -> *mut u8 {
    // SAFETY: the caller's word.
    unsafe {
        at.cast::<T>().write_volatile(value);
        at.add(size_of::<T>())
    }
}

/// Where the next bytes go, and where they come from.
struct Cursor(*mut u8, *const u8);

impl Cursor {
    /// Copies `len` bytes.
    ///
    /// # Safety
    /// So many bytes may be written and read there, and do not overlap.
    #[inline(always)]
    unsafe fn copy(mut self, mut len: usize) {
        // SAFETY: no more than `len` bytes are moved in all, and words only where both pointers are aligned to them.
        unsafe {
            while len > 0 && !self.0.addr().is_multiple_of(WORD) {
                self.step::<u8>();
                len = len.wrapping_sub(1);
            }
            if self.1.addr().is_multiple_of(WORD) {
                while len >= CHUNK {
                    self.chunk();
                    len = len.wrapping_sub(CHUNK);
                }
                if len & 8 != 0 {
                    self.step::<[u32; 2]>();
                }
                if len & 4 != 0 {
                    self.step::<u32>();
                }
            } else {
                while len >= WORD {
                    self.step::<[u8; WORD]>();
                    len = len.wrapping_sub(WORD);
                }
            }
            if len & 2 != 0 {
                self.step::<[u8; 2]>();
            }
            if len & 1 != 0 {
                self.step::<u8>();
            }
        }
    }

    /// Moves four words. One by one, since what is moved as an array is moved by a call of `memmove`.
    ///
    /// # Safety
    /// So many words may be written and read there, aligned.
    #[inline(always)]
    unsafe fn chunk(&mut self) {
        // SAFETY: the caller's word.
        unsafe {
            let (to, from) = (self.0.cast::<u32>(), opaque(self.1).cast::<u32>());
            let words = (
                from.read(),
                from.add(1).read(),
                from.add(2).read(),
                from.add(3).read(),
            );
            to.write(words.0);
            to.add(1).write(words.1);
            to.add(2).write(words.2);
            to.add(3).write(words.3);
            (self.0, self.1) = (to.add(4).cast(), from.add(4).cast());
        }
    }

    /// Moves one `T` and goes on behind it.
    ///
    /// # Safety
    /// A `T` may be written and read there, at its alignment.
    #[inline(always)]
    unsafe fn step<T: Copy>(&mut self) {
        // SAFETY: the caller's word.
        unsafe {
            let from = opaque(self.1);
            self.0.cast::<T>().write(from.cast::<T>().read());
            (self.0, self.1) = (self.0.add(size_of::<T>()), from.add(size_of::<T>()));
        }
    }
}

/// The same pointer, though the compiler cannot know: it would make a call of C's `memcpy` of a loop that moves bytes.
#[inline(always)]
fn opaque(pointer: *const u8) -> *const u8 {
    #[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
    let pointer = {
        let mut same = pointer;
        // SAFETY: no instruction at all.
        unsafe {
            core::arch::asm!("/* {0} */", inout(reg) same, options(pure, nomem, nostack, preserves_flags));
        }
        same
    };
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn copies_what_there_is_room_for() {
        let mut into = [0; 3];
        copy(&mut into, &[1, 2]);
        assert_eq!(into, [1, 2, 0]);
        copy(&mut into, &[3, 4, 5, 6]);
        assert_eq!(into, [3, 4, 5]);
        copy(&mut [], &[1]);
        copy(&mut into, &[]);
        assert_eq!(into, [3, 4, 5]);
    }

    /// Every length, from and to every place relative to words, writes just what it should.
    #[test]
    fn every_length_and_alignment() {
        let lengths: Vec<usize> = if cfg!(miri) {
            vec![0, 3, 31, 70]
        } else {
            (0..140).collect()
        };
        let pattern: Vec<u8> = (0..160u8).map(|byte| byte | 1).collect();
        for len in lengths {
            for (to, from) in (0..4).flat_map(|to| (0..5).map(move |from| (to, from))) {
                let source = pattern.get(from..from + len).expect("a range");
                let mut expected = vec![0xee; 160];
                expected[to..to + len].copy_from_slice(source);
                let mut into = vec![0xee; 160];
                copy(&mut into[to..to + len], source);
                assert_eq!(into, expected, "{len} bytes from {from} to {to}");
                expected[to..to + len].fill(0);
                zero(&mut into[to..to + len]);
                assert_eq!(into, expected, "{len} zeros to {to}");
            }
        }
    }
}
