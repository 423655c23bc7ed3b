//! Loads of hand-built files. Files of real compilers are loaded in `tests/gnu-ld`.

mod abi;
mod compat;
mod errors;
mod faults;
mod in_place;
mod linked;
mod lookup;
mod memory;
mod options;
mod place;
mod reach;
mod reads;
mod refuse;
mod relocations;
mod sequence;
#[cfg(feature = "slid")]
mod slid;
mod symbols;
mod usual;

use crate::machine::ARM;
use crate::memory::Heap;
use crate::testing::*;

pub(super) const R_ARM_NONE: u32 = 0;
pub(super) const R_ARM_ABS32: u32 = 2;
pub(super) const R_ARM_THM_CALL: u32 = 10;

/// `BL` to itself, as an assembler leaves it: an addend of −4.
pub(super) const BL: [u8; 4] = [0xff, 0xf7, 0xfe, 0xff];

/// A file of at most so many bytes is read at once.
pub(super) const SMALL: usize = 1320;

/// A file with code that calls `far`, data that points at the code, and a variable.
pub(super) fn small() -> Elf {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[BL, BL].concat());
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 8]);
    let bss = elf.section(".bss", SHT_NOBITS, A | W, 8, &[0; 24]);
    let far = elf.symbol("far", GLOBAL | NOTYPE, 0, 0, 0);
    let run = elf.symbol("run", GLOBAL | FUNC, text, 1, 8);
    let state = elf.symbol("state", GLOBAL | OBJECT, bss, 8, 4);
    elf.relocate(text, 0, far, R_ARM_THM_CALL, None);
    elf.relocate(text, 4, far, R_ARM_THM_CALL, None);
    elf.relocate(data, 0, run, R_ARM_ABS32, None);
    elf.relocate(data, 4, state, R_ARM_ABS32, None);
    elf
}
