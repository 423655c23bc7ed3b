//! RISC-V's platform-level interrupt controller (PLIC specification 1.0.0), for one context.

use super::mmio::Mmio;

const PRIORITY: usize = 0;
const ENABLE: usize = 0x2000;
const THRESHOLD: usize = 0x20_0000;
const CLAIM: usize = 0x20_0004;

/// The controller, seen from context 0: machine mode of hart 0.
pub struct Plic {
    registers: Mmio,
}

impl Plic {
    /// The controller at `base`.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
        }
    }

    /// Lets interrupt `source` (1 to 1023) through.
    pub fn enable(&self, source: u16) {
        let source = usize::from(source);
        let word = ENABLE + source / 32 * 4;
        self.registers.write32(PRIORITY + source * 4, 1);
        self.registers
            .write32(word, self.registers.read32(word) | 1 << (source % 32));
        self.registers.write32(THRESHOLD, 0);
        // Who has claimed it and does not give it back keeps it from coming again.
        self.registers.write32(CLAIM, source as u32);
    }

    /// Runs `handle` for every interrupt that waits, with its source.
    pub fn serve(&self, handle: impl Fn(u16)) {
        loop {
            let source = self.registers.read32(CLAIM);
            if source == 0 {
                return;
            }
            handle(source as u16);
            self.registers.write32(CLAIM, source);
        }
    }
}
