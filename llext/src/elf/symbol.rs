//! Symbols.

use super::claim::Table;
use super::class::Class;
use super::header::File;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use super::section::Section;
use super::string::Strings;
use xmas_elf::sections::{SHN_ABS, SHN_COMMON, SHN_LORESERVE, SHN_UNDEF, SHN_XINDEX};

const STB_LOCAL: u8 = 0;
const STB_WEAK: u8 = 2;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_TLS: u8 = 6;
const STV_DEFAULT: u8 = 0;

/// The symbol table of a file.
pub(crate) struct Symbols<'s, C: Class> {
    /// Index of its section.
    pub(crate) section: usize,
    /// The symbols.
    pub(crate) table: Table<C::Symbol>,
    /// The same where they lie; none if they have to be read.
    pub(crate) there: &'s [C::Symbol],
    /// Their names.
    pub(crate) names: Strings,
    /// Section indexes that do not fit a symbol (`SHT_SYMTAB_SHNDX`).
    pub(crate) extended: Option<Table<[u32; 1]>>,
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
    pub(crate) value: usize,
    /// `st_size`
    pub(crate) size: usize,
    /// Where it is defined.
    pub(crate) home: Home,
    /// `st_shndx`, which that comes from.
    pub(crate) section: u16,
    info: u8,
    visibility: u8,
}

impl Symbol {
    /// The symbol of these fields: the second one has kind and binding, visibility, and section index.
    #[inline(always)]
    pub(crate) fn new(name: u32, rest: u32, value: usize, size: usize) -> Self {
        let section = (rest >> 16) as u16;
        let home = match section {
            SHN_UNDEF => Home::Undefined,
            index if index < SHN_LORESERVE => Home::Section(index.into()),
            SHN_ABS => Home::Absolute,
            SHN_COMMON => Home::Common,
            index => Home::Reserved(index),
        };
        Self {
            name,
            value,
            size,
            home,
            section,
            info: rest as u8,
            visibility: (rest >> 8) as u8 & 3,
        }
    }

    /// Whether it may stay undefined.
    pub(crate) fn is_weak(&self) -> bool {
        self.info >> 4 == STB_WEAK
    }

    /// Whether it is a function.
    pub(crate) fn is_function(&self) -> bool {
        self.info & 0xf == STT_FUNC
    }

    /// Whether it is a thread-local variable.
    pub(crate) fn is_thread_local(&self) -> bool {
        self.info & 0xf == STT_TLS
    }

    /// Whether it is a function or an object.
    pub(crate) fn is_code_or_data(&self) -> bool {
        matches!(self.info & 0xf, STT_FUNC | STT_OBJECT)
    }

    /// Whether others may use it, if there is no table of exports: a function or object, global, default visibility.
    pub(crate) fn is_exported(&self) -> bool {
        self.info >> 4 != STB_LOCAL && self.visibility == STV_DEFAULT && self.is_code_or_data()
    }
}

impl<'s, C: Class> Symbols<'s, C> {
    /// Believes in the symbol table `section` with `index`, after checking it.
    pub(crate) fn claim(
        reader: &mut Reader<'s>,
        file: &File<C>,
        index: usize,
        section: &Section,
    ) -> Checked<Self> {
        if section.entry_size as usize != size_of::<C::Symbol>() {
            return reader.refuse(Why::SectionEntrySize, index, section.entry_size as usize);
        }
        let table = Table::new(section.contents(reader, Why::NoSymbols)?);
        let names = match file.section(reader, section.link as usize)? {
            Some(names) => Strings::claim(reader, &names)?,
            None => None,
        };
        let Some(names) = names else {
            return reader.refuse(Why::SectionLink, index, section.link as usize);
        };
        reader.know_symbols(table.span(), names);
        Ok(Self {
            section: index,
            table,
            there: table.there(reader).unwrap_or_default(),
            names,
            extended: None,
        })
    }

    /// The symbols of a linked file, which refer to no section.
    pub(crate) fn of_image(
        reader: &mut Reader<'s>,
        table: Table<C::Symbol>,
        names: Strings,
    ) -> Self {
        reader.know_symbols(table.span(), names);
        Self {
            section: usize::MAX,
            table,
            there: table.there(reader).unwrap_or_default(),
            names,
            extended: None,
        }
    }

    /// Symbol `index`.
    pub(crate) fn get(&self, reader: &mut Reader<'_>, index: usize) -> Checked<Option<Symbol>> {
        let symbol = match self.there.get(index) {
            Some(entry) => Some(C::symbol(entry)),
            None => self.table.get(reader, index, C::symbol)?,
        };
        match symbol {
            Some(symbol) => self.find_home(reader, index, symbol).map(Some),
            None => Ok(None),
        }
    }

    /// Looks up the section index of symbol `index`, if it does not fit the symbol.
    #[inline]
    pub(crate) fn find_home(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        mut symbol: Symbol,
    ) -> Checked<Symbol> {
        if let (Home::Reserved(SHN_XINDEX), Some(extended)) = (symbol.home, &self.extended)
            && let Some(section) = extended.get(reader, index, |&[section]| section)?
        {
            symbol.home = Home::Section(section);
        }
        Ok(symbol)
    }
}
