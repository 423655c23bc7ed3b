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
        let Operands { p, t, got, tp, .. } = *operands;
        let plus_a = |base: usize| base.wrapping_add_signed(operands.a);
        let sum = plus_a(operands.s);
        let entry = plus_a(operands.g);
        let (target, page) = (sum | t, p & !PAGE_OFFSET);
        match self {
            Self::Nothing | Self::OfField | Self::OfHigh => 0,
            Self::Abs | Self::Add | Self::Sub => sum,
            Self::AbsT => target,
            Self::Rel => sum.wrapping_sub(p),
            Self::RelT => target.wrapping_sub(p),
            Self::RelWord => sum.wrapping_sub(p & !WORD_OFFSET),
            Self::RelWordT => target.wrapping_sub(p & !WORD_OFFSET),
            Self::Sym => operands.s | t,
            Self::TpRel => sum.wrapping_sub(tp),
            Self::Got => entry,
            Self::GotRel => entry.wrapping_sub(p),
            Self::GotOffset => entry.wrapping_sub(got),
            Self::OriginRel => plus_a(got).wrapping_sub(p),
            Self::SymOrigin => target.wrapping_sub(got),
            Self::Page => (sum & !PAGE_OFFSET).wrapping_sub(page),
            Self::GotPage => (entry & !PAGE_OFFSET).wrapping_sub(page),
            Self::GotPageOffset => entry.wrapping_sub(got & !PAGE_OFFSET),
        }
    }
}
