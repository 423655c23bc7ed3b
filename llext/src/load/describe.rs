//! What stays of a load beside its regions is written down (before stubs are written), and what others will rely on
//! is checked (at the end).

use super::LoadOptions;
use super::entry::Meaning;
use super::plan::Plan;
use super::regions::Regions;
use super::survey::is_kept;
use crate::elf::claim::Chunk;
use crate::elf::class::Class;
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::string::{Strings, until_nul};
use crate::loaded::{RegionKind, is_filler};
use crate::memory::copy;

/// Writes the descriptor's tail: see [`Tail`](crate::loaded::Tail) for what lies where.
pub(super) fn write_tail<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    regions: &mut Regions<'_>,
    (name, options): (&str, &LoadOptions<'_>),
    one: bool,
) -> Checked<()> {
    let has_exports = plan.exports.count != 0 && plan.exports.section.is_none();
    let bases = has_exports.then(|| regions.bases(0));
    let mut tail = Writer {
        bytes: regions.tail_mut(),
        words: 0,
        texts: plan.tail.texts_at(&plan.exports),
    };
    tail.put(name.as_bytes());
    if plan.tail.origin != 0 {
        tail.put(options.origin.as_bytes());
    }
    for extension in plan.world.registry.marked() {
        tail.word(extension.id().0 as usize);
    }
    if plan.tail.sections != 0 {
        write_sections(reader, plan, one, &mut tail)?;
    }
    if let Some(bases) = bases {
        write_exports(reader, plan, &bases, &mut tail)?;
    }
    Ok(())
}

/// Records and names of the sections that are kept.
fn write_sections<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    one: bool,
    tail: &mut Writer<'_>,
) -> Checked<()> {
    let (mut cursor, mut chunk) = (plan.file.sections.cursor(), Chunk::new());
    let mut index = 0usize;
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(());
        }
        for record in batch {
            let section = C::section(record);
            let slot = || {
                plan.slot(index)
                    .or_else(|| plan.slot_in_view(&section, one))
            };
            if let Some(slot) = is_kept(&section).then(slot).flatten() {
                tail.word(tail.texts);
                tail.word(slot.region as usize | index << 3);
                tail.word(slot.offset as usize);
                tail.word(slot.size as usize);
                tail.name(reader, &plan.file.names, section.name)?;
            }
            index = index.saturating_add(1);
        }
    }
}

/// Records and names of the symbols that others may use.
fn write_exports<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    bases: &super::entry::Bases,
    tail: &mut Writer<'_>,
) -> Checked<()> {
    let Some(symbols) = &plan.symbols else {
        return Ok(());
    };
    let (mut cursor, mut chunk, mut index) = (symbols.table.cursor(), Chunk::new(), 0usize);
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(());
        }
        for record in batch {
            let symbol = C::symbol(record);
            if symbol.is_exported()
                && let Some(entry) = plan.entry(index)
                && let Meaning::Own(..) = entry.meaning()
            {
                tail.word(tail.texts);
                let address = entry.without_stub().plain_address(bases);
                tail.word(address.unwrap_or(0));
                tail.name(reader, &symbols.names, symbol.name)?;
            }
            index = index.saturating_add(1);
        }
    }
}

/// Fills in the descriptor's tail: words from its start on, and behind them texts one after the other.
struct Writer<'t> {
    bytes: &'t mut [u8],
    words: usize,
    texts: usize,
}

impl Writer<'_> {
    #[inline(never)]
    fn put(&mut self, text: &[u8]) {
        let end = self.texts.saturating_add(text.len());
        if let Some(room) = self.bytes.get_mut(self.texts..end) {
            copy(room, text);
            self.texts = end;
        }
    }

    /// Puts a name and a NUL.
    fn name(&mut self, reader: &mut Reader<'_>, names: &Strings, offset: u32) -> Checked<()> {
        if let Some(there) = names.there(reader, offset) {
            self.put(until_nul(there));
        } else {
            let room = self.bytes.get_mut(self.texts..).unwrap_or_default();
            let len = names.read(reader, offset, room)?.len();
            self.texts = self.texts.saturating_add(len);
        }
        self.put(&[0]);
        Ok(())
    }

    #[inline(never)]
    fn word(&mut self, word: usize) {
        let end = self.words.saturating_add(size_of::<usize>());
        if let Some(room) = self.bytes.get_mut(self.words..end) {
            copy(room, &word.to_le_bytes());
        }
        self.words = end;
    }
}

/// Checks what the finished extension tells of itself: its functions and exports lie in its own regions.
pub(super) fn check<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    regions: &Regions<'_>,
) -> Checked<()> {
    let [_, _, end] = plan.arrays.ends;
    let mut at = plan.arrays.start as usize;
    for _ in 0..end {
        let address = regions.word::<C>(RegionKind::Data, at);
        let region = regions.find(address).map(|(region, _)| region);
        if !region.is_some_and(RegionKind::has_code) && !is_filler(address, C::WORD) {
            return reader.refuse(Why::BadFunction, address, 0);
        }
        at = at.saturating_add(C::WORD);
    }
    let Some(region) = plan.exports.section else {
        return Ok(());
    };
    let mut at = plan.exports.offset as usize;
    for index in 0..plan.exports.count as usize {
        let name = regions.word::<C>(region, at);
        let address = regions.word::<C>(region, at.saturating_add(C::WORD));
        at = at.saturating_add(2 * C::WORD);
        // Firmware whose exports have ids takes ids for names (Zephyr's SLID).
        let is_named = plan.world.exports.is_by_id() || has_name(regions, name);
        let bad = match is_named {
            false => name,
            true if regions.find(address).is_none() => address,
            true => continue,
        };
        return reader.refuse(Why::BadExport, index, bad);
    }
    Ok(())
}

/// Whether a text that ends in a NUL lies at `address`.
fn has_name(regions: &Regions<'_>, address: usize) -> bool {
    let Some((region, offset)) = regions.find(address) else {
        return false;
    };
    let bytes = regions.bytes(region, offset);
    let name = until_nul(bytes);
    name.len() < bytes.len() && core::str::from_utf8(name).is_ok()
}
