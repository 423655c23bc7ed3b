//! UART 16550 (National Semiconductor PC16550D), registers one byte apart.
//!
//! Its FIFOs stay off: switching them on would drop a byte that came before, and type-ahead counts from
//! the moment of power-on. The ring behind the receive interrupt is queue enough.

use super::mmio::Mmio;
use crate::serial::{Line, Received};

const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
const LINE_CONTROL: usize = 3;
const MODEM_CONTROL: usize = 4;
const LINE_STATUS: usize = 5;

const ENABLE_RECEIVED: u8 = 1 << 0;
const LINE_8N1: u8 = 0b11;
const STATUS_READY: u8 = 1 << 0;
const STATUS_OVERRUN: u8 = 1 << 1;
const STATUS_BREAK: u8 = 1 << 4;
const STATUS_TRANSMIT_EMPTY: u8 = 1 << 5;

/// One 16550.
pub struct Ns16550 {
    registers: Mmio,
}

impl Ns16550 {
    /// The UART at `base`.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
        }
    }
}

impl Line for Ns16550 {
    fn start(&self) {
        self.registers.write8(LINE_CONTROL, LINE_8N1);
        self.registers.write8(MODEM_CONTROL, 0);
        self.unmask_receive();
    }

    fn take(&self) -> Option<Received> {
        // Reading the status clears its error bits: one reading must serve for both.
        let status = self.registers.read8(LINE_STATUS);
        let ready = status & STATUS_READY != 0;
        ready.then(|| Received {
            byte: self.registers.read8(DATA),
            after_loss: status & STATUS_OVERRUN != 0,
            is_break: status & STATUS_BREAK != 0,
        })
    }

    fn send(&self, bytes: &[u8]) {
        for &byte in bytes {
            while self.registers.read8(LINE_STATUS) & STATUS_TRANSMIT_EMPTY == 0 {}
            self.registers.write8(DATA, byte);
        }
    }

    fn mask_receive(&self) {
        self.registers.write8(INTERRUPT_ENABLE, 0);
    }

    fn unmask_receive(&self) {
        self.registers.write8(INTERRUPT_ENABLE, ENABLE_RECEIVED);
    }
}
