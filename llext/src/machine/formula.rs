//! What relocations compute.

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

/// What is cut off by Page(x).
const PAGE_OFFSET: usize = 0xfff;
/// What is cut off by Pa.
const WORD_OFFSET: usize = 3;

impl Formula {
    /// Whether it computes with G.
    pub(super) const fn needs_stub_word(self) -> bool {
        use Formula::{Got, GotOffset, GotPage, GotPageOffset, GotRel};
        matches!(self, Got | GotRel | GotOffset | GotPage | GotPageOffset)
    }

    /// The result, for formulas that need neither V nor another relocation.
    pub(super) fn compute(self, operands: &Operands) -> usize {
        let Operands { p, got, tp, .. } = *operands;
        let base = match self {
            _ if self.needs_stub_word() => operands.g,
            Self::OriginRel => got,
            _ => operands.s,
        };
        let mut sum = base.wrapping_add_signed(operands.a);
        if matches!(self, Self::Sym) {
            sum = base;
        }
        if matches!(
            self,
            Self::AbsT | Self::RelT | Self::RelWordT | Self::Sym | Self::SymOrigin
        ) {
            sum |= operands.t;
        }
        if HAS_PAGES && matches!(self, Self::Page | Self::GotPage) {
            sum &= !PAGE_OFFSET;
        }
        let from = match self {
            Self::Rel | Self::RelT | Self::GotRel | Self::OriginRel => p,
            Self::RelWord | Self::RelWordT => p & !WORD_OFFSET,
            Self::TpRel => tp,
            Self::GotOffset | Self::SymOrigin => got,
            Self::Page | Self::GotPage if HAS_PAGES => p & !PAGE_OFFSET,
            Self::GotPageOffset if HAS_PAGES => got & !PAGE_OFFSET,
            _ => 0,
        };
        sum.wrapping_sub(from)
    }
}

/// Only AArch64 counts in pages.
const HAS_PAGES: bool = cfg!(any(target_arch = "aarch64", not(target_os = "none")));
