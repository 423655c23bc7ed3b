//! Second phase: symbols are looked up, each once (invariant 3), in the order own, firmware, other extensions, weak = 0.
//!
//! A symbol is looked at when a relocation or the exports ask for it first; where it has to be read, together with those
//! that are read with it. So a symbol that makes no sense and that nobody uses is perhaps refused there, but nowhere else,
//! and common symbols that nobody uses may have memory there.

use super::entry::{Entry, Meaning};
use super::plan::Plan;
use super::slots::REGION_LIMIT;
use super::stay::Stay;
use crate::elf::claim::{Chunk, Table};
use crate::elf::class::Class;
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::symbol::{Home, Symbol};
use crate::export::{AbiId, Exports};
use crate::loaded::{RegionKind, Registry};
use xmas_elf::sections::{SHN_LORESERVE, SHN_UNDEF};

/// The longest name that is looked up, in bytes, if it has to be read first.
const NAME_LIMIT: usize = 255;

/// What an extension may use.
#[derive(Clone, Copy)]
pub(super) struct World<'w> {
    pub(super) exports: Exports<'w>,
    pub(super) registry: &'w Registry,
    /// The address that near exports of the firmware count from.
    pub(super) near: usize,
    /// The id of the firmware's exports, unless files for others are welcome too.
    pub(super) abi: Option<AbiId>,
    /// The file, if sections may stay in it.
    pub(super) stay: Option<Stay>,
    /// What extensions' code takes for the thread pointer.
    pub(super) thread_pointer: usize,
}

impl<'w> World<'w> {
    /// With nothing used of it yet.
    pub(super) fn new(exports: Exports<'w>, registry: &'w Registry) -> Self {
        registry.unmark();
        let near = Entry::near_base(exports.address(0).unwrap_or(0));
        Self {
            exports,
            registry,
            near,
            abi: None,
            stay: None,
            thread_pointer: 0,
        }
    }

    /// The same, for code that has this thread pointer.
    pub(super) fn with_thread_pointer(self, thread_pointer: usize) -> Self {
        Self {
            thread_pointer,
            ..self
        }
    }

    /// The same, where a file that was built for other exports is refused.
    pub(super) fn with_abi(self, abi: Option<AbiId>) -> Self {
        Self { abi, ..self }
    }

    /// The same, where sections may stay in the file.
    pub(super) fn with_file(self, stay: Option<Stay>) -> Self {
        Self { stay, ..self }
    }
}

/// Which symbols a sweep is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Unknown,
    Exported,
    Common,
}

impl<C: Class> Plan<'_, '_, C> {
    /// Goes through the symbols, as far as that has to be done before relocations ask for them.
    pub(super) fn resolve_ahead(&mut self, reader: &mut Reader<'_>) -> Checked<()> {
        if self.exports.section.is_none() {
            self.sweep_all(reader, Sweep::Exported)?;
        }
        Ok(())
    }

    /// What symbol `index` is; `None` if there is none.
    #[inline(always)]
    pub(super) fn resolved(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
    ) -> Checked<Option<Entry>> {
        match self.entry(index) {
            Some(Entry::UNKNOWN) => self.resolve(reader, index).map(Some),
            known => Ok(known),
        }
    }

    /// What symbol `index` is, as far as that is known; `None` if there is none.
    #[inline(always)]
    pub(super) fn entry(&self, index: usize) -> Option<Entry> {
        self.scratch
            .entries()
            .get(index)
            .map(|word| Entry(word.get()))
    }

    /// Says anew what symbol `index` is.
    pub(super) fn set_entry(&self, index: usize, entry: Entry) {
        if let Some(word) = self.scratch.entries().get(index) {
            word.set(entry.0);
        }
    }

    /// Finds out what symbol `index` is.
    #[inline(never)]
    fn resolve(&mut self, reader: &mut Reader<'_>, index: usize) -> Checked<Entry> {
        if let Some(symbols) = &self.symbols
            && let Some(record) = symbols.there.get(index)
        {
            return self.look_up(reader, index, record);
        }
        self.resolve_read(reader, index)
    }

    /// What symbol `index` is, found out when memory has been taken. A common symbol, which would need more of it, stays unknown.
    #[inline(never)]
    pub(super) fn learn(&self, reader: &mut Reader<'_>, index: usize) -> Checked<Entry> {
        let symbols = self.symbols.as_ref().map(|symbols| symbols.there);
        match symbols.and_then(|symbols| symbols.get(index)) {
            Some(record) => self.learn_from(reader, index, record),
            None => self.learn_read(reader, index),
        }
    }

    #[inline(always)]
    fn learn_from(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        record: &C::Symbol,
    ) -> Checked<Entry> {
        if C::symbol(record).section == SHN_UNDEF {
            return self.find_name(reader, index, record);
        }
        match self.defined(record) {
            Some(entry) => Ok(entry),
            None => self.find(reader, index, record),
        }
    }

    /// The same where symbols have to be read: with all that are read at once.
    #[cold]
    fn learn_read(&self, reader: &mut Reader<'_>, index: usize) -> Checked<Entry> {
        if let Some(symbols) = &self.symbols {
            let (first, batch) = symbols.table.batch_of(reader, index);
            let (mut cursor, mut chunk) = (batch.cursor(), Chunk::new());
            for (index, record) in (first..).zip(cursor.next(reader, &mut chunk)?) {
                if self.entry(index) == Some(Entry::UNKNOWN) {
                    let found = self.learn_from(reader, index, record)?;
                    self.set_entry(index, found);
                }
            }
        }
        Ok(self.entry(index).unwrap_or(Entry::UNKNOWN))
    }

    /// What a symbol is that lies in a section which is loaded; `None` of any other one. (Section 0 is never loaded, so that
    /// this is none of an undefined symbol.)
    #[inline(always)]
    fn defined(&self, symbol: &C::Symbol) -> Option<Entry> {
        let symbol = C::symbol(symbol);
        let place = self.place(symbol.section.into())?;
        let entry = place.at(symbol.value)?;
        let is_index = symbol.section < SHN_LORESERVE;
        is_index.then(|| entry.as_function(symbol.is_function()))
    }

    /// Looks up symbol `index` and all that are read with it, so that each is read once.
    #[cold]
    fn resolve_read(&mut self, reader: &mut Reader<'_>, index: usize) -> Checked<Entry> {
        if let Some(symbols) = &self.symbols {
            let (first, batch) = symbols.table.batch_of(reader, index);
            self.sweep(reader, Sweep::Unknown, (first, batch))?;
        }
        Ok(self.entry(index).unwrap_or(Entry::ZERO))
    }

    /// Looks up symbol `index`, which `record` holds, and writes down what it is.
    fn look_up(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        record: &C::Symbol,
    ) -> Checked<Entry> {
        if C::symbol(record).home == Home::Common {
            // All of them at once, so that their places do not depend on who asks first.
            self.sweep_all(reader, Sweep::Common)?;
            return Ok(self.entry(index).unwrap_or(Entry::ZERO));
        }
        let entry = self.find(reader, index, record)?;
        self.set_entry(index, entry);
        Ok(entry)
    }

    /// What symbol `index` is, which `record` holds and which is no common one.
    #[inline(never)]
    fn find(&self, reader: &mut Reader<'_>, index: usize, record: &C::Symbol) -> Checked<Entry> {
        let symbol = C::symbol(record);
        let home = match (symbol.home, &self.symbols) {
            (Home::Reserved(_), Some(symbols)) => symbols.find_home(reader, index, symbol)?.home,
            (home, _) => home,
        };
        match home {
            Home::Section(section) => self.at_section(reader, index, record, section as usize),
            Home::Undefined => self.find_name(reader, index, record),
            Home::Absolute => fits(reader, Why::Symbols, Entry::absolute(index)),
            Home::Common => Ok(Entry::UNKNOWN),
            Home::Reserved(home) => reader.refuse(Why::SymbolSection, index, home.into()),
        }
    }

    /// A symbol of a section of the file. It may lie at the section's end, but not behind it.
    #[inline(always)]
    fn at_section(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        record: &C::Symbol,
        section: usize,
    ) -> Checked<Entry> {
        let symbol = C::symbol(record);
        match self.place(section) {
            Some(place) if place.is_placed() => match place.at(symbol.value) {
                Some(entry) => Ok(entry.as_function(symbol.is_function())),
                None => reader.refuse(Why::SymbolValue, index, symbol.value),
            },
            Some(_) => Ok(Entry::NOT_LOADED),
            None => match (self.at_address(symbol.value), &self.linked) {
                (Some(entry), _) => Ok(entry.as_function(symbol.is_function())),
                // Linkers define what has no place in a library (the end of a stack).
                (None, Some(_)) => Ok(Entry::NOT_LOADED),
                (None, None) => reader.refuse(Why::SymbolSection, index, section),
            },
        }
    }

    /// A symbol that the file does not define.
    #[inline(never)]
    fn find_name(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        record: &C::Symbol,
    ) -> Checked<Entry> {
        let symbol = C::symbol(record);
        let name_at = symbol.name;
        let Some(symbols) = &self.symbols else {
            return Ok(Entry::UNDEFINED);
        };
        if !symbols.names.has(name_at) && name_at != 0 {
            return reader.refuse(Why::SymbolName, index, name_at as usize);
        }
        let mut chunk = Chunk::new();
        let text = symbols.names.text(reader, name_at, &mut chunk)?;
        let World {
            exports,
            registry,
            near,
            ..
        } = self.world;
        let (len, position) = exports.look_up(text);
        // Where Zephyr's build has put ids, they are the values of undefined symbols.
        #[cfg(feature = "slid")]
        let position = position.or_else(|| exports.position_of_id(symbol.value));
        if let Some(position) = position {
            let address = exports.address(position).unwrap_or(0);
            let entry = Entry::firmware(position, address, near);
            return fits(reader, Why::Exports, entry);
        }
        let Some(name) = len.and_then(|len| text.get(..len)) else {
            return reader.refuse(Why::LongName, index, NAME_LIMIT);
        };
        if let Some(number) = registry.find_export(name) {
            return fits(reader, Why::Exports, Entry::extension(number));
        }
        Ok(match symbol.is_weak() {
            true => Entry::ZERO,
            false => Entry::UNDEFINED,
        })
    }

    /// Goes through all symbols in order.
    fn sweep_all(&mut self, reader: &mut Reader<'_>, which: Sweep) -> Checked<()> {
        match &self.symbols {
            Some(symbols) => {
                let table = symbols.table;
                self.sweep(reader, which, (0, table))
            }
            None => Ok(()),
        }
    }

    /// Goes through a part of the symbols, the first of which is symbol `index`.
    #[cold]
    fn sweep(
        &mut self,
        reader: &mut Reader<'_>,
        which: Sweep,
        (mut index, part): (usize, Table<C::Symbol>),
    ) -> Checked<()> {
        let (mut cursor, mut chunk) = (part.cursor(), Chunk::new());
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(());
            }
            for record in batch {
                let symbol = C::symbol(record);
                match which {
                    Sweep::Common if symbol.home == Home::Common => {
                        let entry = self.place_common(reader, index, &symbol)?;
                        self.set_entry(index, entry);
                    }
                    Sweep::Unknown if self.entry(index) == Some(Entry::UNKNOWN) => {
                        self.look_up(reader, index, record)?;
                    }
                    Sweep::Exported if symbol.is_exported() => {
                        self.count_export(reader, index, &symbol)?
                    }
                    _ => {}
                }
                index = index.saturating_add(1);
            }
        }
    }

    /// Counts a symbol that others may use, if it is in the file.
    fn count_export(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        symbol: &Symbol,
    ) -> Checked<()> {
        if let Some(Meaning::Own(..)) = self.resolved(reader, index)?.map(Entry::meaning)
            && let Some(symbols) = &self.symbols
        {
            if !symbols.names.has(symbol.name) {
                return reader.refuse(Why::SymbolName, index, symbol.name as usize);
            }
            let len = symbols.names.len_at(reader, symbol.name)?;
            self.exports.count = self.exports.count.saturating_add(1);
            self.export_names = self.export_names.saturating_add(len).saturating_add(1);
        }
        Ok(())
    }

    /// A common symbol: its value is its alignment.
    fn place_common(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        symbol: &Symbol,
    ) -> Checked<Entry> {
        if !symbol.value.is_power_of_two() {
            return reader.refuse(Why::SymbolValue, index, symbol.value);
        }
        let region = RegionKind::Bss;
        let offset = self
            .layout
            .place(reader, region, symbol.size, symbol.value)?;
        Ok(Entry::own(region, offset))
    }
}

/// An entry, if what it counts has room in one.
#[inline(always)]
fn fits(reader: &mut Reader<'_>, why: Why, entry: Option<Entry>) -> Checked<Entry> {
    match entry {
        Some(entry) => Ok(entry),
        None => reader.refuse(why, REGION_LIMIT, 0),
    }
}
