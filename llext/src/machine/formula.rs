//! What relocations compute.

use super::field::Field;

/// What a relocation computes, in the letters of the psABIs: **S** the symbol's value, **A** the addend,
/// **P** the address of the place, **Pa** the same rounded down to a word, **T** 1 for a Thumb function,
/// **V** what the place holds, **G** the address of the symbol's entry in the global offset table (the word of
/// its stub), **GOT** the origin of that table, **TP** the thread pointer, **Page**(x) x rounded down to 4 KiB.
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
    /// S + A − Pa
    RelWord,
    /// ((S + A) | T) − Pa
    RelWordT,
    /// S | T, whatever the place holds: what dynamic linkers write for symbols.
    Sym,
    /// The value of another relocation: the high part at the place that this one's symbol marks.
    OfHigh,
    /// V + S + A
    Add,
    /// V − S − A
    Sub,
    /// S + A − TP
    TpRel,
    /// G + A
    Got,
    /// G + A − P
    GotRel,
    /// G + A − GOT
    GotOffset,
    /// GOT + A − P
    OriginRel,
    /// ((S + A) | T) − GOT
    SymOrigin,
    /// Page(S + A) − Page(P)
    Page,
    /// Page(G + A) − Page(P)
    GotPage,
    /// G + A − Page(GOT)
    GotPageOffset,
    /// What the field's special computes.
    OfField,
}

/// What a formula is computed from.
///
/// ARM: a branch takes the Thumb bit in `s` and in `t` alike, so that an address of which nothing
/// but the number is known (an export, an absolute symbol) goes into `s` as it is, with `t` = 0. For
/// data an odd address must stay in `s`, because adding A to it and then setting bit 0 is
/// something else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operands {
    /// S: value of the symbol; of an `STT_FUNC` symbol on ARM without the Thumb bit.
    pub s: usize,
    /// A: addend.
    pub a: isize,
    /// P: target address of the place.
    pub p: usize,
    /// T: 1 if the symbol is `STT_FUNC` and its value has the Thumb bit, else 0.
    pub t: usize,
    /// G: address of the word of the symbol's stub, for rows that [need one](super::Row::needs_stub_word).
    pub g: usize,
    /// GOT: address of the first stub.
    pub got: usize,
    /// TP: what the code takes for the thread pointer.
    pub tp: usize,
}

/// A formula taken apart: what the loader computes with, in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms(u16);

// What A is added to: S, or one of these.
const G: u16 = 1;
const GOT: u16 = 2;
const BASE: u16 = G | GOT;
/// A is left out.
const NO_A: u16 = 1 << 2;
/// T is set in the sum.
const T: u16 = 1 << 3;
/// The sum is rounded down to a page.
const PAGE: u16 = 1 << 4;
// What is subtracted: nothing, or one of these.
const LESS_P: u16 = 1 << 5;
const LESS_GOT: u16 = 2 << 5;
const LESS_TP: u16 = 3 << 5;
const LESS: u16 = LESS_TP;
/// What is subtracted is rounded down to a word, or to a page.
const OF_WORD: u16 = 1 << 7;
const OF_PAGE: u16 = 1 << 8;
/// V is added to the result, or the result subtracted from V.
const V_PLUS: u16 = 1 << 9;
const V_MINUS: u16 = 1 << 10;
/// The field's special computes it.
const OWN: u16 = 1 << 11;

/// Only AArch64 counts in pages.
const HAS_PAGES: bool = cfg!(any(target_arch = "aarch64", not(target_os = "none")));
/// What is cut off by Page(x).
const PAGE_OFFSET: usize = 0xfff;
/// What is cut off by Pa.
const WORD_OFFSET: usize = 3;

impl Formula {
    /// Whether it computes with G.
    pub(super) const fn needs_stub_word(self) -> bool {
        self.terms().0 & BASE == G
    }

    /// What the formula consists of.
    pub(super) const fn terms(self) -> Terms {
        Terms(match self {
            Self::Nothing | Self::OfHigh | Self::Abs => 0,
            Self::AbsT => T,
            Self::Rel => LESS_P,
            Self::RelT => T | LESS_P,
            Self::RelWord => LESS_P | OF_WORD,
            Self::RelWordT => T | LESS_P | OF_WORD,
            Self::Sym => NO_A | T,
            Self::Add => V_PLUS,
            Self::Sub => V_MINUS,
            Self::TpRel => LESS_TP,
            Self::Got => G,
            Self::GotRel => G | LESS_P,
            Self::GotOffset => G | LESS_GOT,
            Self::OriginRel => GOT | LESS_P,
            Self::SymOrigin => T | LESS_GOT,
            Self::Page => PAGE | LESS_P | OF_PAGE,
            Self::GotPage => G | PAGE | LESS_P | OF_PAGE,
            Self::GotPageOffset => G | LESS_GOT | OF_PAGE,
            Self::OfField => OWN,
        })
    }
}

impl Terms {
    const fn has(self, term: u16) -> bool {
        self.0 & term != 0
    }

    /// What the formula makes of the operands, and of what `field` holds at `place`.
    pub(super) fn compute(self, field: &Field, place: &[u8], operands: &Operands) -> usize {
        if self.has(OWN) {
            return field.compute(place, operands) as usize;
        }
        let mut sum = match self.0 & BASE {
            G => operands.g,
            GOT => operands.got,
            _ => operands.s,
        };
        if !self.has(NO_A) {
            sum = sum.wrapping_add_signed(operands.a);
        }
        if self.has(T) {
            sum |= operands.t;
        }
        let mut less = match self.0 & LESS {
            LESS_P => operands.p,
            LESS_GOT => operands.got,
            LESS_TP => operands.tp,
            _ => 0,
        };
        if self.has(OF_WORD) {
            less &= !WORD_OFFSET;
        }
        if HAS_PAGES && self.has(PAGE) {
            sum &= !PAGE_OFFSET;
        }
        if HAS_PAGES && self.has(OF_PAGE) {
            less &= !PAGE_OFFSET;
        }
        let result = sum.wrapping_sub(less);
        if !self.has(V_PLUS | V_MINUS) {
            return result;
        }
        let v = field.read(place) as usize;
        match self.has(V_PLUS) {
            true => v.wrapping_add(result),
            false => v.wrapping_sub(result),
        }
    }
}
