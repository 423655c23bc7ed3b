//! Relocation types as rows of a table.

use super::Class;
use super::field::{Field, FieldError, Limits, riscv};
use core::ops::RangeInclusive;

/// What a relocation computes, in the letters of the psABIs: **S** the symbol's value, **A** the
/// addend, **P** the address of the place, **Pa** the same rounded down to a word, **T** 1 for a
/// Thumb function, **V** what the place holds, **TP** the thread pointer.
///
/// Formulas are computed modulo 2³² in files of class 32 (AAELF32, "Relocation codes"), modulo 2⁶⁴
/// in files of class 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Computes nothing: a marker.
    Nothing,
    /// S + A
    Abs,
    /// (S + A) | T
    AbsT,
    /// S + A − P
    Rel,
    /// ((S + A) | T) − P
    RelT,
    /// S + A − P of another relocation: the HI20 at the place that this one's symbol marks.
    RelOfHi20,
    /// S + A − Pa
    RelWord,
    /// ((S + A) | T) − Pa
    RelWordT,
    /// V + S + A
    Add,
    /// V − S − A
    Sub,
    /// S + A − TP, where S counts from the start of the thread's block, and the block starts this
    /// many bytes above TP.
    TpRel(u8),
    /// (P + A) mod 2ⁿ, where 2ⁿ is the least power of two above A: how far behind an alignment the
    /// code after A bytes of padding lies.
    PadExcess,
}

/// What a formula is computed from.
///
/// ARM: a branch takes the Thumb bit in `s` and in `t` alike, so that an address of which nothing
/// but the number is known (an export, an absolute symbol) goes into `s` as it is, with `t` = 0. For
/// data an odd address must stay in `s`, because adding A to it and then setting bit 0 is
/// something else.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// S: value of the symbol; of an `STT_FUNC` symbol on ARM without the Thumb bit.
    pub s: usize,
    /// A: addend.
    pub a: isize,
    /// P: target address of the place.
    pub p: usize,
    /// T: 1 if the symbol is `STT_FUNC` and its value has the Thumb bit, else 0.
    pub t: usize,
}

/// One relocation type.
#[derive(Debug)]
pub struct Row {
    /// The psABI's number.
    pub r_type: u32,
    /// The psABI's name: "R_ARM_ABS32".
    pub name: &'static str,
    /// What it computes.
    pub formula: Formula,
    /// Where the result goes.
    pub field: Field,
    /// Which results fit the field.
    pub limits: Limits,
    /// Bytes of the place.
    width: u8,
    /// The class that its arithmetic wraps at.
    class: Class,
}

impl Row {
    pub(super) const fn new(
        class: Class,
        r_type: u32,
        name: &'static str,
        formula: Formula,
        field: Field,
    ) -> Self {
        // What depends on nothing but the field is worked out here, once, by the compiler.
        let (limits, width) = (field.limits(), field.width() as u8);
        Self {
            r_type,
            name,
            formula,
            field,
            limits,
            width,
            class,
        }
    }

    /// Bytes of the place that are read and written: 0 for markers (NONE, RELAX).
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// The addend that the place itself holds (REL).
    pub fn addend(&self, place: &[u8]) -> isize {
        self.field.read(place)
    }

    /// Computes the formula and writes the field; leaves the place as it was on an error.
    pub fn apply(&self, place: &mut [u8], operands: &Operands) -> Result<(), FieldError> {
        let value = self.class.wrap(self.compute(place, operands));
        self.limits.check(value)?;
        self.field.write(place, value)
    }

    /// The same for a weak symbol that nothing defines: its value is 0, except that a call to it is
    /// no call. As GNU ld does it: BL and B.W become NOPs (AAELF32, "Call and Jump relocations"); a
    /// RISC-V call becomes one to address 0, from wherever it is. `s` and `t` are not looked at.
    pub fn apply_weak_undefined(
        &self,
        place: &mut [u8],
        operands: &Operands,
    ) -> Result<(), FieldError> {
        if self.field.skip_call(place) {
            return Ok(());
        }
        self.apply(
            place,
            &Operands {
                s: 0,
                t: 0,
                ..*operands
            },
        )
    }

    fn compute(&self, place: &[u8], operands: &Operands) -> isize {
        let Operands { s, a, p, t } = *operands;
        let sum = (s as isize).wrapping_add(a);
        let target = sum | t as isize;
        let (p, word) = (p as isize, (p & !3) as isize);
        match self.formula {
            Formula::Nothing => 0,
            Formula::Abs => sum,
            Formula::AbsT => target,
            Formula::Rel | Formula::RelOfHi20 => sum.wrapping_sub(p),
            Formula::RelT => target.wrapping_sub(p),
            Formula::RelWord => sum.wrapping_sub(word),
            Formula::RelWordT => target.wrapping_sub(word),
            Formula::Add => self.field.read(place).wrapping_add(sum),
            Formula::Sub => self.field.read(place).wrapping_sub(sum),
            Formula::TpRel(above) => sum.wrapping_add(isize::from(above)),
            Formula::PadExcess => p.wrapping_add(a) & pad_mask(a),
        }
    }

    /// Whether it is a branch that a veneer can stand in for, with its reach: the least and the
    /// greatest distance from the place, as its formula computes it, in bytes.
    pub fn branch_reach(&self) -> Option<RangeInclusive<isize>> {
        let Limits { min, max, .. } = self.limits;
        self.field.is_veneerable().then_some(min..=max)
    }

    /// The addend of a plain branch to a symbol, in bytes: the program counter that the instruction
    /// counts from is not the place on every machine. 0 for what is no branch.
    pub fn branch_bias(&self) -> isize {
        self.field.branch_bias()
    }

    /// A branch without a change of state, in T32 code: a function that it names must be in Thumb state.
    /// GNU ld turns BL into BLX for A32 functions; M-profile has neither A32 code nor that BLX, so
    /// here an `STT_FUNC` symbol without the Thumb bit is a mistake that only the caller can see.
    pub fn enters_thumb(&self) -> bool {
        self.field.is_t32_branch()
    }

    /// RISC-V's PCREL_LO12_*: its symbol marks the place of the HI20 whose value it completes. It is
    /// applied with the operands of that HI20, its own A and P left aside.
    pub fn completes_hi20(&self) -> bool {
        self.formula == Formula::RelOfHi20
    }

    /// RISC-V's PCREL_HI20: what a row with [`Row::completes_hi20`] refers to.
    pub fn is_pcrel_hi20(&self) -> bool {
        self.formula == Formula::Rel && self.field == Field::Riscv(riscv::Field::Hi20)
    }
}

/// 2ⁿ − 1, where 2ⁿ is the least power of two above `padding`.
fn pad_mask(padding: isize) -> isize {
    usize::MAX.checked_shr(padding.leading_zeros()).unwrap_or(0) as isize
}

/// An entry of an index that stands for no row.
const NO_ROW: u8 = u8::MAX;

/// For each type number below `N` the position of its row in `rows`, so that a row is found at
/// once. `N` is one more than the greatest number. Refuses (at compile time) rows out of order.
pub(super) const fn index<const N: usize>(rows: &[Row]) -> [u8; N] {
    let mut index = [NO_ROW; N];
    let mut position = 0;
    while position < rows.len() {
        let r_type = rows[position].r_type;
        assert!(
            position == 0 || rows[position - 1].r_type < r_type,
            "rows are sorted by type"
        );
        index[r_type as usize] = position as u8;
        position += 1;
    }
    index
}
