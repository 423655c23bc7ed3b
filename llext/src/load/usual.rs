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
use crate::elf::reader::{Checked, Reader};
use crate::elf::reloc::Relocation;
use crate::elf::section::{SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_RELA, Section};
use crate::loaded::RegionKind;
use crate::memory::Places;
use core::cell::Cell;

/// What sections have to be compared with.
pub(super) struct UsualSections<'r> {
    /// Length of the file in bytes.
    len: usize,
    /// Names of sections; none if they have to be read.
    names: &'r [u8],
    /// Index of the symbol table, if usual tables of relocations are trusted; else one that no section has.
    symbols: usize,
    /// The number of symbols, and a type of relocation that is of a whole word.
    count: usize,
    word: u32,
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
        let symbols = self.symbols.as_ref().filter(|_| self.trusts);
        Some(UsualSections {
            len: reader.len(),
            names,
            symbols: symbols.map_or(usize::MAX, |symbols| symbols.section),
            count: self.scratch.entries().len(),
            word: self.word,
        })
    }

    /// Gives the sections of `headers` their places, the first of which has this index, and marks the usual tables of
    /// relocations if those are trusted. How many there are before one that is not usual.
    pub(super) fn place_usual(
        &mut self,
        reader: &Reader<'_>,
        usual: &UsualSections<'_>,
        headers: &[C::Section],
        index: usize,
    ) -> usize {
        match self.machine.has_thumb() {
            true => self.place_with::<C::Rel>(reader, usual, (headers, index), SHT_REL),
            false => self.place_with::<C::Rela>(reader, usual, (headers, index), SHT_RELA),
        }
    }

    #[inline(never)]
    fn place_with<R: Reloc>(
        &mut self,
        reader: &Reader<'_>,
        usual: &UsualSections<'_>,
        (headers, first): (&[C::Section], usize),
        kind: u32,
    ) -> usize {
        let slots = self.scratch.slots();
        let mut index = first;
        let rest = slots.get(first..).unwrap_or_default();
        for (record, words) in headers.iter().zip(rest) {
            let section = C::section(record);
            let place = if section.is_allocated() {
                if section.is_compressed() || !section.align.is_power_of_two() {
                    break;
                }
                let region = match section.kind {
                    SHT_PROGBITS if !usual.is_odd::<C>(&section) => section.region_of_bytes(),
                    SHT_NOBITS => RegionKind::Bss,
                    _ => break,
                };
                match self.layout.put(region, section.size, section.align) {
                    Some(offset) => Place::new(region, offset, section.size),
                    None => break,
                }
            } else if section.kind == kind && usual.symbols == section.link as usize {
                let before = slots.get(..index).unwrap_or_default();
                match usual.trust::<R>(reader, before, &section) {
                    Some(place) => place,
                    None => {
                        self.has_other_tables = true;
                        Place::NONE
                    }
                }
            } else if is_table(section.kind) {
                self.has_other_tables = true;
                Place::NONE
            } else if section.is_looked_at() {
                break;
            } else {
                Place::NONE
            };
            words.set(place.0);
            index = index.wrapping_add(1);
        }
        index.wrapping_sub(first)
    }

    /// Marks a table that is usual after all.
    pub(super) fn mark_usual(&self, index: usize, table: &Relocations) {
        let is_rel = self.machine.has_thumb();
        if table.slot.region != RegionKind::File
            && table.entries.is_rela != is_rel
            && let Some(words) = self.scratch.slots().get(index)
            && !Place(words.get()).is_placed()
        {
            words.set(Place::USUAL_TABLE.0);
        }
    }
}

impl<C: Class> Plan<'_, '_, C> {
    /// Skips the relocations of a section of `size` bytes that are in order: in the section, and with a symbol that is known to
    /// be an offset from a base. What is left begins with the first one that asks for a closer look.
    #[inline(never)]
    pub(super) fn skip_known<'b, R: Reloc>(&self, batch: &'b [R], size: usize) -> &'b [R] {
        let end = size.saturating_sub(C::WORD - 1);
        let (entries, word) = match self.word {
            NO_TYPE => return batch,
            word => (self.scratch.entries(), word),
        };
        let is_usual = |record: &&R| {
            let entry = entries.get(record.symbol_if(word));
            record.offset() < end && entry.is_some_and(|entry| Entry(entry.get()).is_plain())
        };
        let count = batch.iter().take_while(is_usual).count();
        batch.get(count..).unwrap_or_default()
    }
}

impl<C: Class> Linker<'_, '_, '_, C> {
    /// Applies relocations of words to symbols that are an offset from a base, of those also that nobody has asked for yet.
    /// What is left begins with the first one that is another. (Apart, so that there are registers enough for all that it
    /// needs.)
    #[inline(never)]
    pub(super) fn apply_words<'b, R: Reloc>(
        &self,
        reader: &mut Reader<'_>,
        batch: &'b [R],
        places: &mut Places<'_, C::Word>,
    ) -> Checked<&'b [R]> {
        let (entries, word) = (self.plan.scratch.entries(), self.plan.word);
        let mut rest = batch;
        while let [record, behind @ ..] = rest {
            let Relocation { offset, addend, .. } = record.fields();
            let index = record.symbol_if(word);
            let Some(entry) = entries.get(index) else {
                break;
            };
            let mut address = Entry(entry.get()).plain_address(&self.bases);
            if address.is_none() && Entry(entry.get()) == Entry::UNKNOWN {
                let found = self.plan.learn(reader, index)?;
                entry.set(found.0);
                address = found.plain_address(&self.bases);
            }
            let Some(address) = address else {
                break;
            };
            if !C::add_to_word(places, offset, addend, address) {
                break;
            }
            rest = behind;
        }
        Ok(rest)
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

    /// The place of a table of relocations that is usual: it belongs to a section `before` it that has bytes in a region, and all
    /// are of words. Nothing else is checked before it is applied.
    #[inline(always)]
    fn trust<R: Reloc>(
        &self,
        reader: &Reader<'_>,
        before: &[Cell<[u32; 2]>],
        section: &Section,
    ) -> Option<Place> {
        let place = Place(before.get(section.info as usize)?.get());
        if !place.is_filled() && !place.waits() {
            // Of a section that is not loaded, nearly always.
            return (place == Place::NONE).then_some(place);
        }
        let bytes = reader.there(section.offset, section.size)?;
        let is_word = |record: &R| record.symbol_if(self.word) < self.count;
        let is_usual =
            section.entry_size as usize == size_of::<R>() && R::view(bytes)?.iter().all(is_word);
        is_usual.then_some(Place::USUAL_TABLE)
    }
}
