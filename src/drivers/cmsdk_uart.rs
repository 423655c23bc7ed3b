//! UART of ARM's Cortex-M System Design Kit ("APB UART", DDI 0479D, section 4.3).

use cortex_m::peripheral::NVIC;

use super::{irq::Irq, mmio::Mmio};
use crate::serial::{Line, Received};

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CTRL: usize = 0x08;
const INTSTATUS: usize = 0x0c;
const BAUDDIV: usize = 0x10;

const STATE_TX_FULL: u32 = 1 << 0;
const STATE_RX_FULL: u32 = 1 << 1;
const STATE_RX_OVERRUN: u32 = 1 << 3;
const CTRL_TX: u32 = 1 << 0;
const CTRL_RX: u32 = 1 << 1;
const CTRL_RX_INTERRUPT: u32 = 1 << 3;
const INT_RX: u32 = 1 << 1;

/// The least divider that the device takes: the fastest line, which is all the same to an emulator.
const FASTEST: u32 = 16;

/// One UART and the interrupt that its receiver raises.
pub struct CmsdkUart {
    registers: Mmio,
    irq: Irq,
}

impl CmsdkUart {
    /// The UART at `base`, whose receive interrupt has the number `irq`.
    ///
    /// # Safety
    /// See [`Mmio::new`].
    pub const unsafe fn new(base: usize, irq: u16) -> Self {
        Self {
            // SAFETY: the caller's promise.
            registers: unsafe { Mmio::new(base) },
            irq: Irq(irq),
        }
    }
}

impl Line for CmsdkUart {
    fn start(&self) {
        const RUNS: u32 = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
        self.registers.write32(BAUDDIV, FASTEST);
        self.registers.write32(CTRL, RUNS);
        self.unmask_receive();
    }

    fn take(&self) -> Option<Received> {
        // Cleared before the byte is taken: a byte that comes in between raises it again.
        self.registers.write32(INTSTATUS, INT_RX);
        let state = self.registers.read32(STATE);
        if state & STATE_RX_OVERRUN != 0 {
            self.registers.write32(STATE, STATE_RX_OVERRUN);
        }
        let full = state & STATE_RX_FULL != 0;
        full.then(|| Received {
            byte: self.registers.read32(DATA) as u8,
            after_loss: state & STATE_RX_OVERRUN != 0,
            // The device does not know one.
            is_break: false,
        })
    }

    fn send(&self, bytes: &[u8]) {
        for &byte in bytes {
            while self.registers.read32(STATE) & STATE_TX_FULL != 0 {}
            self.registers.write32(DATA, byte.into());
        }
    }

    // In the interrupt controller, not in CTRL: the device raises its interrupt when a byte comes, and
    // not again when CTRL allows it later.
    fn mask_receive(&self) {
        NVIC::mask(self.irq);
    }

    fn unmask_receive(&self) {
        NVIC::pend(self.irq);
        // SAFETY: no critical section relies on this interrupt being masked; the handler is in place.
        unsafe { NVIC::unmask(self.irq) };
    }
}
