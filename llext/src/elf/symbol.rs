//! Symbols.

use super::claim::{Table, Visit};
use super::header::File;
use super::section::Section;
use super::string::Strings;
use crate::error::LoadError;
use crate::source::Source;
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
        source: &mut dyn Source,
        file: &File,
        index: usize,
        section: &Section,
        extended: Option<&Section>,
    ) -> Result<Self, LoadError> {
        if section.entry_size != size_of::<Entry32>() {
            return Err(file.bad_section(source, index, "sh_entsize", section.entry_size as u32));
        }
        let table = Table::new(section.contents(file.len, "symbol table")?);
        let names = match file.section(source, section.link as usize)? {
            Some(names) => Strings::claim(source, file.len, &names)?,
            None => None,
        };
        let names =
            names.ok_or_else(|| file.bad_section(source, index, "sh_link", section.link))?;
        let extended = match extended {
            Some(section) => Some(Table::new(section.contents(file.len, "section indexes")?)),
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
    pub(crate) fn get(
        &self,
        source: &mut dyn Source,
        index: usize,
    ) -> Result<Option<Symbol>, LoadError> {
        match self.table.get(source, index, Symbol::new)? {
            Some(symbol) => self.find_home(source, index, symbol).map(Some),
            None => Ok(None),
        }
    }

    /// Calls `each` for all symbols in order.
    pub(crate) fn for_each(
        &self,
        source: &mut dyn Source,
        each: Visit<'_, Symbol>,
    ) -> Result<(), LoadError> {
        self.table.for_each(source, &mut |source, index, entry| {
            let symbol = self.find_home(source, index, Symbol::new(entry))?;
            each(source, index, &symbol)
        })
    }

    /// The name of symbol `index`, read into `buffer` and cut if it does not fit; empty if it has none.
    pub(crate) fn read_name<'b>(
        &self,
        source: &mut dyn Source,
        index: usize,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], LoadError> {
        match self.table.get(source, index, |entry| entry.name())? {
            Some(name) => Ok(self.names.read(source, name, buffer)?.unwrap_or_default()),
            None => Ok(&[]),
        }
    }

    /// The error for a field of symbol `index` that makes no sense.
    #[cold]
    pub(crate) fn bad_symbol(
        &self,
        source: &mut dyn Source,
        index: usize,
        field: &'static str,
        value: u32,
    ) -> LoadError {
        LoadError::BadSymbol {
            index,
            symbol: self.name(source, index),
            field,
            value,
        }
    }

    /// The name of symbol `index` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn name(&self, source: &mut dyn Source, index: usize) -> crate::Name {
        match self.table.get(source, index, |entry| entry.name()) {
            Ok(Some(name)) => self.names.name(source, name),
            _ => crate::Name::EMPTY,
        }
    }

    /// Looks up a section index that does not fit the symbol.
    fn find_home(
        &self,
        source: &mut dyn Source,
        index: usize,
        mut symbol: Symbol,
    ) -> Result<Symbol, LoadError> {
        if let (Home::Reserved(SHN_XINDEX), Some(extended)) = (symbol.home, &self.extended)
            && let Some(section) = extended.get(source, index, |&section| section)?
        {
            symbol.home = Home::Section(section);
        }
        Ok(symbol)
    }
}
