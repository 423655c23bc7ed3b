//! Interrupts of a Cortex-M part, without a crate for the part.

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

/// Defines the part's interrupt vectors: how many it has, and the handlers of those that are used.
/// All others return at once. The handlers run on the firmware's stack, whatever MSP is (`exec::arm`).
///
/// cortex-m-rt takes the table by its name, from its feature `device` on.
#[macro_export]
macro_rules! vectors {
    ($count:expr; $($irq:expr => $handler:expr),+ $(,)?) => {
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".vector_table.interrupts")]
        static __INTERRUPTS: [extern "C" fn(); $count] = {
            extern "C" fn unexpected() {}
            let mut table: [extern "C" fn(); $count] = [unexpected; $count];
            $({
                extern "C" fn handler() {
                    $handler
                }
                #[unsafe(naked)]
                extern "C" fn entry() {
                    core::arch::naked_asm!(
                        "movw r0, #:lower16:{handler}",
                        "movt r0, #:upper16:{handler}",
                        "b exec_interrupt",
                        handler = sym handler,
                    )
                }
                table[$irq as usize] = entry;
            })+
            table
        };
    };
}
