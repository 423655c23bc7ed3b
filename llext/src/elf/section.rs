//! Section headers.

use super::claim::Span;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use crate::loaded::RegionKind;
use xmas_elf::sections::{SHF_ALLOC, SHF_COMPRESSED, SHF_EXECINSTR, SHF_WRITE, SHT_LOOS};

// `xmas-elf` has these as an enum alone.
pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_RELA: u32 = 4;
pub(crate) const SHT_NOTE: u32 = 7;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHT_REL: u32 = 9;
const SHT_INIT_ARRAY: u32 = 14;
const SHT_FINI_ARRAY: u32 = 15;
const SHT_PREINIT_ARRAY: u32 = 16;
pub(crate) const SHT_SYMTAB_SHNDX: u32 = 18;
/// A section header. Its numbers are claims; `contents` and `align` check them.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    /// Offset of its name.
    pub(crate) name: u32,
    /// Its type.
    pub(crate) kind: u32,
    /// The low half of `sh_flags`: the other one has no flags.
    pub(crate) flags: u32,
    /// `sh_addr`: where a linker has put it.
    pub(crate) address: usize,
    /// Offset of its contents in the file.
    pub(crate) offset: usize,
    /// Size in bytes.
    pub(crate) size: usize,
    /// `sh_link`
    pub(crate) link: u32,
    /// `sh_info`
    pub(crate) info: u32,
    /// `sh_addralign`
    pub(crate) align: usize,
    /// `sh_entsize`
    pub(crate) entry_size: u32,
}

impl Section {
    /// Whether its type is one that nobody has defined.
    pub(crate) fn is_unknown(&self) -> bool {
        (self.kind > SHT_SYMTAB_SHNDX && self.kind < SHT_LOOS) || matches!(self.kind, 12 | 13)
    }

    #[inline(always)]
    fn has(&self, flag: u64) -> bool {
        self.flags & flag as u32 != 0
    }

    /// Whether it is written when it is in memory.
    pub(crate) fn is_writable(&self) -> bool {
        self.has(SHF_WRITE)
    }

    /// Whether its contents are compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.has(SHF_COMPRESSED)
    }

    /// Whether it has bytes in memory.
    pub(crate) fn is_allocated(&self) -> bool {
        self.has(SHF_ALLOC)
    }

    /// Whether there is something in it for the loader, though it is not loaded.
    #[inline(always)]
    pub(crate) fn is_looked_at(&self) -> bool {
        matches!(self.kind, SHT_SYMTAB | SHT_NOTE | SHT_SYMTAB_SHNDX)
    }

    /// Whether it has no bytes in the file.
    pub(crate) fn is_nobits(&self) -> bool {
        self.kind == SHT_NOBITS
    }

    /// Which of the function arrays it is a part of: preinit 0, init 1, fini 2.
    #[inline(always)]
    pub(crate) fn array(&self) -> Option<u32> {
        match self.kind {
            SHT_PREINIT_ARRAY => Some(0),
            SHT_INIT_ARRAY => Some(1),
            SHT_FINI_ARRAY => Some(2),
            _ => None,
        }
    }

    /// The region that an allocated section goes to.
    #[inline]
    pub(crate) fn region(&self) -> RegionKind {
        if self.is_nobits() {
            RegionKind::Bss
        } else if self.array().is_some() {
            RegionKind::Data
        } else {
            self.region_of_bytes()
        }
    }

    /// Whether it is executed when it is in memory.
    pub(crate) fn is_code(&self) -> bool {
        self.has(SHF_EXECINSTR)
    }

    /// The region of an allocated section that has bytes in the file and is no part of a function array.
    #[inline(always)]
    pub(crate) fn region_of_bytes(&self) -> RegionKind {
        match (self.is_code(), self.is_writable()) {
            (true, _) => RegionKind::Text,
            (false, true) => RegionKind::Data,
            (false, false) => RegionKind::Rodata,
        }
    }

    /// Where its contents lie in the file.
    #[inline(always)]
    pub(crate) fn contents(&self, reader: &mut Reader<'_>, what: Why) -> Checked<Span> {
        Span::claim(reader, self.offset, self.size, what)
    }

    /// Its alignment in bytes, a power of two; an error holds what it is instead.
    #[inline]
    pub(crate) fn align(&self) -> Result<usize, usize> {
        // 0 is 1.
        let align = self.align;
        if align & align.wrapping_sub(1) == 0 {
            Ok(align.max(1))
        } else {
            Err(align)
        }
    }
}
