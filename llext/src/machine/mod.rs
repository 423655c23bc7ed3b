//! What the loader knows of machines: one table a machine, no input or output, no memory.
//!
//! A relocation type is a [`Row`]: the psABI's number and name, the [`Formula`] it computes, in
//! psABI letters, and the [`Field`](field::Field) that takes the result. A field knows its encoding (with the
//! manual's section beside it), its range and its alignment. A relocation is then
//!
//! ```
//! # use llext::machine::{self, Operands};
//! let row = machine::ARM.row(2).unwrap(); // R_ARM_ABS32: (S + A) | T
//! let mut place = [4, 0, 0, 0]; // A = 4: ARM's files keep addends in the places (REL)
//! let a = row.addend(&place);
//! let operands = Operands { s: 0x2000_0100, a, p: 0x2100_0000, t: 1, ..Operands::default() };
//! row.apply(&mut place, &operands).unwrap();
//! assert_eq!(u32::from_le_bytes(place), 0x2000_0105);
//! ```
//!
//! **To add a relocation type**, add its row to the machine's file; if no field has its encoding
//! yet, add one under `field/`. The unit tests fail until the row has a case, and the suite in
//! `tests/gnu-ld` until the row was compared with GNU ld.
//!
//! **To add a machine**, add a file with its table beside `arm.rs` and a line to `MACHINES`.
//!
//! Tables of all machines are compiled everywhere, so that any host can test them; a firmware
//! refers to `NATIVE` and the linker drops the rest.

mod aarch64;
mod arc;
mod arm;
pub mod field;
mod formula;
mod i386;
mod riscv;
mod row;
mod stub;
mod x86_64;
mod xtensa;

pub use aarch64::AARCH64;
pub use arc::ARC;
pub use arm::{ARM, ARM_A, ARM_V6M};
pub use field::FieldError;
pub use formula::{Formula, Operands};
pub use i386::I386;
pub use riscv::{RISCV32, RISCV64};
pub use row::{Dynamic, Row};
pub use stub::Stub;
pub use x86_64::X86_64;
pub use xtensa::XTENSA;

/// ELF class of a file: the width of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 32 bit.
    Elf32,
    /// 64 bit.
    Elf64,
}

impl Class {
    /// Whether addresses have 64 bits.
    pub const fn is_64(self) -> bool {
        matches!(self, Self::Elf64)
    }
}

/// One machine: what is needed to link its relocatable files.
#[derive(Debug)]
pub struct Machine {
    /// The name people know it by: "ARM", "RISC-V".
    pub name: &'static str,
    /// `e_machine` of its files.
    pub e_machine: u16,
    /// Class of its files.
    pub class: Class,
    /// Its relocation types, sorted by number.
    pub rows: &'static [Row],
    /// For each `r_type` the position of its row in `rows`, or one past all rows.
    index: &'static [u8],
    /// What helps where a type is not supported.
    hints: &'static [Hint],
    /// What is put behind the code for symbols that a branch may not reach, or that code looks up.
    pub stub: &'static Stub,
}

/// What the user can do about types that the loader does not support.
#[derive(Debug)]
struct Hint {
    /// The first type.
    first: u16,
    /// The last type.
    last: u16,
    /// An imperative: "build with -mthumb".
    text: &'static str,
}

impl Hint {
    const fn new(first: u16, last: u16, text: &'static str) -> Self {
        Self { first, last, text }
    }
}

/// Machines are the same if they are one.
impl PartialEq for Machine {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Eq for Machine {}

impl Machine {
    /// What the user can do about a type that has no row, if that is known: "build with -mthumb".
    pub fn hint(&self, r_type: u32) -> Option<&'static str> {
        let covers = |hint: &&Hint| (hint.first.into()..=hint.last.into()).contains(&r_type);
        self.hints.iter().find(covers).map(|hint| hint.text)
    }

    /// Whether bit 0 of a function's address is no part of where it lies, but says that it is T32 code. A firmware
    /// knows when it is built.
    pub(crate) const fn has_thumb(&self) -> bool {
        const ARM: u16 = 40;
        cfg!(target_arch = "arm") || cfg!(not(target_os = "none")) && self.e_machine == ARM
    }

    /// What the image of a linked file is aligned to at least, in bytes. AArch64's ADRP counts in pages of 4 KiB, so
    /// that distances which a linker computed hold for whole pages alone (Arm ARM, C6.2.12).
    pub(crate) fn image_align(&self) -> usize {
        const AARCH64: u16 = 183;
        match cfg!(target_pointer_width = "64") && self.e_machine == AARCH64 {
            true => 4096,
            false => 1,
        }
    }

    /// The row of `r_type`, if the loader supports that type.
    pub fn row(&self, r_type: u32) -> Option<&'static Row> {
        let position = *self.index.get(r_type as usize)?;
        self.rows.get(usize::from(position))
    }

    /// A type of relocations that are of a whole word: what nearly all are in data.
    pub(crate) fn word_type(&self) -> Option<u32> {
        let word = self.rows.iter().find(|row| row.is_word())?;
        Some(word.r_type.into())
    }
}

/// All machines.
static MACHINES: [&Machine; 8] = [
    &ARM, &RISCV32, &RISCV64, &AARCH64, &X86_64, &I386, &XTENSA, &ARC,
];

/// The machine whose files have this `e_machine` and class.
pub fn for_elf(e_machine: u16, class: Class) -> Option<&'static Machine> {
    MACHINES
        .into_iter()
        .find(|machine| machine.e_machine == e_machine && machine.class == class)
}

/// The machine that this code runs on. Of ARM's cores those without compare-and-swap are taken for Armv6-M, those
/// with one of 64 bits for A- and R-profile; Armv8-M Baseline looks like Armv7-M, but wants [`ARM_V6M`].
#[cfg(target_arch = "arm")]
pub const NATIVE: &Machine = if cfg!(target_has_atomic = "64") {
    &ARM_A
} else if cfg!(target_has_atomic = "32") {
    &ARM
} else {
    &ARM_V6M
};

/// The machine that this code runs on.
#[cfg(target_arch = "riscv32")]
pub const NATIVE: &Machine = &RISCV32;

/// The machine that this code runs on.
#[cfg(target_arch = "riscv64")]
pub const NATIVE: &Machine = &RISCV64;

/// The machine that this code runs on.
#[cfg(target_arch = "aarch64")]
pub const NATIVE: &Machine = &AARCH64;

/// The machine that this code runs on.
#[cfg(target_arch = "x86_64")]
pub const NATIVE: &Machine = &X86_64;

/// The machine that this code runs on.
#[cfg(target_arch = "x86")]
pub const NATIVE: &Machine = &I386;

/// The machine that this code runs on.
#[cfg(target_arch = "xtensa")]
pub const NATIVE: &Machine = &XTENSA;

#[cfg(test)]
mod tests;
