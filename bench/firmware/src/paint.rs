//! How much of the stack is used.

use crate::cpu;

/// The stack below this frame, filled with a pattern: all but the nearest bytes, where the painter's own frames are.
pub struct Paint {
    top: usize,
}

impl Paint {
    /// More than a load takes. In words.
    const WORDS: usize = 4096;
    const PATTERN: u32 = 0xa5c3_96f0;
    /// In bytes; less than a load takes.
    const NEAREST: usize = 256;

    /// Fills it.
    #[inline(always)]
    pub fn all() -> Self {
        let top = cpu::stack_pointer();
        let paint = Paint { top };
        for word in paint.words() {
            // SAFETY: below the stack pointer nothing lives, and the stack is larger than this; no interrupt comes.
            unsafe { word.write_volatile(Self::PATTERN) };
        }
        paint
    }

    /// Bytes that were written since.
    pub fn used(&self) -> usize {
        // SAFETY: as above.
        let is_clean = |word: &*mut u32| unsafe { word.read_volatile() } == Self::PATTERN;
        let clean = self.words().take_while(is_clean).count();
        (Self::WORDS - clean) * size_of::<u32>() + Self::NEAREST
    }

    /// From the lowest to the one below the nearest bytes.
    fn words(&self) -> impl Iterator<Item = *mut u32> {
        let lowest = self.top - Self::NEAREST - Self::WORDS * size_of::<u32>();
        (0..Self::WORDS).map(move |word| {
            core::ptr::with_exposed_provenance_mut::<u32>(lowest).wrapping_add(word)
        })
    }
}
