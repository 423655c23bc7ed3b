//! Sections are filled, each byte copied once (invariant 3). Relocations are applied on the way where all tables come behind
//! their sections, else in a second round.

use super::entry::Entry;
use super::plan::Plan;
use super::relocate::{Linker, Regions4};
use super::slots::Place;
use super::tables::is_table;
use crate::elf::claim::{Chunk, Span};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::loaded::RegionKind;
use crate::memory::{Held, Places, copy_short, zero};

impl<C: Class> Linker<'_, '_, '_, C> {
    /// Puts the sections' contents into place and zeros everywhere else, applies relocations, or both.
    pub(super) fn fill(
        &mut self,
        reader: &mut Reader<'_>,
        (parts, file): (&mut Regions4<'_>, &mut Held),
        (fill, apply): (bool, bool),
    ) -> Checked<()> {
        let mut filler = Filler::new();
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
            if fill {
                self.fill_batch(reader, (index, batch), parts, &mut filler)?;
            }
            if apply {
                let (at, into) = ((index, batch), (&mut *parts, &mut *file));
                match self.plan.machine.has_thumb() {
                    true => self.apply_tables::<C::Rel>(reader, at, into)?,
                    false => self.apply_tables::<C::Rela>(reader, at, into)?,
                }
            }
            index = index.saturating_add(batch.len());
        }
        if fill {
            zero_rest(self.plan, parts, filler.filled);
        }
        Ok(())
    }

    /// Fills the sections of these headers, the first of which has this index.
    #[inline(always)]
    fn fill_batch(
        &self,
        reader: &mut Reader<'_>,
        (first, batch): (usize, &[C::Section]),
        parts: &mut Regions4<'_>,
        filler: &mut Filler,
    ) -> Checked<()> {
        let slots = self.plan.scratch.slots().get(first..);
        for (record, words) in batch.iter().zip(slots.unwrap_or_default()) {
            let place = Place(words.get());
            if !place.is_filled() {
                continue;
            }
            let offset = C::section(record).offset;
            if place.is_usual() {
                filler.add(reader, place, offset, parts)?;
            } else {
                self.fill_apart(reader, place, offset, (parts, filler))?;
            }
        }
        filler.flush(reader, parts)
    }

    /// Fills what is not filled like the others: parts of function arrays, and tables.
    #[cold]
    fn fill_apart(
        &self,
        reader: &mut Reader<'_>,
        place: Place,
        offset: usize,
        (parts, filler): (&mut Regions4<'_>, &mut Filler),
    ) -> Checked<()> {
        filler.flush(reader, parts)?;
        let (region, start) = place.region_and_offset();
        if region == RegionKind::Data as usize && start >= self.plan.arrays.start as usize {
            return fill_range(reader, offset, place.bytes(parts).unwrap_or_default());
        }
        filler.add(reader, place, offset, parts)
    }

    /// Applies the tables of relocations among these headers, the first of which has this index.
    fn apply_tables<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        (mut index, mut batch): (usize, &[C::Section]),
        (parts, file): (&mut Regions4<'_>, &mut Held),
    ) -> Checked<()> {
        loop {
            let (done, applied) = self.apply_usual::<R>(reader, (index, batch), parts)?;
            index = index.saturating_add(done);
            let [record, behind @ ..] = batch.get(done..).unwrap_or_default() else {
                return Ok(());
            };
            if is_table(C::kind(record))
                && let Some(table) = self.plan.relocations(reader, index, record)?
            {
                let is_trusted =
                    self.plan.trusts && self.plan.place(index) == Some(Place::USUAL_TABLE);
                let table = table.behind(applied);
                if is_trusted && !self.plan.are_sound(reader, &table)? {
                    return reader.refuse(Why::Distrust, 0, 0);
                }
                self.apply_entries(reader, &table, (&mut *parts, &mut *file))?;
            }
            index = index.saturating_add(1);
            batch = behind;
        }
    }

    /// The same as long as they are usual. How many headers there are before that of a table which is not, and bytes of it that
    /// have been applied.
    #[inline(never)]
    fn apply_usual<R: Reloc>(
        &self,
        reader: &mut Reader<'_>,
        (first, batch): (usize, &[C::Section]),
        parts: &mut Regions4<'_>,
    ) -> Checked<(usize, usize)> {
        let (slots, mut chunk) = (self.plan.scratch.slots(), Chunk::new());
        let mut done = 0usize;
        for (record, words) in batch.iter().zip(slots.get(first..).unwrap_or_default()) {
            let place = Place(words.get());
            if place == Place::USUAL_TABLE {
                let section = C::section(record);
                let target = slots.get(section.info as usize);
                let bytes = target.and_then(|target| Place(target.get()).bytes(parts));
                let span = Span::within(reader, section.offset, section.size);
                let (Some(bytes), Some(span)) = (bytes, span) else {
                    break;
                };
                let places = &mut Places::of(bytes);
                let applied = span.each_piece(reader, &mut chunk, |reader, batch: &[R]| {
                    Ok(self.apply_words(reader, batch, places)?.len())
                })?;
                if applied != section.size {
                    return Ok((done, applied));
                }
            } else if !place.is_usual() && is_table(C::kind(record)) {
                break;
            }
            done = done.wrapping_add(1);
        }
        Ok((done, 0))
    }
}

/// Fills regions from their starts on: sections that follow each other in the file as they do in a region are copied at once.
struct Filler {
    /// Bytes of each region that have been filled.
    filled: [usize; 4],
    /// What is to be copied next, as entries of symbols: its start, and its end.
    start: u32,
    end: u32,
    /// What is to be added to an entry there to get an offset in the file.
    distance: usize,
}

impl Filler {
    fn new() -> Self {
        Self {
            filled: [0; 4],
            start: 0,
            end: 0,
            distance: 0,
        }
    }

    /// Adds a section, which lies at `offset` of the file.
    #[inline(always)]
    fn add(
        &mut self,
        reader: &mut Reader<'_>,
        place: Place,
        offset: usize,
        parts: &mut Regions4<'_>,
    ) -> Checked<()> {
        let start = place.start();
        let distance = offset.wrapping_sub(start as usize);
        if start != self.end || distance != self.distance {
            self.flush(reader, parts)?;
            (self.start, self.distance) = (start, distance);
        }
        self.end = start.wrapping_add(place.size() as u32);
        Ok(())
    }

    /// Copies what has been added.
    #[inline(never)]
    fn flush(&mut self, reader: &mut Reader<'_>, parts: &mut Regions4<'_>) -> Checked<()> {
        let (region, start) = Entry(self.start).place();
        let (region, start) = (region as usize, start as usize);
        let len = self.end.wrapping_sub(self.start) as usize;
        let offset = self.distance.wrapping_add(self.start as usize);
        self.start = self.end;
        let (Some(bytes), Some(filled)) = (parts.get_mut(region), self.filled.get_mut(region))
        else {
            return Ok(());
        };
        if len == 0 {
            return Ok(());
        }
        if start != *filled {
            zero(bytes.get_mut(*filled..start).unwrap_or_default());
        }
        *filled = start.wrapping_add(len);
        let Some(room) = bytes.get_mut(start..).and_then(|rest| rest.get_mut(..len)) else {
            return Ok(());
        };
        fill_range(reader, offset, room)
    }
}

/// Fills `room` with what lies at `offset` of the file.
#[inline(always)]
fn fill_range(reader: &mut Reader<'_>, offset: usize, room: &mut [u8]) -> Checked<()> {
    match reader.there(offset, room.len()) {
        Some(there) => {
            copy_short(room, there);
            Ok(())
        }
        None => read_range(reader, offset, room),
    }
}

#[cold]
fn read_range(reader: &mut Reader<'_>, offset: usize, room: &mut [u8]) -> Checked<()> {
    let span = Span::claim(reader, offset, room.len(), Why::NoSection)?;
    span.read(reader, 0, room).map(drop)
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
