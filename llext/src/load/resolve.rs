//! Second phase: each symbol is looked up once (invariant 3), in the order own, firmware, other extensions, weak = 0.

use super::entry::{Entry, Meaning};
use super::slots::REGION_LIMIT;
use super::survey::Survey;
use crate::elf::reader::{Checked, Reader};
use crate::elf::symbol::{Home, Symbol, Symbols};
use crate::error::LoadError;
use crate::export::Exports;
use crate::loaded::{RegionKind, Registry};
use crate::memory::{Array, Heap};

/// The longest name that is looked up, in bytes.
const NAME_LIMIT: usize = 255;

/// What an extension may use.
#[derive(Clone, Copy)]
pub(super) struct World<'w> {
    pub(super) exports: Exports<'w>,
    pub(super) registry: &'w Registry,
}

/// What the symbols are.
pub(super) struct Resolved<'h> {
    /// An entry a symbol.
    entries: Array<'h, u32>,
    /// Symbols that others may use, if there is no table of exports: how many, and bytes of their names with a NUL each.
    pub(super) exported: (usize, usize),
    /// How many extensions are used.
    pub(super) dependencies: usize,
}

impl<'h> Resolved<'h> {
    /// Takes the scratch for symbols and goes through them. Common symbols get their places in the bss region.
    pub(super) fn of(
        reader: &mut Reader<'_>,
        symbols: Option<&Symbols>,
        survey: &mut Survey<'_>,
        world: World<'_>,
        heap: &'h dyn Heap,
    ) -> Checked<Self> {
        world.registry.unmark();
        let count = symbols.map_or(0, Symbols::len);
        let size = count.saturating_mul(size_of::<u32>());
        let entries = reader.memory(heap, size, Array::take(heap, count))?;
        let mut resolved = Self {
            entries,
            exported: (0, 0),
            dependencies: 0,
        };
        if let Some(symbols) = symbols {
            symbols.for_each(reader, &mut |reader, index, symbol| {
                resolved.add(reader, symbols, survey, world, index, symbol)
            })?;
        }
        resolved.dependencies = world.registry.marked().count();
        Ok(resolved)
    }

    /// Bytes of scratch.
    pub(super) fn scratch(&self) -> usize {
        size_of_val::<[u32]>(&self.entries)
    }

    /// What symbol `index` is.
    pub(super) fn get(&self, index: usize) -> Option<Entry> {
        self.entries.get(index).copied().map(Entry)
    }

    /// Says anew what symbol `index` is.
    pub(super) fn set(&mut self, index: usize, entry: Entry) {
        if let Some(word) = self.entries.get_mut(index) {
            *word = entry.0;
        }
    }

    /// Number of symbols.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn add(
        &mut self,
        reader: &mut Reader<'_>,
        symbols: &Symbols,
        survey: &mut Survey<'_>,
        world: World<'_>,
        index: usize,
        symbol: &Symbol,
    ) -> Checked<()> {
        if !symbols.names().has(symbol.name) && symbol.name != 0 {
            return symbols.bad_symbol(reader, index, "st_name", symbol.name);
        }
        let entry = match symbol.home {
            _ if index == 0 => Entry::ZERO,
            Home::Section(section) => place(reader, symbols, survey, index, symbol, section)?,
            Home::Common => place_common(reader, symbols, survey, index, symbol)?,
            Home::Absolute => fits(reader, "symbols", Entry::absolute(index))?,
            Home::Undefined => look_up(reader, symbols, world, symbol)?,
            Home::Reserved(home) => {
                return symbols.bad_symbol(reader, index, "st_shndx", home.into());
            }
        };
        if survey.exports.is_none()
            && symbol.is_exported()
            && matches!(entry.meaning(), Meaning::Own(..))
        {
            let len = symbols.names().len_at(reader, symbol.name)?;
            self.exported.0 = self.exported.0.saturating_add(1);
            self.exported.1 = self.exported.1.saturating_add(len).saturating_add(1);
        }
        self.set(index, entry);
        Ok(())
    }
}

/// An entry, if what it counts has room in one.
fn fits(reader: &mut Reader<'_>, what: &'static str, entry: Option<Entry>) -> Checked<Entry> {
    match entry {
        Some(entry) => Ok(entry),
        None => reader.too_large(what, REGION_LIMIT),
    }
}

/// A symbol of a section of the file. It may lie at the section's end, but not behind it.
fn place(
    reader: &mut Reader<'_>,
    symbols: &Symbols,
    survey: &Survey<'_>,
    index: usize,
    symbol: &Symbol,
    section: u32,
) -> Checked<Entry> {
    let Some(slot) = survey.slots.get(section as usize) else {
        return if survey.slots.has(section as usize) {
            Ok(Entry::NOT_LOADED)
        } else {
            symbols.bad_symbol(reader, index, "st_shndx", section)
        };
    };
    if symbol.value > slot.size {
        return symbols.bad_symbol(reader, index, "st_value", symbol.value);
    }
    Ok(Entry::own(
        slot.region,
        slot.offset.saturating_add(symbol.value),
        symbol.is_function(),
    ))
}

/// A common symbol: its value is its alignment.
fn place_common(
    reader: &mut Reader<'_>,
    symbols: &Symbols,
    survey: &mut Survey<'_>,
    index: usize,
    symbol: &Symbol,
) -> Checked<Entry> {
    if !symbol.value.is_power_of_two() {
        return symbols.bad_symbol(reader, index, "st_value", symbol.value);
    }
    let (size, align) = (symbol.size as usize, symbol.value as usize);
    let offset = survey.layout.place(reader, RegionKind::Bss, size, align)?;
    Ok(Entry::own(RegionKind::Bss, offset, false))
}

/// A symbol that the file does not define.
fn look_up(
    reader: &mut Reader<'_>,
    symbols: &Symbols,
    world: World<'_>,
    symbol: &Symbol,
) -> Checked<Entry> {
    let mut buffer = [0; NAME_LIMIT + 1];
    let name = symbols
        .names()
        .read(reader, symbol.name, &mut buffer)?
        .unwrap_or_default();
    if name.len() > NAME_LIMIT {
        let symbol = symbols.names().name(reader, symbol.name);
        return reader.refuse(LoadError::LongName {
            symbol,
            limit: NAME_LIMIT,
        });
    }
    if let Some(position) = world.exports.position(name) {
        return fits(reader, "table of exports", Entry::firmware(position));
    }
    if let Some(number) = world.registry.find_export(name) {
        return fits(reader, "table of exports", Entry::extension(number));
    }
    Ok(if symbol.is_weak() {
        Entry::ZERO
    } else {
        Entry::UNDEFINED
    })
}
