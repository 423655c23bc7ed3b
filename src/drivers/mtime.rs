//! The machine timer of RISC-V (privileged specification, section 3.2.1): 64 bit, and nobody else sets it.

use riscv::register::mie;

use super::mmio::Mmio;
use crate::board::{Alarm, Clock};

/// `mtime`, memory mapped.
pub struct Mtime {
    registers: Mmio,
    compare: Mmio,
    rate: u32,
}

impl Mtime {
    /// `mtime` at `base`, which counts at `rate` Hz (whole megahertz), and `mtimecmp` at `compare`.
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
}

impl Alarm for Mtime {
    fn set(&self, microseconds: u32) {
        let ticks = u64::from(microseconds) * u64::from(self.rate / 1_000_000);
        let at = self.ticks().wrapping_add(ticks);
        // The high half is at its greatest meanwhile, so that no half-written time has passed already
        // (privileged specification, 3.2.1).
        self.compare.write32(4, u32::MAX);
        self.compare.write32(0, at as u32);
        self.compare.write32(4, (at >> 32) as u32);
        // SAFETY: no critical section relies on this interrupt being masked; the handler is in place.
        unsafe { mie::set_mtimer() };
    }

    fn stop(&self) {
        // SAFETY: nobody waits for it any more.
        unsafe { mie::clear_mtimer() };
    }
}
