//! What the loader knows of machines: one file a machine, tables only. (Skeleton.)

/// ELF class of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class { /// 32 bit.
    Elf32, /// 64 bit.
    Elf64 }

/// One machine.
pub struct Machine {
    /// The name people know it by: "ARM", "RISC-V".
    pub name: &'static str,
    /// `e_machine` of its files.
    pub e_machine: u16,
    /// Class of its files.
    pub class: Class,
    /// Its relocations, sorted by type.
    pub rows: &'static [Row],
    /// How a branch reaches what is out of its range, if the machine needs that.
    pub veneer: Option<&'static Veneer>,
}

/// One relocation type.
pub struct Row {
    /// The psABI's number.
    pub r_type: u32,
    /// The psABI's name: "R_ARM_ABS32".
    pub name: &'static str,
    // formula, field, range …
}

/// What a formula is computed from, in psABI letters.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// Value of the symbol, without the Thumb bit.
    pub s: usize,
    /// Addend.
    pub a: isize,
    /// Target address of the place.
    pub p: usize,
    /// ARM's T: 1 if the symbol is a Thumb function.
    pub t: usize,
}

/// A value that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError { /// The value.
    pub value: i64, /// Least value that fits.
    pub min: i64, /// Greatest value that fits.
    pub max: i64, /// What the value must be a multiple of.
    pub align: u8 }

impl Row {
    /// Bytes of the place that are read and written: 0 for markers (NONE, RELAX).
    pub fn width(&self) -> usize { todo!() }
    /// The addend that the place itself holds (REL).
    pub fn addend(&self, place: &[u8]) -> isize { let _ = place; todo!() }
    /// Computes the formula and writes the field; leaves the place as it was on an error.
    pub fn apply(&self, place: &mut [u8], operands: &Operands) -> Result<(), FieldError> { let _ = (place, operands); todo!() }
    /// Whether it is a branch that a veneer can stand in for, with its reach in bytes (both ways).
    pub fn branch_reach(&self) -> Option<core::ops::RangeInclusive<isize>> { todo!() }
    /// RISC-V's PCREL_LO12_*: its symbol marks the place of the HI20 whose value it completes.
    pub fn completes_hi20(&self) -> bool { todo!() }
}

/// How a branch reaches what is out of its range: a stub in the extension's text.
pub struct Veneer { /// Bytes.
    pub size: usize, /// Alignment in bytes.
    pub align: usize, /// Writes a veneer that jumps to `target` (Thumb bit included).
    pub write: fn(place: &mut [u8], target: usize) }

impl Machine {
    /// The row of `r_type`.
    pub fn row(&self, r_type: u32) -> Option<&'static Row> { self.rows.iter().find(|row| row.r_type == r_type) }
}
