//! Relocation tables, with addends (RELA) and without (REL).

use super::claim::Span;
use super::class::Class;

/// A relocation entry. Its numbers are claims until they were checked against section and symbol table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    /// Offset of the place in the section, in bytes.
    pub(crate) offset: usize,
    /// Index of the symbol.
    pub(crate) symbol: u32,
    /// The psABI's number.
    pub(crate) r_type: u32,
    /// The addend, unless the place itself holds it.
    pub(crate) addend: Option<isize>,
}

impl Relocation {
    /// None.
    pub(crate) const NONE: Self = Self {
        offset: 0,
        symbol: 0,
        r_type: 0,
        addend: None,
    };

    /// The same with an offset that counts from `origin`.
    #[inline]
    pub(crate) fn behind(mut self, origin: usize) -> Self {
        self.offset = self.offset.wrapping_sub(origin);
        self
    }
}

/// The entries of a relocation table.
#[derive(Clone, Copy)]
pub(crate) struct Entries {
    /// Where they lie.
    pub(crate) span: Span,
    /// Whether they have addends.
    pub(crate) is_rela: bool,
}

impl Entries {
    /// Bytes of an entry.
    pub(crate) const fn size<C: Class>(is_rela: bool) -> usize {
        if is_rela {
            size_of::<C::Rela>()
        } else {
            size_of::<C::Rel>()
        }
    }
}
