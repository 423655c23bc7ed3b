//! First phase: every section header is checked, and every section that is loaded gets its place.

use super::LoadOptions;
use super::plan::Plan;
use super::slots::{self, LAST, Place, REGION_LIMIT};
use super::tables::is_table;
use super::usual::UsualSections;
use crate::elf::claim::{Chunk, Table};
use crate::elf::class::Class;
use crate::elf::note::{Note, Notes};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::section::{SHT_NOTE, SHT_PROGBITS, SHT_SYMTAB, SHT_SYMTAB_SHNDX, Section};
use crate::loaded::{BuildId, ExportTable, RegionKind};

/// Where priorities begin in the names of function arrays: ".init_array.", ".fini_array.".
const PRIORITY_AT: usize = 12;

impl<C: Class> Plan<'_, '_, C> {
    /// Goes through the section headers.
    pub(super) fn survey(
        &mut self,
        reader: &mut Reader<'_>,
        options: &LoadOptions<'_>,
    ) -> Checked<()> {
        if let Some(stay) = self.stay {
            self.look_ahead(reader, &stay)?;
        }
        let usual = self.usual_sections(reader);
        let places_usual = self.places_usual(options);
        let (mut cursor, mut chunk) = (self.file.sections.cursor(), Chunk::new());
        let (mut index, mut any_array) = (0, false);
        loop {
            let mut batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                break;
            }
            loop {
                if places_usual {
                    let done = self.place_usual(reader, &usual, batch, index)?;
                    index = index.saturating_add(done);
                    batch = batch.get(done..).unwrap_or_default();
                }
                let [record, rest @ ..] = batch else {
                    break;
                };
                let place = self.survey_one(reader, (index, record), &usual, options)?;
                any_array |= place.waits();
                if let Some(words) = self.scratch.slots().get(index) {
                    words.set(place.0);
                }
                index = index.saturating_add(1);
                batch = rest;
            }
        }
        // Section 0 is none.
        if let Some(words) = self.scratch.slots().first() {
            words.set(Place::NONE.0);
        }
        if any_array {
            self.arrays = slots::place_arrays(reader, &self.scratch, &mut self.layout, C::WORD)?;
        } else {
            self.arrays.start = self.layout.size(RegionKind::Data) as u32;
        }
        Ok(())
    }

    /// A section that asks for a closer look.
    #[cold]
    fn survey_one(
        &mut self,
        reader: &mut Reader<'_>,
        (index, record): (usize, &C::Section),
        usual: &UsualSections<'_>,
        options: &LoadOptions<'_>,
    ) -> Checked<Place> {
        let section = C::section(record);
        if section.is_allocated() && index != 0 {
            if options.keep_sections {
                self.keep(reader, &section)?;
            }
            self.has_other_tables |= is_table(section.kind);
            return self.add(reader, (index, &section), options);
        }
        if is_table(section.kind) {
            return self.trust(reader, usual, (index, &section));
        }
        self.look_at(reader, index, &section)?;
        Ok(Place::NONE)
    }

    /// A section that is not loaded.
    fn look_at(&mut self, reader: &mut Reader<'_>, index: usize, section: &Section) -> Checked<()> {
        match (section.kind, &mut self.symbols) {
            (SHT_SYMTAB, Some(symbols)) if symbols.section != index => {
                reader.refuse(Why::SeveralSymbolTables, 0, 0)
            }
            (SHT_SYMTAB_SHNDX, Some(symbols)) => {
                let span = section.contents(reader, Why::NoSectionIndexes)?;
                symbols.extended = Some(Table::new(span));
                Ok(())
            }
            (SHT_NOTE, _) => self.read_notes(reader, section).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// A section that is loaded: checked, and with its place in a region.
    fn add(
        &mut self,
        reader: &mut Reader<'_>,
        (index, section): (usize, &Section),
        options: &LoadOptions<'_>,
    ) -> Checked<Place> {
        let align = match section.align() {
            Ok(align) => align,
            Err(align) => return reader.refuse(Why::SectionAlign, index, align),
        };
        if section.is_unknown() {
            return reader.refuse(Why::SectionType, index, 0);
        }
        if section.is_compressed() {
            let flags = section.flags as usize;
            return reader.refuse(Why::SectionFlags, index, flags);
        }
        let (mut region, mut stays) = (section.region(), None);
        if region != RegionKind::Bss {
            let contents = section.contents(reader, Why::NoSection)?;
            if let Some(array) = section.array() {
                return self.add_array(reader, index, section, array);
            }
            if options.keeps_in_place() {
                stays = self.must_stay(reader, (index, section), &contents, options)?;
            }
            if stays.is_none() && self.stay.is_some() {
                stays = self.stays(index, section, &contents);
            }
        } else if options.pre_located && section.size != 0 {
            return self.not_in_place(reader, index, Some(section.address));
        }
        let is_code = region == RegionKind::Text;
        let offset = match stays {
            Some(offset) => {
                region = RegionKind::File;
                offset
            }
            None => self.layout.place(reader, region, section.size, align)?,
        };
        match section.kind {
            SHT_NOTE if region == RegionKind::Rodata => {
                if let Some((at, len)) = self.read_notes(reader, section)? {
                    let offset = offset.saturating_add(at);
                    self.build_id = BuildId { offset, len };
                }
            }
            // Nothing else that has records is worth a look at its name.
            SHT_PROGBITS
                if !is_code
                    && align >= C::WORD
                    && !options.export_all
                    && self.has_exports(reader, section.name)? =>
            {
                self.find_exports(reader, index, section, (region, offset))?;
            }
            _ => {}
        }
        let place = Place::new(region, offset, section.size);
        Ok(match is_table(section.kind) {
            true => place.apart(),
            false => place,
        })
    }

    /// Lets a part of a function array wait for the others.
    #[cold]
    fn add_array(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        section: &Section,
        array: u32,
    ) -> Checked<Place> {
        // The bound keeps the size within a slot; the layout refuses what is too large in sum.
        let size = section.size;
        if !size.is_multiple_of(C::WORD) || size >= REGION_LIMIT {
            return reader.refuse(Why::SectionSize, index, size);
        }
        let mut name = [0; PRIORITY_AT + 6];
        let name = self.file.names.read(reader, section.name, &mut name)?;
        Ok(Place::waiting(array, priority(name), size))
    }

    /// Remembers the build-id of a section of notes, and lets no file pass that was built for other exports.
    #[cold]
    pub(super) fn read_notes(
        &mut self,
        reader: &mut Reader<'_>,
        section: &Section,
    ) -> Checked<Option<(u32, u8)>> {
        let mut notes = Notes::new(section.contents(reader, Why::NoNotes)?);
        let mut build_id = None;
        while let Some(note) = notes.next(reader)? {
            match (note, self.world.abi) {
                (Note::BuildId(at, len), _) => build_id = Some((at, len)),
                (Note::Abi(found), Some(wanted)) if found != wanted.0 => {
                    return reader.refuse(Why::WrongAbi, found as usize, wanted.0 as usize);
                }
                (Note::Abi(_), _) => {}
            }
        }
        Ok(build_id)
    }

    /// Whether a section with the name at `name` is `.exported_sym`.
    #[inline(never)]
    pub(super) fn has_exports(&self, reader: &mut Reader<'_>, name: u32) -> Checked<bool> {
        let names = &self.file.names;
        names.matches(reader, name, b".exported_sym\0")
    }

    /// Remembers the records of `.exported_sym`.
    pub(super) fn find_exports(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        section: &Section,
        (region, offset): (RegionKind, u32),
    ) -> Checked<()> {
        let record = 2 * C::WORD;
        if !section.size.is_multiple_of(record) || self.exports.section.is_some() {
            return reader.refuse(Why::SectionSize, index, section.size);
        }
        self.exports = ExportTable {
            section: Some(region),
            offset,
            count: (section.size / record) as u32,
        };
        Ok(())
    }

    /// Counts a section whose name and address are kept.
    #[cold]
    pub(super) fn keep(&mut self, reader: &mut Reader<'_>, section: &Section) -> Checked<()> {
        if is_kept(section) {
            let name = self.file.names.len_at(reader, section.name)?;
            self.kept.0 = self.kept.0.saturating_add(1);
            self.kept.1 = self.kept.1.saturating_add(name).saturating_add(1);
        }
        Ok(())
    }
}

/// Whether a section's name and address are kept after the load, if that is asked for.
pub(super) fn is_kept(section: &Section) -> bool {
    section.is_allocated() && section.size != 0
}

/// The number that the name of a function array ends in, if it does.
fn priority(name: &[u8]) -> u32 {
    let digits = name.get(PRIORITY_AT..).unwrap_or_default();
    let number = core::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<u16>().ok());
    number.map_or(LAST, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_read_from_names() {
        assert_eq!(priority(b".init_array"), LAST);
        assert_eq!(priority(b".init_array.00101"), 101);
        assert_eq!(priority(b".fini_array.65535"), 65535);
        assert_eq!(priority(b".init_array.main"), LAST);
        assert_eq!(priority(b".init_array.65536"), LAST);
    }
}
