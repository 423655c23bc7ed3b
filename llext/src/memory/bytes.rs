//! Copies and fills, several words at a time.
//!
//! The C libraries of small targets do this byte by byte (picolibc: four instructions a byte), and most of what a load
//! does is to copy sections. Neither function has anything to panic about.

const WORD: usize = size_of::<u32>();
/// What is copied without a call, in bytes at most.
const SHORT: usize = 32;

/// Copies as much of `from` as there is room for in `into`. On Cortex-M3: a quarter of an instruction a byte where both are
/// aligned to words or equally far from it, else one and a half; and some 30 at the beginning and end.
pub(crate) fn copy(into: &mut [u8], from: &[u8]) {
    let mut len = into.len().min(from.len());
    let (mut to, mut from) = (into.as_mut_ptr(), from.as_ptr());
    // SAFETY: both are at least `len` bytes long, and a slice that is borrowed for writing overlaps no other. No more
    // than `len` bytes are moved in all, and words only where both pointers are aligned to them.
    unsafe {
        while len > 0 && !to.addr().is_multiple_of(WORD) {
            (to, from) = step::<u8>(to, from);
            len = len.wrapping_sub(1);
        }
        if from.addr().is_multiple_of(WORD) {
            if len >= chunks::COPIED {
                let moved;
                (to, from, moved) = chunks::copy(to, from, len);
                len = len.wrapping_sub(moved);
            }
            while len >= WORD {
                (to, from) = step::<u32>(to, from);
                len = len.wrapping_sub(WORD);
            }
        }
        while len >= WORD {
            (to, from) = step::<[u8; WORD]>(to, from);
            len = len.wrapping_sub(WORD);
        }
        while len > 0 {
            (to, from) = step::<u8>(to, from);
            len = len.wrapping_sub(1);
        }
    }
}

/// The same for what is often a few words: those are copied without a call.
#[inline(always)]
pub(crate) fn copy_short(into: &mut [u8], from: &[u8]) {
    let mut len = into.len().min(from.len());
    let (mut to, mut at) = (into.as_mut_ptr(), from.as_ptr());
    if len > SHORT || !(to.addr() | at.addr() | len).is_multiple_of(WORD) {
        return copy(into, from);
    }
    while len > 0 {
        // SAFETY: a word is left of both, which are aligned to words and as long as whole ones.
        (to, at) = unsafe { step::<u32>(to, at) };
        len = len.wrapping_sub(WORD);
    }
}

/// Writes zeros.
pub(crate) fn zero(into: &mut [u8]) {
    fill(into, 0);
}

/// Writes the same to every byte. On Cortex-M3: a fifth of an instruction a byte, and some 20 at the beginning and end.
#[inline(always)]
pub(crate) fn fill(into: &mut [u8], byte: u8) {
    // SAFETY: that many bytes are borrowed for writing.
    unsafe { fill_at(into.as_mut_ptr(), into.len(), byte) }
}

/// The same for `len` bytes at `at`, which need have no value before.
///
/// # Safety
/// They may be written.
pub(super) unsafe fn fill_at(mut at: *mut u8, mut len: usize, byte: u8) {
    let word = u32::from_ne_bytes([byte; WORD]);
    // SAFETY: in each round, `len` bytes are left at `at`, of which as many are written as are taken off `len`.
    unsafe {
        while len > 0 && !at.addr().is_multiple_of(WORD) {
            at = put(at, byte);
            len = len.wrapping_sub(1);
        }
        if len >= chunks::FILLED {
            let filled;
            (at, filled) = chunks::fill(at, word, len);
            len = len.wrapping_sub(filled);
        }
        while len >= WORD {
            at = put(at, word);
            len = len.wrapping_sub(WORD);
        }
        while len > 0 {
            at = put(at, byte);
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

/// Moves one `T`, and returns where the next one goes and comes from.
///
/// # Safety
/// A `T` may be written and read there, at its alignment, and they do not overlap.
#[inline(always)]
unsafe fn step<T: Copy>(to: *mut u8, from: *const u8) -> (*mut u8, *const u8) {
    // SAFETY: the caller's word.
    unsafe {
        let from = opaque(from);
        to.cast::<T>().write(from.cast::<T>().read());
        (to.add(size_of::<T>()), from.add(size_of::<T>()))
    }
}

/// The same pointer, though the compiler cannot know: it would make a call of C's `memcpy` of a loop that moves bytes.
#[inline(always)]
#[allow(
    clippy::pointers_in_nomem_asm_block,
    reason = "nothing is read or written through it"
)]
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

/// Whole chunks, by instructions that move several words at once (Arm ARM, LDM and STM). The compiler makes them only by
/// chance, and the loops around them longer. Of the registers, all T32 processors have the low ones, but r6 and r7 are
/// the compiler's.
#[cfg(target_arch = "arm")]
mod chunks {
    use core::arch::asm;

    /// Bytes of a chunk that is copied: one is moved at least.
    pub(super) const COPIED: usize = 24;
    /// Bytes of a chunk that is filled: one is written at least.
    pub(super) const FILLED: usize = 16;

    /// Copies as many chunks as `len` bytes hold. Where the rest goes, where it comes from, and how many bytes were copied.
    ///
    /// # Safety
    /// `len` bytes may be written and read there, aligned to words, and they do not overlap; `len >= COPIED`.
    #[inline(always)]
    pub(super) unsafe fn copy(
        to: *mut u8,
        from: *const u8,
        len: usize,
    ) -> (*mut u8, *const u8, usize) {
        let (mut to, mut at) = (to, from);
        let last = from.wrapping_add(len.wrapping_sub(COPIED));
        // SAFETY: the last round begins at `last` or before, where a chunk is left.
        unsafe {
            asm!(
                "2:",
                "ldm {at}!, {{r2, r3, r4}}",
                "stm {to}!, {{r2, r3, r4}}",
                "ldm {at}!, {{r2, r3, r4}}",
                "stm {to}!, {{r2, r3, r4}}",
                "cmp {at}, {last}",
                "bls 2b",
                at = inout(reg) at,
                to = inout(reg) to,
                last = in(reg) last,
                out("r2") _,
                out("r3") _,
                out("r4") _,
                options(nostack),
            );
        }
        (to, at, at.addr().wrapping_sub(from.addr()))
    }

    /// Fills as many chunks as `len` bytes hold. Where the rest is, and how many bytes were written.
    ///
    /// # Safety
    /// `len` bytes may be written there, aligned to words; `len >= FILLED`.
    #[inline(always)]
    pub(super) unsafe fn fill(start: *mut u8, word: u32, len: usize) -> (*mut u8, usize) {
        let mut at = start;
        let last = start.wrapping_add(len.wrapping_sub(FILLED));
        // SAFETY: as above.
        unsafe {
            asm!(
                "2:",
                "stm {at}!, {{r2, r3, r4, r5}}",
                "cmp {at}, {last}",
                "bls 2b",
                at = inout(reg) at,
                last = in(reg) last,
                in("r2") word,
                in("r3") word,
                in("r4") word,
                in("r5") word,
                options(nostack),
            );
        }
        (at, at.addr().wrapping_sub(start.addr()))
    }
}

/// Whole chunks, where no instruction moves several words: so that there are fewer branches.
#[cfg(not(target_arch = "arm"))]
mod chunks {
    use super::{WORD, opaque, put};

    /// Bytes of a chunk that is copied.
    pub(super) const COPIED: usize = 4 * WORD;
    /// Bytes of a chunk that is filled.
    pub(super) const FILLED: usize = 8 * WORD;

    /// As on ARM.
    ///
    /// # Safety
    /// `len` bytes may be written and read there, aligned to words, and they do not overlap.
    #[inline(always)]
    pub(super) unsafe fn copy(
        to: *mut u8,
        from: *const u8,
        len: usize,
    ) -> (*mut u8, *const u8, usize) {
        let (mut to, mut at, mut rest) = (to, from, len);
        while rest >= COPIED {
            // SAFETY: a chunk is left. The words are moved one by one, since what is moved as an array is moved by a call
            // of `memmove`.
            unsafe {
                let (into, words) = (to.cast::<u32>(), opaque(at).cast::<u32>());
                let four = (
                    words.read(),
                    words.add(1).read(),
                    words.add(2).read(),
                    words.add(3).read(),
                );
                into.write(four.0);
                into.add(1).write(four.1);
                into.add(2).write(four.2);
                into.add(3).write(four.3);
                (to, at) = (to.add(COPIED), at.add(COPIED));
            }
            rest = rest.wrapping_sub(COPIED);
        }
        (to, at, len.wrapping_sub(rest))
    }

    /// As on ARM.
    ///
    /// # Safety
    /// `len` bytes may be written there, aligned to words.
    #[inline(always)]
    pub(super) unsafe fn fill(start: *mut u8, word: u32, len: usize) -> (*mut u8, usize) {
        let (mut at, mut rest) = (start, len);
        while rest >= FILLED {
            // SAFETY: a chunk is left.
            unsafe {
                at = put(put(put(put(at, word), word), word), word);
                at = put(put(put(put(at, word), word), word), word);
            }
            rest = rest.wrapping_sub(FILLED);
        }
        (at, len.wrapping_sub(rest))
    }
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
                into[to..to + len].fill(0xee);
                copy_short(&mut into[to..to + len], source);
                assert_eq!(into, expected, "{len} bytes from {from} to {to}");
                expected[to..to + len].fill(0);
                zero(&mut into[to..to + len]);
                assert_eq!(into, expected, "{len} zeros to {to}");
                expected[to..to + len].fill(0xa5);
                fill(&mut into[to..to + len], 0xa5);
                assert_eq!(into, expected, "{len} bytes to {to}");
            }
        }
    }
}
