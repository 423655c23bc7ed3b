//! Which sections stay where they lie in the file.
//!
//! Of a file that may not be written: sections that are not written and that no relocation changes. Of one that may:
//! all that have bytes in the file, unless tables that are still needed lie in the same bytes. Notes are copied, being few
//! and small, and so are function arrays, whose parts are put together. What is not aligned where it lies is copied, too.

use super::plan::Plan;
use super::slots::{Place, REGION_LIMIT};
use super::tables::is_table;
use super::{LoadOptions, SectionHeader};
use crate::elf::claim::{Chunk, Span};
use crate::elf::class::Class;
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::section::{SHT_NOTE, SHT_SYMTAB_SHNDX, Section};
use crate::loaded::RegionKind;
use crate::memory::FilePlace;
use core::cell::Cell;
use core::ops::Range;

/// A file that sections may stay in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    place: FilePlace,
    /// Whether any section stays.
    pub(super) any: bool,
}

impl Stay {
    /// Whether sections are patched there.
    pub(super) fn is_writable(&self) -> bool {
        self.place.is_writable
    }

    /// In a file of less than `REGION_LIMIT` bytes; `None` if it is larger.
    pub(super) fn new(place: FilePlace) -> Option<Self> {
        (place.len < REGION_LIMIT).then_some(Self { place, any: false })
    }
}

impl<C: Class> Plan<'_, '_, C> {
    /// Finds out what has to be known ahead: marks the places of sections that relocations change, if that counts.
    /// A table of section indexes may lie anywhere, and is rare: with one, all is copied of a file that may be written.
    #[cold]
    pub(super) fn look_ahead(&mut self, reader: &mut Reader<'_>, stay: &Stay) -> Checked<()> {
        for words in self.scratch.slots() {
            words.set(Place::NONE.0);
        }
        let (mut cursor, mut chunk) = (self.file.sections.cursor(), Chunk::new());
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(());
            }
            for record in batch {
                let section = C::section(record);
                if stay.place.is_writable {
                    if section.kind == SHT_SYMTAB_SHNDX {
                        self.stay = None;
                    }
                } else if is_table(section.kind)
                    && section.size != 0
                    && let Some(words) = self.scratch.slots().get(section.info as usize)
                {
                    words.set(Place::CHANGED.0);
                }
            }
        }
    }

    /// Whether section `index` stays in the file, whose contents are `span`; then its offset there.
    #[cold]
    pub(super) fn stays(&mut self, index: usize, section: &Section, span: &Span) -> Option<u32> {
        let stay = self.stay.as_mut()?;
        let offset = span.offset();
        let aligned = section.align().is_ok_and(|align| {
            stay.place
                .address
                .wrapping_add(offset)
                .is_multiple_of(align)
        });
        let copied = section.size == 0
            || section.kind == SHT_NOTE
            || match stay.place.is_writable {
                true => {
                    let symbols = self.symbols.as_ref();
                    span.overlaps(&self.file.sections.span())
                        || span.overlaps(&self.file.names.span())
                        || symbols.is_some_and(|symbols| {
                            span.overlaps(&symbols.table.span())
                                || span.overlaps(&symbols.names.span())
                        })
                }
                false => {
                    section.is_writable()
                        || self.scratch.slots().get(index).map(Cell::get) == Some(Place::CHANGED.0)
                }
            };
        if !aligned || copied {
            return None;
        }
        stay.any = true;
        Some(offset as u32)
    }

    /// Whether section `index` stays in the file because the options want it; then its offset there.
    #[cold]
    pub(super) fn must_stay(
        &mut self,
        reader: &mut Reader<'_>,
        (index, section): (usize, &Section),
        span: &Span,
        options: &LoadOptions<'_>,
    ) -> Checked<Option<u32>> {
        let header = SectionHeader::new(index, section);
        let is_detached = options.detached.is_some_and(|detached| detached(&header));
        if !is_detached && !options.pre_located {
            return Ok(None);
        }
        let wanted = (!is_detached).then_some(section.address);
        let offset = span.offset();
        match &mut self.stay {
            Some(stay)
                if wanted
                    .is_none_or(|wanted| wanted == stay.place.address.wrapping_add(offset)) =>
            {
                stay.any = true;
                Ok(Some(offset as u32))
            }
            _ => self.not_in_place(reader, index, wanted),
        }
    }

    /// Refuses a file because a section cannot be used where it lies.
    #[cold]
    pub(super) fn not_in_place<T>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        address: Option<usize>,
    ) -> Checked<T> {
        match address {
            Some(address) => reader.refuse(Why::NotAtAddress, index, address),
            None => reader.refuse(Why::NotInPlace, index, 0),
        }
    }

    /// Whether a section that stays in the file may not be patched there.
    pub(super) fn is_read_only(&self, region: RegionKind) -> bool {
        region == RegionKind::File
            && self
                .stay
                .as_ref()
                .is_none_or(|stay| !stay.place.is_writable)
    }

    /// All addresses where code of the extension may come to lie.
    pub(super) fn code_bounds(&self) -> Range<usize> {
        let bounds = self.heap.bounds(crate::memory::MemoryKind::Instruction);
        match &self.stay {
            Some(stay) if stay.any => {
                let end = stay.place.address.saturating_add(stay.place.len);
                bounds.start.min(stay.place.address)..bounds.end.max(end)
            }
            _ => bounds,
        }
    }
}
