//! Relocation tables, with addends (RELA) and without (REL).

use super::claim::Table;
use super::header::File;
use super::section::Section;
use crate::elf::reader::{Checked, Reader};
use xmas_elf::P32;
use xmas_elf::sections::{Rel, Rela, ShType};

/// A relocation entry. Its numbers are claims until the plan has checked them against section and symbol table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    /// Offset of the place in the section, in bytes.
    pub(crate) offset: u32,
    /// Index of the symbol.
    pub(crate) symbol: u32,
    /// The psABI's number.
    pub(crate) r_type: u32,
    /// The addend, unless the place itself holds it.
    pub(crate) addend: Option<i32>,
}

/// The relocations of one section.
#[derive(Clone, Copy)]
pub(crate) struct Relocations {
    /// Index of the section that is relocated.
    pub(crate) target: usize,
    /// Index of the symbol table.
    pub(crate) symbols: usize,
    table: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rel(Table<Rel<P32>>),
    Rela(Table<Rela<P32>>),
}

impl From<&Rel<P32>> for Relocation {
    fn from(entry: &Rel<P32>) -> Self {
        Self {
            offset: entry.get_offset(),
            symbol: entry.get_symbol_table_index(),
            r_type: entry.get_type().into(),
            addend: None,
        }
    }
}

impl From<&Rela<P32>> for Relocation {
    fn from(entry: &Rela<P32>) -> Self {
        Self {
            offset: entry.get_offset(),
            symbol: entry.get_symbol_table_index(),
            r_type: entry.get_type().into(),
            addend: Some(entry.get_addend() as i32),
        }
    }
}

impl Relocations {
    /// Whether `section` is a relocation table.
    pub(crate) fn is_table(section: &Section) -> bool {
        matches!(section.kind, Some(ShType::Rel | ShType::Rela))
    }

    /// Believes in the relocation table `section` with `index`, after checking it.
    pub(crate) fn claim(
        reader: &mut Reader<'_>,
        file: &File,
        index: usize,
        section: &Section,
    ) -> Checked<Self> {
        let span = section.contents(reader, "relocations")?;
        let table = match (section.kind, section.entry_size) {
            (Some(ShType::Rel), 8) => Kind::Rel(Table::new(span)),
            (Some(ShType::Rela), 12) => Kind::Rela(Table::new(span)),
            (_, size) => return file.bad_section(reader, index, "sh_entsize", size as u32),
        };
        Ok(Self {
            target: section.info as usize,
            symbols: section.link as usize,
            table,
        })
    }

    /// Calls `each` for all entries in order.
    pub(crate) fn for_each(
        &self,
        reader: &mut Reader<'_>,
        mut each: impl FnMut(&mut Reader<'_>, &Relocation) -> Checked<()>,
    ) -> Checked<()> {
        match &self.table {
            Kind::Rel(table) => {
                table.for_each(reader, &mut |reader, _, entry| each(reader, &entry.into()))
            }
            Kind::Rela(table) => {
                table.for_each(reader, &mut |reader, _, entry| each(reader, &entry.into()))
            }
        }
    }
}
