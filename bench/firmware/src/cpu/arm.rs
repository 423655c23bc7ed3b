//! ARM MPS2 with the AN385 image: addresses as in Application Note 385, table 3.

use core::arch::global_asm;
use core::ops::Range;

use cortex_m_rt::{ExceptionFrame, entry, exception};
pub use fs_image::PSRAM_8M as GEOMETRY;

pub const RATE: u64 = 25_000_000;
pub const STORAGE: usize = 0x2100_0000;
pub const BUFFER: Range<usize> = 0x2010_0000..0x2040_0000;
pub const HEAP: Range<usize> = 0x2180_0000..0x2200_0000;

/// CMSDK UART and timer (DDI 0479D, 4.3 and 4.4): data, state, control, divider; control, value, reload.
const UART: *mut u32 = 0x4000_4000 as *mut u32;
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

/// Ticks of the timer since the start, modulo 2 to the power of 32.
#[inline(always)]
pub fn ticks() -> u32 {
    // SAFETY: the timer's VALUE; it counts down.
    u32::MAX - unsafe { TIMER.add(1).read_volatile() }
}

/// Sends a byte.
pub fn put(byte: u8) {
    // SAFETY: the UART's STATE (bit 0: full) and DATA.
    unsafe {
        while UART.add(1).read_volatile() & 1 != 0 {}
        UART.write_volatile(byte.into());
    }
}

/// The stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) sp, options(nomem, nostack)) };
    sp
}

global_asm!(
    ".global bench_semihost",
    ".type bench_semihost, %function",
    ".thumb_func",
    "bench_semihost:",
    "bkpt #0xab",
    "bx lr",
);

unsafe extern "C" {
    #[link_name = "bench_semihost"]
    pub fn semihost(operation: usize, parameter: *mut usize) -> usize;
}

#[entry]
fn main() -> ! {
    // SAFETY: the UART's BAUDDIV and CTRL (send), the timer's RELOAD, VALUE and CTRL (enable).
    unsafe {
        UART.add(4).write_volatile(16);
        UART.add(2).write_volatile(1);
        TIMER.add(2).write_volatile(u32::MAX);
        TIMER.add(1).write_volatile(u32::MAX);
        TIMER.write_volatile(1);
    }
    crate::measure::run()
}

#[exception]
unsafe fn HardFault(_frame: &ExceptionFrame) -> ! {
    super::fail("fault 1")
}
