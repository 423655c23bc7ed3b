//! Symbols.

use super::claim::{Table, Visit};
use super::header::File;
use super::section::Section;
use super::string::Strings;
use crate::elf::reader::{Checked, Reader};
use crate::error::LoadError;
use xmas_elf::sections::{SHN_ABS, SHN_COMMON, SHN_LORESERVE, SHN_UNDEF, SHN_XINDEX};
use xmas_elf::symbol_table::{Entry, Entry32};

const STB_LOCAL: u8 = 0;
const STB_WEAK: u8 = 2;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STV_DEFAULT: u8 = 0;

/// The symbol table of a file.
#[derive(Clone, Copy)]
pub(crate) struct Symbols {
    /// Index of its section.
    pub(crate) section: usize,
    table: Table<Entry32>,
    names: Strings,
    /// Section indexes that do not fit a symbol (`SHT_SYMTAB_SHNDX`).
    extended: Option<Table<u32>>,
}

/// Where a symbol is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Elsewhere.
    Undefined,
    /// Nowhere: its value is a number.
    Absolute,
    /// Where the loader likes: its value is an alignment.
    Common,
    /// In the section of this index: its value is an offset.
    Section(u32),
    /// The section index is one of those that ELF reserves.
    Reserved(u16),
}

/// A symbol.
#[derive(Clone, Copy)]
pub(crate) struct Symbol {
    /// Offset of its name.
    pub(crate) name: u32,
    /// `st_value`
    pub(crate) value: u32,
    /// `st_size`
    pub(crate) size: u32,
    /// Where it is defined.
    pub(crate) home: Home,
    binding: u8,
    kind: u8,
    visibility: u8,
}

impl Symbol {
    fn new(entry: &Entry32) -> Self {
        let home = match entry.shndx() {
            SHN_UNDEF => Home::Undefined,
            SHN_ABS => Home::Absolute,
            SHN_COMMON => Home::Common,
            index if index < SHN_LORESERVE => Home::Section(index.into()),
            index => Home::Reserved(index),
        };
        Self {
            name: entry.name(),
            value: entry.value() as u32,
            size: entry.size() as u32,
            home,
            binding: entry.info() >> 4,
            kind: entry.info() & 0xf,
            visibility: entry.get_other() as u8,
        }
    }

    /// Whether it may stay undefined.
    pub(crate) fn is_weak(&self) -> bool {
        self.binding == STB_WEAK
    }

    /// Whether it is a function.
    pub(crate) fn is_function(&self) -> bool {
        self.kind == STT_FUNC
    }

    /// Whether it is a function or an object.
    pub(crate) fn is_code_or_data(&self) -> bool {
        matches!(self.kind, STT_FUNC | STT_OBJECT)
    }

    /// Whether others may use it, if there is no table of exports: a function or object, global, default visibility.
    pub(crate) fn is_exported(&self) -> bool {
        self.binding != STB_LOCAL && self.visibility == STV_DEFAULT && self.is_code_or_data()
    }
}

impl Symbols {
    /// Believes in the symbol table `section` with `index`, after checking it. `extended` holds the section indexes
    /// that do not fit it, if there are any.
    pub(crate) fn claim(
        reader: &mut Reader<'_>,
        file: &File,
        index: usize,
        section: &Section,
        extended: Option<&Section>,
    ) -> Checked<Self> {
        if section.entry_size != size_of::<Entry32>() {
            return file.bad_section(reader, index, "sh_entsize", section.entry_size as u32);
        }
        let table = Table::new(section.contents(reader, "symbol table")?);
        let names = match file.section(reader, section.link as usize)? {
            Some(names) => Strings::claim(reader, &names)?,
            None => None,
        };
        let Some(names) = names else {
            return file.bad_section(reader, index, "sh_link", section.link);
        };
        let extended = match extended {
            Some(section) => Some(Table::new(section.contents(reader, "section indexes")?)),
            None => None,
        };
        Ok(Self {
            section: index,
            table,
            names,
            extended,
        })
    }

    /// Number of symbols.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Their names.
    pub(crate) fn names(&self) -> &Strings {
        &self.names
    }

    /// Symbol `index`.
    pub(crate) fn get(&self, reader: &mut Reader<'_>, index: usize) -> Checked<Option<Symbol>> {
        match self.table.get(reader, index, Symbol::new)? {
            Some(symbol) => self.find_home(reader, index, symbol).map(Some),
            None => Ok(None),
        }
    }

    /// Calls `each` for all symbols in order.
    pub(crate) fn for_each(&self, reader: &mut Reader<'_>, each: Visit<'_, Symbol>) -> Checked<()> {
        self.table.for_each(reader, &mut |reader, index, entry| {
            let symbol = self.find_home(reader, index, Symbol::new(entry))?;
            each(reader, index, &symbol)
        })
    }

    /// The name of symbol `index`, read into `buffer` and cut if it does not fit; empty if it has none.
    pub(crate) fn read_name<'b>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        match self.table.get(reader, index, |entry| entry.name())? {
            Some(name) => Ok(self.names.read(reader, name, buffer)?.unwrap_or_default()),
            None => Ok(&[]),
        }
    }

    /// Refuses the file for a field of symbol `index` that makes no sense.
    #[cold]
    pub(crate) fn bad_symbol<T>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        field: &'static str,
        value: u32,
    ) -> Checked<T> {
        let symbol = self.name(reader, index);
        reader.refuse(LoadError::BadSymbol {
            index,
            symbol,
            field,
            value,
        })
    }

    /// The name of symbol `index` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn name(&self, reader: &mut Reader<'_>, index: usize) -> crate::Name {
        match self.table.get(reader, index, |entry| entry.name()) {
            Ok(Some(name)) => self.names.name(reader, name),
            _ => crate::Name::EMPTY,
        }
    }

    /// Looks up a section index that does not fit the symbol.
    fn find_home(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        mut symbol: Symbol,
    ) -> Checked<Symbol> {
        if let (Home::Reserved(SHN_XINDEX), Some(extended)) = (symbol.home, &self.extended)
            && let Some(section) = extended.get(reader, index, |&section| section)?
        {
            symbol.home = Home::Section(section);
        }
        Ok(symbol)
    }
}
