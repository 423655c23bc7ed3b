//! What nearly all sections and relocations are, done in few instructions: sections of code, data and zeros, and their
//! relocations of whole words.
//!
//! Each function goes on as long as it meets nothing else, and tells where it has stopped; there the code that knows all
//! cases takes a closer look, and finds what is wrong, if anything is. So nothing here refuses a file.

use super::LoadOptions;
use super::entry::Entry;
use super::plan::Plan;
use super::relocate::Linker;
use super::slots::Place;
use super::tables::{NO_TYPE, Relocations, is_table};
use crate::elf::claim::{Chunk, Span};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::reloc::Relocation;
use crate::elf::section::{SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_RELA, Section};
use crate::elf::string::Strings;
use crate::loaded::RegionKind;
use crate::memory::Places;
use core::cell::Cell;

/// What sections have to be compared with.
pub(super) struct UsualSections<'r> {
    /// Length of the file in bytes.
    len: usize,
    /// Names of sections; none if they have to be read.
    names: &'r [u8],
    strings: Strings,
    /// Index of the symbol table, if usual tables of relocations are trusted.
    symbols: Option<usize>,
    /// The number of symbols, and a type of relocation that is of a whole word.
    count: usize,
    word: u32,
}

/// What the name of the section with the exports begins with.
const EXPORTS: &[u8; 4] = b".exp";

impl<C: Class> Plan<'_, '_, C> {
    /// Whether usual sections are placed without a closer look.
    pub(super) fn places_usual(&self, options: &LoadOptions<'_>) -> bool {
        self.stay.is_none() && !options.keeps_in_place() && !options.keep_sections
    }

    /// What sections have to be compared with.
    pub(super) fn usual_sections<'r>(&self, reader: &Reader<'r>) -> UsualSections<'r> {
        let names = self.file.names.there(reader, 0).unwrap_or_default();
        let symbols = self.symbols.as_ref().filter(|_| self.trusts);
        UsualSections {
            len: reader.len(),
            names,
            strings: self.file.names,
            symbols: symbols.map(|symbols| symbols.section),
            count: self.scratch.entries().len(),
            word: self.word,
        }
    }

    /// Gives the sections of `headers` their places, the first of which has this index, and marks the usual tables of
    /// relocations if those are trusted. How many there are before one that is not usual.
    pub(super) fn place_usual(
        &mut self,
        reader: &mut Reader<'_>,
        usual: &UsualSections<'_>,
        headers: &[C::Section],
        index: usize,
    ) -> Checked<usize> {
        match self.machine.has_thumb() {
            true => self.place_with::<C::Rel>(reader, usual, (headers, index), SHT_REL),
            false => self.place_with::<C::Rela>(reader, usual, (headers, index), SHT_RELA),
        }
    }

    #[inline(never)]
    fn place_with<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        usual: &UsualSections<'_>,
        (headers, first): (&[C::Section], usize),
        kind: u32,
    ) -> Checked<usize> {
        let (slots, mut chunk) = (self.scratch.slots(), Chunk::new());
        let mut index = first;
        let rest = slots.get(first..).unwrap_or_default();
        for (record, words) in headers.iter().zip(rest) {
            let section = C::section(record);
            let place = if section.is_allocated() {
                if section.is_compressed() || !section.align.is_power_of_two() {
                    break;
                }
                let region = match section.kind {
                    SHT_PROGBITS
                        if !usual.is_odd::<C>(&section) || usual.is_usual(reader, &section)? =>
                    {
                        section.region_of_bytes()
                    }
                    SHT_NOBITS => RegionKind::Bss,
                    _ => break,
                };
                match self.layout.put(region, section.size, section.align) {
                    Some(offset) => Place::new(region, offset, section.size),
                    None => break,
                }
            } else if section.kind == kind && usual.symbols == Some(section.link as usize) {
                let before = slots.get(..index).unwrap_or_default();
                match usual.trust::<R>(reader, &mut chunk, before, &section)? {
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
        Ok(index.wrapping_sub(first))
    }

    /// Marks the table of relocations `section`, with this index, if it is trusted.
    pub(super) fn trust(
        &mut self,
        reader: &mut Reader<'_>,
        usual: &UsualSections<'_>,
        (index, section): (usize, &Section),
    ) -> Checked<Place> {
        let before = self.scratch.slots().get(..index).unwrap_or_default();
        let is_rel = self.machine.has_thumb();
        let mut chunk = Chunk::new();
        let place = match (
            section.kind == SHT_REL,
            usual.symbols == Some(section.link as usize),
        ) {
            (true, true) if is_rel => usual.trust::<C::Rel>(reader, &mut chunk, before, section)?,
            (false, true) if !is_rel => {
                usual.trust::<C::Rela>(reader, &mut chunk, before, section)?
            }
            _ => None,
        };
        self.has_other_tables |= place.is_none();
        Ok(place.unwrap_or(Place::NONE))
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

    /// Whether one that may be odd is not, where its name has to be read.
    #[inline(never)]
    fn is_usual(&self, reader: &mut Reader<'_>, section: &Section) -> Checked<bool> {
        let is_within = Span::within(reader, section.offset, section.size).is_some();
        let is_read = self.names.is_empty() && is_within;
        Ok(is_read && !self.strings.matches(reader, section.name, EXPORTS)?)
    }

    /// The place of a table of relocations that is usual: it belongs to a section `before` it that has bytes in a region, and all
    /// are of words. Nothing else is checked before it is applied.
    #[inline(always)]
    fn trust<'s, R: Reloc>(
        &self,
        reader: &mut Reader<'s>,
        chunk: &mut Chunk<'s>,
        before: &[Cell<[u32; 2]>],
        section: &Section,
    ) -> Checked<Option<Place>> {
        let Some(target) = before.get(section.info as usize) else {
            return Ok(None);
        };
        let place = Place(target.get());
        if !place.is_filled() && !place.waits() {
            // Of a section that is not loaded, nearly always.
            return Ok((place == Place::NONE).then_some(place));
        }
        let Some(span) = Span::within(reader, section.offset, section.size) else {
            return Ok(None);
        };
        if section.entry_size as usize != size_of::<R>() {
            return Ok(None);
        }
        let is_word = |record: &R| record.symbol_if(self.word) < self.count;
        let mut is_usual = true;
        span.each_piece(reader, chunk, |_, batch| {
            is_usual &= batch.iter().all(is_word);
            Ok(if is_usual { 0 } else { batch.len() })
        })?;
        Ok(is_usual.then_some(Place::USUAL_TABLE))
    }
}
