//! Checked view of an ELF file that need not fit in memory.
//!
//! A number read from a file is a *claim* (invariant 1) until one constructor has checked it: `Span::claim`
//! for ranges of the file, `Section::align` for alignments, `Strings::claim` for names. Records are
//! `xmas-elf`'s structs of either class. A table is gone through in batches: all of it where it lies, if the source shows
//! its bytes and they are aligned, else as much as a window has room for: one of three on the stack, which keep what was
//! read last.

pub(crate) mod claim;
pub(crate) mod class;
pub(crate) mod dynamic;
pub(crate) mod header;
pub(crate) mod image;
pub(crate) mod note;
pub(crate) mod reader;
pub(crate) mod refusal;
pub(crate) mod reloc;
pub(crate) mod section;
pub(crate) mod string;
pub(crate) mod symbol;
mod window;

/// The name people know a machine by, for those that an extension may have been built for by mistake.
pub fn machine_name(e_machine: u16) -> Option<&'static str> {
    Some(match e_machine {
        3 => "i386",
        8 => "MIPS",
        20 => "PowerPC",
        40 => "ARM",
        62 => "x86-64",
        93 | 195 => "ARC",
        94 => "Xtensa",
        183 => "AArch64",
        243 => "RISC-V",
        _ => return None,
    })
}
