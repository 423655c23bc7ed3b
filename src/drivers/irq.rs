//! Interrupt numbers of a Cortex-M part, without a crate for the part.

use cortex_m::interrupt::InterruptNumber;

/// An external interrupt, counted from 0 as in the NVIC.
#[derive(Clone, Copy)]
pub struct Irq(pub u16);

// SAFETY: a driver gives a number that its board wired; it never changes.
unsafe impl InterruptNumber for Irq {
    fn number(self) -> u16 {
        self.0
    }
}
