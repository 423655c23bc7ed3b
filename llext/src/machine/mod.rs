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
//! row.apply(&mut place, &Operands { s: 0x2000_0100, a, p: 0x2100_0000, t: 1 }).unwrap();
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

mod arm;
pub mod field;
mod riscv;
mod row;
mod veneer;

pub use arm::ARM;
pub use field::FieldError;
pub use riscv::RISCV32;
pub use row::{Formula, Operands, Row};
pub use veneer::Veneer;

/// ELF class of a file: the width of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 32 bit.
    Elf32,
    /// 64 bit.
    Elf64,
}

impl Class {
    /// `value` as this class computes it: modulo 2³² or 2⁶⁴, sign-extended.
    const fn wrap(self, value: isize) -> isize {
        match self {
            Self::Elf32 => value as i32 as isize,
            Self::Elf64 => value,
        }
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
    /// How a branch reaches what is out of its range, if the machine needs that.
    pub veneer: Option<&'static Veneer>,
}

impl Machine {
    /// The row of `r_type`, if the loader supports that type.
    pub fn row(&self, r_type: u32) -> Option<&'static Row> {
        let position = *self.index.get(r_type as usize)?;
        self.rows.get(usize::from(position))
    }
}

/// All machines.
static MACHINES: [&Machine; 2] = [&ARM, &RISCV32];

/// The machine whose files have this `e_machine` and class.
pub fn for_elf(e_machine: u16, class: Class) -> Option<&'static Machine> {
    MACHINES
        .into_iter()
        .find(|machine| machine.e_machine == e_machine && machine.class == class)
}

/// The machine that this code runs on.
#[cfg(target_arch = "arm")]
pub const NATIVE: &Machine = &ARM;

/// The machine that this code runs on.
#[cfg(target_arch = "riscv32")]
pub const NATIVE: &Machine = &RISCV32;

#[cfg(test)]
mod tests;
