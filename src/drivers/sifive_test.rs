//! SiFive's test finisher, which QEMU's RISC-V machines have to restart and stop them.

use super::mmio::Mmio;

const RESET: u32 = 0x7777;

/// The device.
pub struct SifiveTest {
    registers: Mmio,
}

impl SifiveTest {
    /// The device at `base`.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
        }
    }

    /// Restarts the machine.
    pub fn reset(&self) -> ! {
        self.registers.write32(0, RESET);
        #[allow(clippy::empty_loop)]
        loop {}
    }
}
