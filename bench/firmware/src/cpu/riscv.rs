//! QEMU's `virt` machine with a 32-bit RISC-V CPU: addresses as in QEMU's hw/riscv/virt.c.

use core::arch::global_asm;
use core::ops::Range;

pub use fs_image::CFI_32M as GEOMETRY;
use riscv_rt::entry;

pub const RATE: u64 = 10_000_000;
pub const STORAGE: usize = 0x2200_0000;
pub const BUFFER: Range<usize> = 0x80c0_0000..0x80f0_0000;
pub const HEAP: Range<usize> = 0x8040_0000..0x80c0_0000;

const UART: *mut u8 = 0x1000_0000 as *mut u8;
const MTIME: *const u32 = 0x0200_bff8 as *const u32;

/// Ticks of the machine timer, modulo 2 to the power of 32.
#[inline(always)]
pub fn ticks() -> u32 {
    // SAFETY: mtime's low half.
    unsafe { MTIME.read_volatile() }
}

/// Sends a byte.
pub fn put(byte: u8) {
    // SAFETY: the 16550's line status (bit 5: room to send) and transmit register.
    unsafe {
        while UART.add(5).read_volatile() & 1 << 5 == 0 {}
        UART.write_volatile(byte);
    }
}

/// The stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mv {}, sp", out(reg) sp, options(nomem, nostack)) };
    sp
}

global_asm!(
    ".option push",
    ".option norvc",
    ".balign 16",
    ".global bench_semihost",
    "bench_semihost:", // RISC-V semihosting specification, 3.1
    "slli zero, zero, 0x1f",
    "ebreak",
    "srai zero, zero, 7",
    "ret",
    ".option pop",
);

unsafe extern "C" {
    #[link_name = "bench_semihost"]
    pub fn semihost(operation: usize, parameter: *mut usize) -> usize;
}

#[entry]
fn main() -> ! {
    crate::measure::run()
}

/// riscv-rt calls it for every exception.
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn fault(_frame: &riscv_rt::TrapFrame) -> ! {
    super::fail("fault 1")
}
