//! Relocation types as rows of a table.

use super::field::{Field, FieldError, Order, Sign, State, a32, t32};
use super::formula::Terms;
use super::{Class, Formula, Operands, Stub};
use core::ops::RangeInclusive;

/// One relocation type.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The psABI's number.
    pub r_type: u16,
    /// What else is known of it, for the loops over all relocations.
    flags: u16,
    /// What it computes, for the computer.
    terms: Terms,
    /// What it computes.
    pub formula: Formula,
    /// Bytes of the place.
    width: u8,
    /// The psABI's name: "R_ARM_ABS32".
    pub name: &'static str,
    /// Where the result goes.
    pub field: &'static Field,
}

/// What a type is for in linked files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dynamic {
    /// The base address of the file plus A: S is that base.
    Relative = 1,
    /// An entry of the GOT.
    GlobDat,
    /// An entry of the GOT that calls go through.
    JumpSlot,
    /// The distance of a thread-local variable from TP.
    TpOffset,
    /// The bytes of another file's object: only executables have such, and no loader that runs them on
    /// their own can do it.
    Copy,
}

// Flags.
/// A `Dynamic`, or 0.
const DYNAMIC: u16 = 7;
/// A whole word with S + A or (S + A) | T.
const WORD: u16 = 1 << 3;
const MARKER: u16 = 1 << 4;
const PAD: u16 = 1 << 5;
const STUB_WORD: u16 = 1 << 6;
const HIGH: u16 = 1 << 7;
const LOW: u16 = 1 << 8;
const CLASS64: u16 = 1 << 9;
const OPEN: u16 = 1 << 10;

impl Row {
    pub(super) const fn new(
        class: Class,
        r_type: u16,
        name: &'static str,
        formula: Formula,
        field: &'static Field,
    ) -> Self {
        let mut flags = 0;
        if class.is_64() {
            flags |= CLASS64;
        }
        if is_whole_word(class, field) && matches!(formula, Formula::Abs | Formula::AbsT) {
            flags |= WORD;
        }
        if matches!(formula, Formula::Nothing) {
            flags |= MARKER;
        }
        if matches!(formula, Formula::OfHigh) {
            flags |= LOW;
        }
        if formula.needs_stub_word() {
            flags |= STUB_WORD;
        }
        if field.open {
            flags |= OPEN;
        }
        Self {
            r_type,
            flags,
            terms: formula.terms(),
            formula,
            width: field.width,
            name,
            field,
        }
    }

    /// The same, as a high part that low parts refer to.
    pub(super) const fn high(mut self) -> Self {
        self.flags |= HIGH;
        self
    }

    /// The same, as padding.
    pub(super) const fn pad(mut self) -> Self {
        self.flags |= PAD;
        self
    }

    /// The same, whose field computes with G.
    pub(super) const fn stub_word(mut self) -> Self {
        self.flags |= STUB_WORD;
        self
    }

    /// The same, whose word never has the Thumb bit.
    pub(super) const fn without_t(mut self) -> Self {
        self.flags &= !WORD;
        self
    }

    /// The same, as a type of linked files.
    pub(super) const fn for_linked_files(mut self, dynamic: Dynamic) -> Self {
        self.flags |= dynamic as u16;
        self.flags &= !WORD;
        self
    }

    /// The class of the files that it is in.
    pub fn class(&self) -> Class {
        match self.flags & CLASS64 {
            0 => Class::Elf32,
            _ => Class::Elf64,
        }
    }

    /// Bytes of the place that are read and written: 0 for markers (NONE, RELAX).
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// Whether the place may be longer than [`Row::width`] (ULEB128): such a row is given the place and all
    /// that follows it in the section.
    pub fn is_open(&self) -> bool {
        HAS_PARTS && self.flags & OPEN != 0
    }

    /// The addend that the place itself holds (REL).
    pub fn addend(&self, place: &[u8]) -> isize {
        self.field.read(place)
    }

    /// What the formula makes of the operands, in the arithmetic of the class.
    pub fn value(&self, place: &[u8], operands: &Operands) -> isize {
        let value = self.terms.compute(self.field, place, operands) as isize;
        match self.flags & CLASS64 {
            0 => value as i32 as isize,
            _ => value,
        }
    }

    /// Writes `value` into the field; leaves the place as it was on an error.
    pub fn put(&self, place: &mut [u8], value: isize) -> Result<(), FieldError> {
        self.field.write(place, value)
    }

    /// Computes the formula and writes the field; leaves the place as it was on an error.
    pub fn apply(&self, place: &mut [u8], operands: &Operands) -> Result<(), FieldError> {
        self.put(place, self.value(place, operands))
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
        let nothing = Operands {
            s: 0,
            t: 0,
            ..*operands
        };
        self.apply(place, &nothing)
    }

    /// Whether it puts S + A, or (S + A) | T, into a whole word of the class: nearly all relocations of data.
    #[inline]
    pub fn is_word(&self) -> bool {
        self.flags & WORD != 0
    }

    /// Whether it computes nothing: its symbol may even be undefined (R_ARM_NONE in .ARM.exidx).
    #[inline]
    pub fn is_marker(&self) -> bool {
        self.flags & MARKER != 0
    }

    /// Whether its symbol counts: not for markers, padding, and distances to the GOT itself, whose symbol
    /// `_GLOBAL_OFFSET_TABLE_` nobody defines.
    pub fn has_symbol(&self) -> bool {
        let is_origin = matches!(self.formula, Formula::OriginRel);
        !is_origin && self.flags & (MARKER | PAD) == 0
    }

    /// Whether it is padding, which must end at its alignment as it is.
    pub fn is_pad(&self) -> bool {
        HAS_PARTS && self.flags & PAD != 0
    }

    /// Whether it computes with G, so that its symbol needs a stub.
    pub fn needs_stub_word(&self) -> bool {
        self.flags & STUB_WORD != 0
    }

    /// Whether low parts refer to it (RISC-V's PCREL_HI20): they put its value, the same as it puts itself.
    pub fn is_high_part(&self) -> bool {
        HAS_PARTS && self.flags & HIGH != 0
    }

    /// RISC-V's PCREL_LO12_*: its symbol marks the place of the high part whose value it completes. It is put
    /// with the high part's value: `low.put(place, high.value(place_of_high, operands_of_high))`.
    pub fn completes_high_part(&self) -> bool {
        HAS_PARTS && self.flags & LOW != 0
    }

    /// What it is for, if it is a type of linked files.
    pub fn dynamic(&self) -> Option<Dynamic> {
        match self.flags & DYNAMIC {
            1 => Some(Dynamic::Relative),
            2 => Some(Dynamic::GlobDat),
            3 => Some(Dynamic::JumpSlot),
            4 => Some(Dynamic::TpOffset),
            5 => Some(Dynamic::Copy),
            _ => None,
        }
    }

    /// Whether it is a branch that a stub can stand in for, with its reach: the least and the
    /// greatest distance from the place, as its formula computes it, in bytes.
    pub fn branch_reach(&self) -> Option<RangeInclusive<isize>> {
        let Field {
            limits,
            branch,
            round,
            ..
        } = self.field;
        let round = usize::from(*round) as isize;
        branch
            .through_stub
            .then(|| limits.min().wrapping_sub(round)..=limits.max().wrapping_sub(round))
    }

    /// Whether a call to a weak symbol that nothing defines becomes something else than a call to address 0.
    pub fn skips_absent(&self) -> bool {
        self.field
            .special
            .is_some_and(|special| special.absent.is_some())
    }

    /// The addend of a plain branch to a symbol, in bytes: the program counter that the instruction
    /// counts from is not the place on every machine. 0 for what is no branch.
    pub fn branch_bias(&self) -> isize {
        self.field.branch.bias.into()
    }

    /// A branch in T32 code that cannot leave Thumb state: a function that it names must be in that state.
    /// M-profile has neither A32 code nor a BLX that could enter it, so there an `STT_FUNC` symbol without
    /// the Thumb bit is a mistake that only the caller can see.
    pub fn enters_thumb(&self) -> bool {
        self.field.branch.state == State::Thumb
    }

    /// ARM: T of a symbol without a type that a branch at this place names: whatever state the instruction leads
    /// to, that is the symbol's. 0 for what is no branch.
    pub fn t_without_type(&self, place: &[u8]) -> usize {
        if !HAS_A32 {
            return 0;
        }
        let insn = || self.field.load(place).unwrap_or(0);
        let is_thumb = match self.field.branch.state {
            State::Any | State::Arm => false,
            State::Thumb | State::ThumbByStub => true,
            State::ThumbToAny => insn() & t32::BL != 0,
            State::ArmToAny => insn() & a32::CONDITION == a32::CONDITION,
        };
        usize::from(is_thumb)
    }

    /// ARM: whether it is a branch in T32 code.
    pub fn is_in_thumb(&self) -> bool {
        matches!(
            self.field.branch.state,
            State::Thumb | State::ThumbByStub | State::ThumbToAny
        )
    }

    /// ARM: whether it is a branch that needs a stub to reach code in the other state than its own, however near.
    pub fn needs_stub_to_change_state(&self) -> bool {
        HAS_A32 && matches!(self.field.branch.state, State::ThumbByStub | State::Arm)
    }

    /// The operands of a branch to the stub at `address` instead of its symbol. The stub is entered in the
    /// state of the branch.
    pub fn to_stub(&self, stub: &Stub, address: usize, operands: &Operands) -> Operands {
        let in_arm = HAS_A32 && matches!(self.field.branch.state, State::Arm | State::ArmToAny);
        let entry = if in_arm { stub.arm_at } else { 0 };
        Operands {
            s: address.wrapping_add(entry.into()),
            t: usize::from(self.is_in_thumb()),
            ..*operands
        }
    }
}

/// Firmware for other processors has no use for what ARM's states take, and M-profile cores have one state only.
const HAS_A32: bool = cfg!(any(
    not(target_os = "none"),
    all(target_arch = "arm", target_has_atomic = "64")
));

/// Nor has firmware for ARM for what it alone lacks: high and low parts, padding, and fields that are as long as they need be.
const HAS_PARTS: bool = !cfg!(all(target_os = "none", target_arch = "arm"));

/// Whether a field is a word of the class and nothing else.
const fn is_whole_word(class: Class, field: &Field) -> bool {
    let word = if class.is_64() { 8 } else { 4 };
    let is_little = matches!(field.order, Order::Little);
    let is_plain = is_little && field.special.is_none() && field.round == 0;
    let takes_all = matches!(field.limits.sign, Sign::Any) && field.parts.len() == 1;
    is_plain && takes_all && field.width == word && field.parts[0].count == 8 * word
}

/// The rows of these tables in one, by type.
pub(super) const fn sorted<const N: usize>(tables: &[&[Row]]) -> [Row; N] {
    let mut rows = [tables[0][0]; N];
    let (mut table, mut count) = (0, 0);
    while table < tables.len() {
        let mut at = 0;
        while at < tables[table].len() {
            let mut place = count;
            while place > 0 && rows[place - 1].r_type > tables[table][at].r_type {
                rows[place] = rows[place - 1];
                place -= 1;
            }
            rows[place] = tables[table][at];
            count += 1;
            at += 1;
        }
        table += 1;
    }
    assert!(count == N, "the table has a place for each row");
    rows
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
