//! What nearly all sections and relocations are, done in few instructions: sections of code, data and zeros, and their
//! relocations of whole words, in a file that lies in memory.
//!
//! Each function goes on as long as it meets nothing else, and tells where it has stopped; there the code that knows all
//! cases takes a closer look, and finds what is wrong, if anything is. So nothing here refuses a file.

use super::LoadOptions;
use super::entry::Entry;
use super::plan::Plan;
use super::relocate::Linker;
use super::slots::Place;
use super::tables::{NO_TYPE, Relocations, is_table};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::Reader;
use crate::elf::reloc::Relocation;
use crate::elf::section::{SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_RELA, Section};
use crate::loaded::RegionKind;
use crate::memory::Places;
use core::cell::Cell;
use xmas_elf::sections::SHN_LORESERVE;

/// What sections have to be compared with.
pub(super) struct UsualSections<'r> {
    /// Length of the file in bytes.
    len: usize,
    /// Names of sections; none if they have to be read.
    names: &'r [u8],
}

/// What the name of the section with the exports begins with.
const EXPORTS: &[u8; 4] = b".exp";

impl<C: Class> Plan<'_, '_, C> {
    /// Whether there are usual sections at all.
    pub(super) fn usual_sections<'r>(
        &self,
        reader: &Reader<'r>,
        options: &LoadOptions<'_>,
    ) -> Option<UsualSections<'r>> {
        if self.stay.is_some() || options.keeps_in_place() || options.keep_sections {
            return None;
        }
        let names = self.file.names.there(reader, 0).unwrap_or_default();
        let len = reader.len();
        Some(UsualSections { len, names })
    }

    /// Gives the sections of `headers` their places, the first of which has this index. How many there are before one that is
    /// not usual.
    #[inline(never)]
    pub(super) fn place_usual(
        &mut self,
        usual: &UsualSections<'_>,
        headers: &[C::Section],
        index: usize,
    ) -> usize {
        let slots = self.scratch.slots_mut().get_mut(index..);
        let mut slots = slots.unwrap_or_default().iter_mut();
        let count = slots.len();
        for record in headers {
            let section = C::section(record);
            let place = if section.is_allocated() {
                if section.is_compressed() || !section.align.is_power_of_two() {
                    break;
                }
                let region = match section.kind {
                    SHT_NOBITS => RegionKind::Bss,
                    SHT_PROGBITS if !usual.is_odd::<C>(&section) => section.region_of_bytes(),
                    _ => break,
                };
                match self.layout.put(region, section.size, section.align) {
                    Some(offset) => Place::new(region, offset, section.size),
                    None => break,
                }
            } else if section.is_looked_at() {
                break;
            } else {
                Place::NONE
            };
            let Some(words) = slots.next() else {
                break;
            };
            *words = place.0;
        }
        count.wrapping_sub(slots.len())
    }

    /// Checks the relocation tables among `headers`, the first of which has this index. How many headers there are before
    /// that of a table which is not usual.
    pub(super) fn check_usual(
        &mut self,
        reader: &Reader<'_>,
        headers: &[C::Section],
        index: usize,
    ) -> usize {
        match self.machine.has_thumb() {
            true => self.check_tables::<C::Rel>(reader, headers, (index, SHT_REL)),
            false => self.check_tables::<C::Rela>(reader, headers, (index, SHT_RELA)),
        }
    }

    /// Marks a table that is usual after all.
    pub(super) fn mark_usual(&mut self, index: usize, table: &Relocations) {
        let is_rel = self.machine.has_thumb();
        if table.slot.region != RegionKind::File
            && table.entries.is_rela != is_rel
            && let Some(words) = self.scratch.slots_mut().get_mut(index)
            && !Place(*words).is_placed()
        {
            *words = Place::USUAL_TABLE.0;
        }
    }

    #[inline(never)]
    fn check_tables<R: Reloc>(
        &mut self,
        reader: &Reader<'_>,
        headers: &[C::Section],
        (mut index, kind): (usize, u32),
    ) -> usize {
        let Some(symbols) = &self.symbols else {
            return 0;
        };
        let table = symbols.section;
        let (words, slots) = self.words();
        let mut done = 0usize;
        for record in headers {
            if is_table(C::kind(record)) {
                let section = C::section(record);
                let target = section.info as usize;
                let Some(place) = slots.get(target).map(|words| Place(words.get())) else {
                    break;
                };
                if place.is_filled() {
                    if section.kind != kind
                        || section.entry_size as usize != size_of::<R>()
                        || section.link as usize != table
                        || target >= index
                    {
                        break;
                    }
                    let Some(bytes) = reader.there(section.offset, section.size) else {
                        break;
                    };
                    let Some(batch) = R::view(bytes) else {
                        break;
                    };
                    if !words.skip(batch, place.size()).is_empty() {
                        break;
                    }
                    match slots.get(index) {
                        Some(words) if !Place(words.get()).is_placed() => {
                            words.set(Place::USUAL_TABLE.0);
                        }
                        _ => break,
                    }
                } else if place.is_placed() {
                    break;
                }
            }
            index = index.wrapping_add(1);
            done = done.wrapping_add(1);
        }
        done
    }
}

impl<'s, C: Class> Plan<'_, 's, C> {
    /// What relocations of words have to be compared with; and the words of the sections.
    #[inline(always)]
    pub(super) fn words(&mut self) -> (Words<'_, C>, &[Cell<[u32; 2]>]) {
        let symbols = self.symbols.as_ref().map(|symbols| symbols.there);
        let symbols = symbols.unwrap_or_default();
        let (slots, entries) = self.scratch.parts();
        let slots = Cell::from_mut(slots).as_slice_of_cells();
        let entries = Cell::from_mut(entries).as_slice_of_cells();
        // One length for both, so that it is compared once. None at all while no type is known: entries of 32 bits have 8 of the
        // type, which are equal to those of `NO_TYPE` if all are set.
        let count = match self.word {
            NO_TYPE => 0,
            _ => entries.len().min(symbols.len()),
        };
        let words = Words {
            r_type: self.word,
            symbols: symbols.get(..count).unwrap_or_default(),
            entries: entries.get(..count).unwrap_or_default(),
            homes: homes(slots),
        };
        (words, slots)
    }
}

impl<C: Class> Plan<'_, '_, C> {
    /// What [`Words::skip`] does, for symbols that have to be read, as far as they are known.
    #[inline(never)]
    pub(super) fn skip_known<'b, R: Reloc>(&self, batch: &'b [R], size: usize) -> &'b [R] {
        let end = size.saturating_sub(C::WORD - 1);
        let (entries, word) = match self.word {
            NO_TYPE => return batch,
            word => (self.scratch.entries(), word),
        };
        let is_usual = |record: &&R| {
            let entry = entries.get(record.symbol_if(word));
            record.offset() < end && entry.is_some_and(|&entry| Entry(entry).is_plain())
        };
        let count = batch.iter().take_while(is_usual).count();
        batch.get(count..).unwrap_or_default()
    }
}

impl<C: Class> Linker<'_, '_, '_, C> {
    /// Applies relocations of words to symbols that are an offset from a base. What is left begins with the first one that
    /// is another. (Apart, so that there are registers enough for all that it needs.)
    #[inline(never)]
    pub(super) fn apply_words<'b, R: Reloc>(
        &self,
        batch: &'b [R],
        places: &mut Places<'_, C::Word>,
    ) -> &'b [R] {
        let (entries, word) = (self.plan.scratch.entries(), self.plan.word);
        let mut rest = batch;
        while let [record, behind @ ..] = rest {
            let Relocation { offset, addend, .. } = record.fields();
            if let Some(&entry) = entries.get(record.symbol_if(word))
                && let Some(address) = Entry(entry).plain_address(&self.bases)
                && C::add_to_word(places, offset, addend, address)
            {
                rest = behind;
            } else {
                break;
            }
        }
        rest
    }
}

impl<C: Class> Plan<'_, '_, C> {
    /// Whether the first of these relocations may be one of a word. (Where most are none, it is not worth a call to see it.)
    #[inline(always)]
    pub(super) fn is_word<R: Reloc>(&self, batch: &[R]) -> bool {
        let first = batch.first().map(|record| record.symbol_if(self.word));
        first.is_some_and(|index| self.entry(index).is_some())
    }
}

/// Relocations of words, and the symbols that they name.
pub(super) struct Words<'p, C: Class> {
    /// The type that is one of a whole word.
    r_type: u32,
    symbols: &'p [C::Symbol],
    entries: &'p [Cell<u32>],
    homes: &'p [Cell<[u32; 2]>],
}

impl<C: Class> Words<'_, C> {
    /// What a symbol is that lies in a section which is loaded; `None` of any other one. (Section 0 is never loaded, so that
    /// this is none of an undefined symbol.)
    #[inline(always)]
    fn defined(&self, symbol: &C::Symbol) -> Option<Entry> {
        let symbol = C::symbol(symbol);
        let place = Place(self.homes.get(usize::from(symbol.section))?.get());
        let entry = place.at(symbol.value)?;
        Some(entry.as_function(symbol.is_function()))
    }

    /// The same of the symbol with this index.
    #[inline(always)]
    pub(super) fn defined_at(&self, index: usize) -> Option<Entry> {
        self.defined(self.symbols.get(index)?)
    }

    /// Skips the relocations of a section of `size` bytes that are in order: in the section, and with a symbol that is an
    /// offset from a base. Looks at symbols that nobody has asked for yet. What is left begins with the first relocation that
    /// asks for a closer look. (Apart, so that there are registers enough for all that it needs.)
    #[inline(never)]
    pub(super) fn skip<'b, R: Reloc>(&self, batch: &'b [R], size: usize) -> &'b [R] {
        let end = size.saturating_sub(C::WORD - 1);
        let count = self.symbols.len();
        let Some(entries) = self.entries.get(..count) else {
            return batch;
        };
        let mut rest = batch;
        while let [record, behind @ ..] = rest {
            let index = record.symbol_if(self.r_type);
            let (Some(entry), Some(symbol)) = (entries.get(index), self.symbols.get(index)) else {
                break;
            };
            if record.offset() >= end {
                break;
            }
            if !Entry(entry.get()).is_plain() {
                if Entry(entry.get()) != Entry::UNKNOWN {
                    break;
                }
                let Some(found) = self.defined(symbol) else {
                    break;
                };
                entry.set(found.0);
            }
            rest = behind;
        }
        rest
    }
}

impl UsualSections<'_> {
    /// Whether a section that has its bytes in the file does not end there, or may be the one with the exports.
    #[inline(always)]
    fn is_odd<C: Class>(&self, section: &Section) -> bool {
        let offset = section.offset;
        if offset > self.len || section.size > self.len.wrapping_sub(offset) {
            return true;
        }
        if section.is_code() || section.align < C::WORD {
            return false;
        }
        let name = self.names.get(section.name as usize..);
        let name = name.and_then(|name| name.first_chunk());
        name.is_none_or(|name| name == EXPORTS)
    }
}

/// The `slots` of sections that symbols can name without the help of `SHT_SYMTAB_SHNDX`.
#[inline(always)]
fn homes<T>(slots: &[T]) -> &[T] {
    slots.get(..SHN_LORESERVE.into()).unwrap_or(slots)
}
