//! Timer of ARM's Cortex-M System Design Kit ("APB timer", DDI 0479D, section 4.4), as a 64-bit clock.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use cortex_m::peripheral::NVIC;

use super::{irq::Irq, mmio::Mmio};
use crate::board::Clock;

const CTRL: usize = 0x00;
const VALUE: usize = 0x04;
const RELOAD: usize = 0x08;
const INTSTATUS: usize = 0x0c;

const CTRL_ENABLE: u32 = 1 << 0;
const CTRL_INTERRUPT: u32 = 1 << 3;

/// A 32-bit timer that counts down, and an interrupt that counts its rounds (171 s each at 25 MHz).
pub struct CmsdkTimer {
    registers: Mmio,
    irq: Irq,
    rate: u32,
    rounds: AtomicU32,
}

impl CmsdkTimer {
    /// The timer at `base` with the interrupt `irq`, which counts at `rate` Hz.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize, irq: u16, rate: u32) -> Self {
        // SAFETY: the caller's promise.
        let registers = unsafe { Mmio::new(base) };
        Self {
            registers,
            irq: Irq(irq),
            rate,
            rounds: AtomicU32::new(0),
        }
    }

    /// Starts counting from 0.
    pub fn start(&self) {
        self.registers.write32(RELOAD, u32::MAX);
        self.registers.write32(VALUE, u32::MAX);
        self.resume();
    }

    /// Goes on counting, if somebody stopped it.
    pub fn resume(&self) {
        self.registers.write32(CTRL, CTRL_ENABLE | CTRL_INTERRUPT);
        // SAFETY: no critical section relies on this interrupt being masked; the handler is in place.
        unsafe { NVIC::unmask(self.irq) };
    }

    /// The handler of its interrupt: one round is over.
    pub fn interrupt(&self) {
        self.registers.write32(INTSTATUS, 1);
        self.rounds
            .store(self.rounds.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

impl Clock for CmsdkTimer {
    fn ticks(&self) -> u64 {
        // A round may end between the readings: then they do not belong together, so read again.
        loop {
            let rounds = self.rounds.load(Relaxed);
            let low = u32::MAX - self.registers.read32(VALUE);
            let ended = self.registers.read32(INTSTATUS) != 0;
            if rounds == self.rounds.load(Relaxed) {
                // One that has ended may still wait to be counted, where interrupts are held back.
                let due = u32::from(ended && low < 1 << 31);
                return u64::from(rounds.wrapping_add(due)) << 32 | u64::from(low);
            }
        }
    }

    fn rate(&self) -> u32 {
        self.rate
    }
}
