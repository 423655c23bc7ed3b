//! Watchdog of ARM's Cortex-M System Design Kit ("APB watchdog", DDI 0479D, section 4.7), as an alarm that no code can
//! hold back: its interrupt is the NMI.
//!
//! Made to restart a machine that hangs, it counts down, raises its interrupt at zero, and would reset at the next
//! zero. The reset stays off: a CPU that a debugger stopped is not to find itself at the start again.

use super::mmio::Mmio;
use crate::board::Alarm;

const LOAD: usize = 0x000;
const CONTROL: usize = 0x008;
const INTCLR: usize = 0x00c;
const LOCK: usize = 0xc00;

const CONTROL_INTERRUPT: u32 = 1 << 0;
/// What makes the other registers writable; anything else locks them.
const UNLOCK: u32 = 0x1acc_e551;

/// One watchdog.
pub struct CmsdkWatchdog {
    registers: Mmio,
    ticks_a_microsecond: u32,
}

impl CmsdkWatchdog {
    /// The watchdog at `base`, which counts at `rate` Hz, whole megahertz.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize, rate: u32) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
            ticks_a_microsecond: rate / 1_000_000,
        }
    }

    /// Writes `control`, and starts to count from `ticks`. What runs beside the firmware finds the device locked.
    fn count(&self, ticks: u32, control: u32) {
        self.registers.write32(LOCK, UNLOCK);
        self.registers.write32(CONTROL, control);
        self.registers.write32(LOAD, ticks);
        self.registers.write32(INTCLR, 1);
        self.registers.write32(LOCK, 0);
    }
}

impl Alarm for CmsdkWatchdog {
    fn set(&self, microseconds: u32) {
        // Zero would stop the counter.
        let ticks = microseconds.saturating_mul(self.ticks_a_microsecond);
        self.count(ticks.max(1), CONTROL_INTERRUPT);
    }

    fn stop(&self) {
        // Its own interrupt may have come, set it anew and locked it between two of the writes.
        loop {
            self.count(u32::MAX, 0);
            if self.registers.read32(CONTROL) == 0 {
                return;
            }
        }
    }
}
