//! Semihosting (ARM's specification 2.0, taken over by RISC-V): what an emulator or debugger gives the firmware.

use core::{hint, str};

use crate::exec::semihost;

const SYS_GET_CMDLINE: usize = 0x15;
const SYS_EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// The command line, if there is one and it fits into `buffer`.
pub fn command_line(buffer: &mut [u8]) -> Option<&str> {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    let block = hint::black_box(&mut block);
    // SAFETY: the block is address and length of a buffer; the host writes the text there, and its length
    // into the second word.
    unsafe { semihost(SYS_GET_CMDLINE, block.as_mut_ptr())? };
    let length = block[1];
    hint::black_box(&mut *buffer);
    str::from_utf8(buffer.get(..length)?).ok()
}

/// Ends the emulation with `status`. Returns only where nobody serves the call.
pub fn exit(status: i32) {
    let block = [APPLICATION_EXIT, status as usize];
    // SAFETY: the block is a reason and its status.
    unsafe { semihost(SYS_EXIT_EXTENDED, hint::black_box(&block).as_ptr()) };
}
