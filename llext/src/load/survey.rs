//! First phase: every section header is checked, and every section that is loaded gets its place.

use super::slots::{LAST, Layout, Slot, Slots};
use crate::elf::header::File;
use crate::elf::note;
use crate::elf::reader::{Checked, Reader};
use crate::elf::section::Section;
use crate::elf::symbol::Symbols;
use crate::error::LoadError;
use crate::loaded::{Arrays, BuildId, ExportTable};
use crate::memory::Heap;
use xmas_elf::sections::{SHF_COMPRESSED, ShType};

/// Bytes of a record of `.exported_sym`.
const EXPORT: usize = 8;
/// Where priorities begin in the names of function arrays: ".init_array.", ".fini_array.".
const PRIORITY_AT: usize = 12;

/// What the section headers say.
pub(super) struct Survey<'h> {
    /// Where each section goes.
    pub(super) slots: Slots<'h>,
    /// How large the regions are.
    pub(super) layout: Layout,
    /// Where the function arrays are.
    pub(super) arrays: Arrays,
    /// The records of `.exported_sym`, if there is such a section.
    pub(super) exports: Option<ExportTable>,
    /// Where the build-id is.
    pub(super) build_id: BuildId,
    /// Sections that are kept: how many, and bytes of their names with a NUL each.
    pub(super) kept: (usize, usize),
    symbols: Option<(usize, Section)>,
    extended: Option<Section>,
}

impl<'h> Survey<'h> {
    /// Takes the scratch for sections and goes through their headers.
    pub(super) fn of(
        reader: &mut Reader<'_>,
        file: &File,
        heap: &'h dyn Heap,
        keep_sections: bool,
    ) -> Checked<Self> {
        let mut survey = Self {
            slots: Slots::take(reader, heap, file.sections.len())?,
            layout: Layout::EMPTY,
            arrays: Arrays::default(),
            exports: None,
            build_id: BuildId::default(),
            kept: (0, 0),
            symbols: None,
            extended: None,
        };
        file.sections
            .for_each(reader, &mut |reader, index, record| {
                let section = Section::new(record);
                survey.add(reader, file, index, &section)?;
                if keep_sections && is_kept(&section) {
                    let name = file.names().len_at(reader, section.name)?;
                    survey.kept.0 = survey.kept.0.saturating_add(1);
                    survey.kept.1 = survey.kept.1.saturating_add(name).saturating_add(1);
                }
                Ok(())
            })?;
        survey.arrays = survey.slots.place_arrays(reader, &mut survey.layout)?;
        Ok(survey)
    }

    /// The symbol table, if there is one.
    pub(super) fn symbols(&self, reader: &mut Reader<'_>, file: &File) -> Checked<Option<Symbols>> {
        let Some((index, section)) = &self.symbols else {
            return Ok(None);
        };
        Symbols::claim(reader, file, *index, section, self.extended.as_ref()).map(Some)
    }

    fn add(
        &mut self,
        reader: &mut Reader<'_>,
        file: &File,
        index: usize,
        section: &Section,
    ) -> Checked<()> {
        match section.kind {
            Some(ShType::SymTab) if self.symbols.is_some() => {
                return reader.refuse(LoadError::SeveralSymbolTables);
            }
            Some(ShType::SymTab) => self.symbols = Some((index, *section)),
            Some(ShType::SymTabShIndex) => self.extended = Some(*section),
            _ => {}
        }
        if !section.is_allocated() {
            return Ok(());
        }
        let align = check(reader, file, index, section)?;
        if section.is_thread_local() {
            return Ok(());
        }
        match section.array() {
            Some(array) => self.add_array(reader, file, index, section, array),
            None => {
                let region = section.region();
                let offset = self
                    .layout
                    .place(reader, region, section.size, align as usize)?;
                self.slots.set(
                    index,
                    Slot {
                        region,
                        offset,
                        size: section.size as u32,
                    },
                );
                self.look_inside(reader, file, index, section, offset)
            }
        }
    }

    /// Lets a part of a function array wait for the others.
    fn add_array(
        &mut self,
        reader: &mut Reader<'_>,
        file: &File,
        index: usize,
        section: &Section,
        array: u32,
    ) -> Checked<()> {
        // The bound keeps the size within a slot; the layout refuses what is too large in sum.
        if !section.size.is_multiple_of(4) || section.size >= super::slots::REGION_LIMIT {
            return file.bad_section(reader, index, "sh_size", section.size as u32);
        }
        let mut name = [0; PRIORITY_AT + 6];
        let name = file
            .names()
            .read(reader, section.name, &mut name)?
            .unwrap_or_default();
        self.slots
            .wait(index, array, priority(name), section.size as u32);
        Ok(())
    }

    /// Remembers the sections whose contents matter to the loader.
    fn look_inside(
        &mut self,
        reader: &mut Reader<'_>,
        file: &File,
        index: usize,
        section: &Section,
        offset: u32,
    ) -> Checked<()> {
        match section.kind {
            Some(ShType::Note) if section.region() == crate::RegionKind::Rodata => {
                let span = section.contents(reader, "section")?;
                if let Some((at, len)) = note::find_build_id(reader, &span)? {
                    self.build_id = BuildId {
                        offset: offset.saturating_add(at),
                        len,
                    };
                }
                Ok(())
            }
            Some(ShType::ProgBits)
                if file
                    .names()
                    .matches(reader, section.name, b".exported_sym")? =>
            {
                if !section.size.is_multiple_of(EXPORT) || self.exports.is_some() {
                    return file.bad_section(reader, index, "sh_size", section.size as u32);
                }
                let count = (section.size / EXPORT) as u32;
                self.exports = Some(ExportTable {
                    section: Some(section.region()),
                    offset,
                    count,
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a section's name and address are kept after the load, if that is asked for.
pub(super) fn is_kept(section: &Section) -> bool {
    section.is_allocated() && !section.is_thread_local() && section.size != 0
}

/// Checks a section that is loaded and returns its alignment in bytes.
fn check(reader: &mut Reader<'_>, file: &File, index: usize, section: &Section) -> Checked<u32> {
    let align = match section.align() {
        Ok(align) => align,
        Err(align) => return file.bad_section(reader, index, "sh_addralign", align),
    };
    if section.kind.is_none() {
        return file.bad_section(reader, index, "sh_type", 0);
    }
    if section.flags & SHF_COMPRESSED != 0 {
        return file.bad_section(reader, index, "sh_flags", section.flags as u32);
    }
    if section.is_thread_local() && section.size != 0 {
        let section = file.section_name(reader, index);
        return reader.refuse(LoadError::ThreadLocal { section });
    }
    if !section.is_nobits() {
        section.contents(reader, "section")?;
    }
    Ok(align)
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
