//! The machine timer of RISC-V (privileged specification, section 3.2.1): 64 bit, and nobody else sets it.

use super::mmio::Mmio;
use crate::board::Clock;

/// `mtime`, memory mapped.
pub struct Mtime {
    registers: Mmio,
    rate: u32,
}

impl Mtime {
    /// The register at `base`, which counts at `rate` Hz.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize, rate: u32) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
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
}
