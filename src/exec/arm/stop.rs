//! The interrupts that end a call.
//!
//! Of all that extension code can mask, the NMI is nothing (B1.5.4: its priority is -2, FAULTMASK's -1). The board's alarm
//! raises it. The other interrupt is PendSV, which a handler that sees Ctrl-C asks for: when it runs, all others are done.
//! Both return through the door if the call is to end, even where thread mode is on the wrong stack.

use core::arch::global_asm;

use cortex_m::register::psp;

use super::{
    super::{attend, watch},
    FIRMWARE_SP, interrupted,
};

global_asm!(
    ".section .text.exec_attend, \"ax\"",
    ".global NonMaskableInt, PendSV",
    ".type NonMaskableInt, %function",
    ".type PendSV, %function",
    ".thumb_func",
    "NonMaskableInt:",
    "movs r1, #1",
    "b 1f",
    ".thumb_func",
    "PendSV:",
    "movs r1, #0",
    "1:",
    own_stack!(),
    "mov r0, lr",
    "mrs r2, msp",
    "push {{r3, lr}}",
    "bl exec_attend",
    "add sp, sp, #8",
    "bx r0",
    // Where the vectors of a board's own interrupts lead.
    ".global exec_interrupt",
    ".type exec_interrupt, %function",
    ".thumb_func",
    "exec_interrupt:", // r0 = the handler
    own_stack!(),
    "bx r0",
    firmware_sp = sym FIRMWARE_SP,
);

/// Returns the EXC_RETURN (B1.5.8) to leave the handler with, in place of the one that it was entered with.
#[unsafe(no_mangle)]
unsafe extern "C" fn exec_attend(exc_return: usize, is_alarm: bool, msp: usize) -> usize {
    const ON_PSP: usize = 1 << 2;
    const TO_THREAD: usize = 1 << 3;
    let frame = match exc_return & ON_PSP {
        0 => msp,
        _ => psp::read() as usize,
    };
    let to_thread = exc_return & TO_THREAD != 0;
    if is_alarm {
        watch::alarm(to_thread);
    }
    // SAFETY: this handler interrupted no other.
    if to_thread && unsafe { attend(|| interrupted(frame)) } {
        exc_return | ON_PSP
    } else {
        exc_return
    }
}
