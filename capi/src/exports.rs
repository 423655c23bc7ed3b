//! The firmware's exports: the records between the two symbols of `llext.x`, if the firmware was linked with that.

use core::arch::global_asm;
use llext::{Export, Exports};

// Weak symbols are 0 if nobody defines them, but Rust cannot name such symbols: an assembler can.
#[cfg(target_pointer_width = "32")]
global_asm!(
    ".weak __llext_exports_start",
    ".weak __llext_exports_end",
    ".pushsection .rodata.llext_exports_bounds, \"a\"",
    ".balign 4",
    ".globl llext_exports_bounds",
    "llext_exports_bounds:",
    ".4byte __llext_exports_start, __llext_exports_end",
    ".popsection",
);
// In a program that may lie anywhere the words are relocated at its start.
#[cfg(target_pointer_width = "64")]
global_asm!(
    ".weak __llext_exports_start",
    ".weak __llext_exports_end",
    ".pushsection .data.rel.ro.llext_exports_bounds, \"aw\"",
    ".balign 8",
    ".globl llext_exports_bounds",
    "llext_exports_bounds:",
    ".8byte __llext_exports_start, __llext_exports_end",
    ".popsection",
);

/// The table.
pub(crate) fn table() -> Exports<'static> {
    unsafe extern "C" {
        static llext_exports_bounds: [*const Export; 2];
    }
    // SAFETY: two words that the assembler lines above define, and nobody writes.
    let [start, end] = unsafe { llext_exports_bounds };
    if start.is_null() {
        return Exports::new(&[]);
    }
    // SAFETY: the linker put records of EXPORT_SYMBOL between the two, and those are constants.
    unsafe { Exports::from_section(start, end) }
}
