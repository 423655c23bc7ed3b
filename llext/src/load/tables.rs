//! Relocation tables of sections that are loaded, and the high parts that low parts refer to.

use super::plan::Plan;
use super::slots::Slot;
use crate::elf::claim::{Chunk, Span, Table};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::reloc::{Entries, Relocation};
use crate::elf::section::{SHT_REL, SHT_RELA};
use crate::loaded::RegionKind;
use crate::machine::Machine;

/// The relocations of a section that is loaded.
#[derive(Clone, Copy)]
pub(super) struct Relocations {
    /// Index of the section.
    pub(super) target: usize,
    /// Where it is.
    pub(super) slot: Slot,
    /// What is to be done in it.
    pub(super) entries: Entries,
}

impl Relocations {
    /// Those behind its first `size` bytes.
    pub(super) fn behind(mut self, size: usize) -> Self {
        self.entries.span = self.entries.span.behind(size);
        self
    }
}

/// In place of the number of a relocation type: none.
pub(super) const NO_TYPE: u32 = u32::MAX;

impl<C: Class> Plan<'_, '_, C> {
    /// The relocations in the table that section `index` is: `None` if they are for a section that is not loaded
    /// (debug information).
    #[inline(always)]
    pub(super) fn relocations(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        record: &C::Section,
    ) -> Checked<Option<Relocations>> {
        let section = C::section(record);
        let is_rela = section.kind == SHT_RELA;
        let (target, symbols) = (section.info as usize, section.link as usize);
        let Some(place) = self.place(target) else {
            return reader.refuse(Why::SectionInfo, index, target);
        };
        let Some(slot) = place.slot() else {
            return Ok(None);
        };
        let size = section.entry_size as usize;
        if size != Entries::size::<C>(is_rela) {
            return reader.refuse(Why::SectionEntrySize, index, size);
        }
        if self.symbols.as_ref().map(|symbols| symbols.section) != Some(symbols) {
            return reader.refuse(Why::SectionLink, index, symbols);
        }
        if slot.region == RegionKind::Bss {
            return reader.refuse(Why::SectionInfo, index, target);
        }
        let span = Span::claim(reader, section.offset, section.size, Why::NoRelocations)?;
        // Its records are read while the section is patched where it lies.
        if slot.region == RegionKind::File && slot.overlaps(&span) {
            return reader.refuse(Why::SectionOffset, index, span.offset());
        }
        let entries = Entries { span, is_rela };
        Ok(Some(Relocations {
            target,
            slot,
            entries,
        }))
    }
}

/// Whether a section of this type is a relocation table.
#[inline(always)]
pub(super) fn is_table(kind: u32) -> bool {
    kind == SHT_REL || kind == SHT_RELA
}

/// How many high parts are remembered.
const REMEMBERED: usize = 8;

/// The high parts of one table (RISC-V's PCREL_HI20 and GOT_HI20), by the offset of their places.
///
/// Compilers put a low part soon after its high part, so that the last few are nearly always enough;
/// for another one the table is searched, whatever the order.
pub(super) struct HighParts {
    last: Option<[Relocation; REMEMBERED]>,
    count: usize,
}

impl HighParts {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self {
            last: None,
            count: 0,
        }
    }

    /// Forgets the high parts of another table.
    pub(super) fn forget(&mut self) {
        self.count = 0;
    }

    /// Remembers a high part.
    pub(super) fn remember(&mut self, relocation: &Relocation) {
        let last = self.last.get_or_insert([Relocation::NONE; REMEMBERED]);
        if let Some(place) = last.get_mut(self.count % REMEMBERED) {
            *place = *relocation;
        }
        self.count = self.count.wrapping_add(1);
    }

    /// The high part whose place is at `offset` of the section that `entries` are for.
    pub(super) fn find<C: Class>(
        &mut self,
        reader: &mut Reader<'_>,
        entries: &Entries,
        machine: &Machine,
        offset: usize,
    ) -> Checked<Option<Relocation>> {
        let mut known = self.last.iter().flatten().take(self.count);
        if let Some(found) = known.find(|known| known.offset == offset) {
            return Ok(Some(*found));
        }
        let found = match entries.is_rela {
            true => search::<C::Rela>(reader, entries, machine, offset)?,
            false => search::<C::Rel>(reader, entries, machine, offset)?,
        };
        if let Some(found) = &found {
            self.remember(found);
        }
        Ok(found)
    }
}

#[cold]
fn search<R: Reloc>(
    reader: &mut Reader<'_>,
    entries: &Entries,
    machine: &Machine,
    offset: usize,
) -> Checked<Option<Relocation>> {
    let (mut cursor, mut chunk) = (Table::<R>::new(entries.span).cursor(), Chunk::new());
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(None);
        }
        let is_high = |record: &&R| {
            let record = record.fields();
            let row = machine.row(record.r_type);
            record.offset == offset && row.is_some_and(|row| row.is_high_part())
        };
        if let Some(found) = batch.iter().find(is_high) {
            return Ok(Some(found.fields()));
        }
    }
}
