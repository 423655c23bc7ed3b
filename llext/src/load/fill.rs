//! Sections are filled, each byte copied once (invariant 3). Relocations are applied on the way where all tables come behind
//! their sections, else in a second round.

use super::plan::Plan;
use super::relocate::{Linker, Regions4, bytes_of};
use super::slots::Place;
use super::tables::is_table;
use crate::elf::claim::Chunk;
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::loaded::RegionKind;
use crate::memory::{Held, Places, copy, copy_short, zero};

impl<C: Class> Linker<'_, '_, '_, C> {
    /// Puts the sections' contents into place and zeros everywhere else, applies relocations, or both.
    pub(super) fn fill(
        &mut self,
        reader: &mut Reader<'_>,
        (parts, file): (&mut Regions4<'_>, &mut Held),
        (fill, apply): (bool, bool),
    ) -> Checked<()> {
        let mut filled = [0usize; 4];
        let (mut cursor, mut chunk) = (self.plan.file.sections.cursor(), Chunk::new());
        let mut index = 0usize;
        if fill {
            zero_arrays(self.plan, parts);
        }
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                break;
            }
            for record in batch {
                let place = self.plan.place(index).unwrap_or(Place::NONE);
                if place.is_usual() {
                    if fill && place.is_filled() {
                        fill_section::<C>(reader, record, place, (parts, &mut filled))?;
                    }
                } else if place == Place::USUAL_TABLE
                    && apply
                    && self.apply_table_at(reader, (index, record), parts)?
                {
                    // All of it.
                } else if place != Place::NONE || is_table(C::kind(record)) {
                    let parts = (&mut *parts, &mut *file, &mut filled);
                    self.fill_other(reader, (index, record), parts, (fill, apply))?;
                }
                index = index.wrapping_add(1);
            }
        }
        if fill {
            zero_rest(self.plan, parts, filled);
        }
        Ok(())
    }

    /// Applies the relocations in a table that the plan has found usual; false, and nothing done, if it has to be read.
    #[inline(always)]
    fn apply_table_at(
        &mut self,
        reader: &mut Reader<'_>,
        table: (usize, &C::Section),
        parts: &mut Regions4<'_>,
    ) -> Checked<bool> {
        match self.plan.machine.has_thumb() {
            true => self.apply_usual::<C::Rel>(reader, table, parts),
            false => self.apply_usual::<C::Rela>(reader, table, parts),
        }
    }

    #[inline(always)]
    fn apply_usual<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        (index, record): (usize, &C::Section),
        parts: &mut Regions4<'_>,
    ) -> Checked<bool> {
        let section = C::section(record);
        let Some(place) = self.plan.place(section.info as usize) else {
            return Ok(false);
        };
        let Some(bytes) = place.bytes(parts) else {
            return Ok(false);
        };
        let Some(batch) = reader.there(section.offset, section.size) else {
            return Ok(false);
        };
        let Some(batch) = R::view(batch) else {
            return Ok(false);
        };
        let rest = self.apply_words(batch, &mut Places::of(bytes));
        if !rest.is_empty() {
            self.apply_rest(reader, (index, record), parts, rest)?;
        }
        Ok(true)
    }

    /// Applies the last relocations of a table, beginning with one that is not usual.
    #[cold]
    fn apply_rest<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        (index, record): (usize, &C::Section),
        parts: &mut Regions4<'_>,
        rest: &[R],
    ) -> Checked<()> {
        self.plan.highs.forget();
        match self.plan.relocations(reader, index, record)? {
            Some(table) => {
                let mut none = Held::NONE;
                let mut places = Places::of(bytes_of(table.slot, parts, &mut none));
                self.apply_batch(reader, &table, &mut places, rest)
            }
            None => Ok(()),
        }
    }

    /// Whatever is not usual: parts of function arrays, and tables.
    #[cold]
    fn fill_other(
        &mut self,
        reader: &mut Reader<'_>,
        (index, record): (usize, &C::Section),
        (parts, file, filled): (&mut Regions4<'_>, &mut Held, &mut [usize; 4]),
        (fill, apply): (bool, bool),
    ) -> Checked<()> {
        let place = self.plan.place(index).unwrap_or(Place::NONE);
        if fill && place.is_filled() {
            let (region, start) = place.region_and_offset();
            match region == RegionKind::Data as usize && start >= self.plan.arrays.start as usize {
                true => read_section::<C>(reader, record, place.bytes(parts).unwrap_or_default())?,
                false => fill_section::<C>(reader, record, place, (parts, filled))?,
            }
        }
        if apply
            && is_table(C::kind(record))
            && let Some(table) = self.plan.relocations(reader, index, record)?
        {
            self.apply_entries(reader, &table, (parts, file))?;
        }
        Ok(())
    }
}

/// Copies a section to its place, which follows that of the one before in the same region.
#[inline(always)]
fn fill_section<C: Class>(
    reader: &mut Reader<'_>,
    record: &C::Section,
    place: Place,
    (parts, filled): (&mut Regions4<'_>, &mut [usize; 4]),
) -> Checked<()> {
    let (region, start) = place.region_and_offset();
    let section = C::section(record);
    if let Some(filled) = filled.get_mut(region) {
        if start != *filled
            && let Some(bytes) = parts.get_mut(region)
        {
            zero(bytes.get_mut(*filled..start).unwrap_or_default());
        }
        *filled = start.wrapping_add(place.size());
    }
    let Some(room) = place.bytes(parts) else {
        return Ok(());
    };
    match reader.there(section.offset, place.size()) {
        Some(there) => {
            copy_short(room, there);
            Ok(())
        }
        None => read_section::<C>(reader, record, room),
    }
}

/// Reads a section's contents.
#[cold]
fn read_section<C: Class>(
    reader: &mut Reader<'_>,
    record: &C::Section,
    room: &mut [u8],
) -> Checked<()> {
    let contents = C::section(record).contents(reader, Why::NoSection)?;
    match contents.there(reader) {
        Some(there) => copy(room, there),
        None => contents.read(reader, 0, room).map(drop)?,
    }
    Ok(())
}

/// Function arrays are the only sections that do not follow each other in file order: their part of the data region is zeroed
/// before.
fn zero_arrays<C: Class>(plan: &Plan<'_, '_, C>, parts: &mut Regions4<'_>) {
    let [_, _, data, _] = parts;
    zero_range(data, plan.arrays.start as usize, data.len());
}

/// Zeros what is behind the last section of each region.
fn zero_rest<C: Class>(plan: &Plan<'_, '_, C>, parts: &mut Regions4<'_>, filled: [usize; 4]) {
    let [text, rodata, data, bss] = parts;
    let [in_text, in_rodata, in_data, in_bss] = filled;
    zero_range(text, in_text, text.len());
    zero_range(rodata, in_rodata, rodata.len());
    zero_range(data, in_data, plan.arrays.start as usize);
    zero_range(bss, in_bss, bss.len());
}

/// Zeros a range, which is nearly always empty.
#[inline(always)]
fn zero_range(bytes: &mut [u8], start: usize, end: usize) {
    if start < end {
        zero(bytes.get_mut(start..end).unwrap_or_default());
    }
}
