//! Section headers.

use super::claim::Span;
use super::class::Class;
use super::reader::{Checked, Reader};
use crate::loaded::RegionKind;
use xmas_elf::sections::{SHF_ALLOC, SHF_EXECINSTR, SHF_TLS, SHF_WRITE, ShType};

/// A section header. Its numbers are claims; `contents` and `align` check them.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    /// Offset of its name.
    pub(crate) name: u32,
    /// Its type, if it is one that ELF defines or leaves to others.
    pub(crate) kind: Option<ShType>,
    /// `sh_flags`
    pub(crate) flags: u64,
    /// Offset of its contents in the file.
    offset: usize,
    /// Size in bytes.
    pub(crate) size: usize,
    /// `sh_link`
    pub(crate) link: u32,
    /// `sh_info`
    pub(crate) info: u32,
    /// `sh_addralign`
    align: usize,
    /// `sh_entsize`
    pub(crate) entry_size: u32,
}

impl Section {
    /// The header that `record` holds. Inlined, so that only what is used of it is read.
    #[inline(always)]
    pub(crate) fn new<C: Class>(record: &C::Section) -> Self {
        let header = C::section(record);
        Self {
            name: header.name(),
            kind: header.get_type().ok(),
            flags: header.flags(),
            offset: header.offset() as usize,
            size: header.size() as usize,
            link: header.link(),
            info: header.info(),
            align: header.align() as usize,
            entry_size: header.entry_size(),
        }
    }

    /// Whether it has bytes in memory.
    pub(crate) fn is_allocated(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }

    /// Whether each thread has one of its own.
    pub(crate) fn is_thread_local(&self) -> bool {
        self.flags & SHF_TLS != 0
    }

    /// Whether it has no bytes in the file.
    pub(crate) fn is_nobits(&self) -> bool {
        self.kind == Some(ShType::NoBits)
    }

    /// Which of the function arrays it is a part of: preinit 0, init 1, fini 2.
    #[inline]
    pub(crate) fn array(&self) -> Option<u32> {
        match self.kind {
            Some(ShType::PreInitArray) => Some(0),
            Some(ShType::InitArray) => Some(1),
            Some(ShType::FiniArray) => Some(2),
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
        } else if self.flags & SHF_EXECINSTR != 0 {
            RegionKind::Text
        } else if self.flags & SHF_WRITE != 0 {
            RegionKind::Data
        } else {
            RegionKind::Rodata
        }
    }

    /// Where its contents lie in the file.
    #[inline]
    pub(crate) fn contents(&self, reader: &mut Reader<'_>, what: &'static str) -> Checked<Span> {
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
