//! What the measurement needs of a board; every module defines the same names:
//! `RATE` (ticks a second), `STORAGE` and `GEOMETRY` (what the emulator has from a file), `BUFFER` and `HEAP` (memory that nothing
//! else uses),
//! `ticks`, `stack_pointer`, `put`, `semihost`.

#[cfg(all(target_os = "none", target_arch = "arm"))]
mod arm;
#[cfg(all(target_os = "none", target_arch = "arm"))]
pub use arm::*;
#[cfg(all(target_os = "none", target_arch = "riscv32"))]
mod riscv;
#[cfg(all(target_os = "none", target_arch = "riscv32"))]
pub use riscv::*;
#[cfg(not(target_os = "none"))]
mod host;
#[cfg(not(target_os = "none"))]
pub use host::*;

use core::hint::black_box;

/// Semihosting: the command line (ARM's specification 2.0, `SYS_GET_CMDLINE`).
const SYS_GET_CMDLINE: usize = 0x15;
const SYS_EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// The words that the emulator was given for the firmware, its name first.
pub fn command_line(buffer: &mut [u8]) -> &str {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the block is address and length of a buffer; the host writes the text there, and its length into the second word.
    unsafe { semihost(SYS_GET_CMDLINE, black_box(&mut block).as_mut_ptr()) };
    let length = black_box(block)[1];
    core::str::from_utf8(black_box(buffer).get(..length).unwrap_or_default()).unwrap_or_default()
}

/// Ends the run.
pub fn exit(status: usize) -> ! {
    let mut block = [APPLICATION_EXIT, status];
    // SAFETY: the block is a reason and its status.
    unsafe { semihost(SYS_EXIT_EXTENDED, black_box(&mut block).as_mut_ptr()) };
    loop {
        core::hint::spin_loop();
    }
}

/// A panic, or a fault of the CPU.
#[cfg(target_os = "none")]
fn fail(what: &str) -> ! {
    what.bytes().for_each(put);
    put(b'\n');
    exit(1)
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    fail("panic 1")
}
