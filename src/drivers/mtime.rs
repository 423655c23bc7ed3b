//! The machine timer of RISC-V (privileged specification, section 3.2.1): 64 bit, and nobody else sets it.

use super::mmio::Mmio;
use crate::board::Clock;

/// `mtime`, memory mapped.
pub struct Mtime {
    registers: Mmio,
    compare: Mmio,
    rate: u32,
}

impl Mtime {
    /// `mtime` at `base`, which counts at `rate` Hz, and `mtimecmp` at `compare`.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize, compare: usize, rate: u32) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
            // SAFETY: the same.
            compare: unsafe { Mmio::new(compare) },
            rate,
        }
    }
}

impl Clock for Mtime {
    fn ticks(&self) -> u64 {
        // The low half may wrap between the readings: the high half tells.
        loop {
            let high = self.registers.read32(4);
            let low = self.registers.read32(0);
            if high == self.registers.read32(4) {
                return u64::from(high) << 32 | u64::from(low);
            }
        }
    }

    fn rate(&self) -> u32 {
        self.rate
    }

    fn wake_after(&self, ticks: u64) {
        let at = self.ticks().wrapping_add(ticks);
        // The high half is at its greatest meanwhile, so that no half-written time has passed already
        // (privileged specification, 3.2.1).
        self.compare.write32(4, u32::MAX);
        self.compare.write32(0, at as u32);
        self.compare.write32(4, (at >> 32) as u32);
    }
}
