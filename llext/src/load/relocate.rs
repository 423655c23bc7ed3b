//! Fifth phase: stubs are written, sections filled (`fill`), and relocations applied. What
//! remains to be refused here is a value that does not fit its field, for that depends on where the regions are
//! (invariant 5).

use super::check::{bad_relocation, is_relative, label_offset};
use super::entry::{Bases, Entry};
use super::plan::Plan;
use super::regions::Regions;
use super::slots::Slot;
use super::tables::Relocations;
use crate::elf::claim::{Chunk, Table};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::reloc::Relocation;
use crate::loaded::RegionKind;
use crate::machine::{FieldError, Operands, Row};
use crate::memory::{Held, Places, zero};

/// Fills, links and seals the regions.
pub(super) fn link<C: Class>(
    reader: &mut Reader<'_>,
    plan: &mut Plan<'_, '_, C>,
    regions: &mut Regions<'_>,
) -> Checked<()> {
    let stubs_at = plan.stubs_at as usize;
    let mut linker = Linker {
        bases: regions.bases(plan.world.near),
        plan,
        stubs: &mut [],
        stubs_at: 0,
    };
    linker.stubs_at = regions_base(&linker.bases).wrapping_add(stubs_at);
    let (mut parts, file) = regions.parts();
    let [text, ..] = &mut parts;
    let text_and_stubs = core::mem::take(text).split_at_mut_checked(stubs_at);
    (*text, linker.stubs) = text_and_stubs.unwrap_or_default();
    linker.write_stubs(reader)?;
    if linker.plan.linked.is_some() {
        return linker.link_image(reader, &mut parts);
    }
    let at_once = linker.plan.in_order;
    linker.fill(reader, (&mut parts, file), (true, at_once))?;
    match at_once {
        true => Ok(()),
        false => linker.fill(reader, (&mut parts, file), (false, true)),
    }
}

/// The bytes of a section.
pub(super) fn bytes_of<'b>(
    slot: Slot,
    parts: &'b mut Regions4<'_>,
    file: &'b mut Held,
) -> &'b mut [u8] {
    let (start, len) = (slot.offset as usize, slot.size as usize);
    match parts.get_mut(slot.region as usize) {
        Some(bytes) => {
            let bytes = bytes.get_mut(start..start.saturating_add(len));
            bytes.unwrap_or_default()
        }
        None => file.patch(start, len),
    }
}

/// The address of the text region.
fn regions_base(bases: &Bases) -> usize {
    start_of(Entry::own(RegionKind::Text, 0), bases)
}

/// The address of what is known to lie in a region.
fn start_of(entry: Entry, bases: &Bases) -> usize {
    entry.plain_address(bases).unwrap_or(0)
}

/// Regions that are being linked, and what is known of symbols.
pub(super) struct Linker<'l, 'p, 's, C: Class> {
    pub(super) plan: &'l mut Plan<'p, 's, C>,
    pub(super) bases: Bases,
    stubs: &'l mut [u8],
    /// Target address of the first stub.
    stubs_at: usize,
}

/// The regions' bytes, stubs left aside.
pub(super) type Regions4<'r> = [&'r mut [u8]; 4];

impl<C: Class> Linker<'_, '_, '_, C> {
    /// Gives every symbol that needs one its stub.
    fn write_stubs(&mut self, reader: &mut Reader<'_>) -> Checked<()> {
        let (stub, mut count) = (self.plan.machine.stub, 0);
        let symbols = match self.plan.found.stubs {
            0 => 0,
            _ => self.plan.scratch.entries().len(),
        };
        for index in 0..symbols {
            let Some(entry) = self.plan.entry(index).filter(|entry| entry.has_stub()) else {
                continue;
            };
            // An offset of a function in T32 code has the Thumb bit, and so has an address.
            let target = self.address(reader, entry.without_stub())?;
            let target = target.wrapping_sub(self.word_base(reader, index)?);
            stub.write(self.stub(count), target);
            self.plan.set_entry(index, entry.at_stub(count));
            count = count.saturating_add(1);
        }
        let used = count.saturating_mul(stub.size());
        zero(self.stubs.get_mut(used..).unwrap_or_default());
        Ok(())
    }

    /// Fills and links the image of a linked file.
    #[cold]
    fn link_image(&mut self, reader: &mut Reader<'_>, parts: &mut Regions4<'_>) -> Checked<()> {
        let [text, ..] = parts;
        self.plan.fill_image(reader, text)?;
        let mut none = Held::NONE;
        for table in self.plan.image_tables(reader)?.iter().flatten() {
            self.apply_entries(reader, table, (parts, &mut none))?;
        }
        let [text, _, data, _] = parts;
        let base = regions_base(&self.bases);
        self.plan.copy_functions(base, text, data);
        Ok(())
    }

    pub(super) fn apply_entries(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        (parts, file): (&mut Regions4<'_>, &mut Held),
    ) -> Checked<()> {
        let bytes = bytes_of(table.slot, parts, file);
        match table.entries.is_rela {
            false => self.apply_table::<C::Rel>(reader, table, bytes),
            true => self.apply_table::<C::Rela>(reader, table, bytes),
        }
    }

    fn apply_table<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        bytes: &mut [u8],
    ) -> Checked<()> {
        self.plan.highs.forget();
        let places = &mut Places::of(bytes);
        let records = Table::<R>::new(table.entries.span);
        let (mut cursor, mut chunk) = (records.cursor(), Chunk::new());
        loop {
            let batch = cursor.soon(reader, &mut chunk)?;
            self.apply_batch(reader, table, places, batch)?;
            if cursor.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) fn apply_batch<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        places: &mut Places<'_, C::Word>,
        mut batch: &[R],
    ) -> Checked<()> {
        loop {
            if self.plan.is_word(batch) {
                batch = self.apply_words(reader, batch, places)?;
            }
            let [record, rest @ ..] = batch else {
                return Ok(());
            };
            let relocation = record.fields().behind(self.plan.origin);
            self.apply_one(reader, table, &relocation, places.bytes())?;
            batch = rest;
        }
    }

    fn apply_one(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        relocation: &Relocation,
        bytes: &mut [u8],
    ) -> Checked<()> {
        // Both were checked by the plan.
        let row = self.plan.machine.row(relocation.r_type);
        let entry = self.plan.entry(relocation.symbol as usize);
        let (Some(row), Some(entry)) = (row.filter(|row| !row.is_marker()), entry) else {
            return Ok(());
        };
        if self.plan.skips(reader, relocation.symbol as usize)? {
            return Ok(());
        }
        if row.is_word() && self.plan.linked.is_none() && self.plan.relocate_local {
            self.plan.word = relocation.r_type;
        }
        if row.is_high_part() {
            self.plan.highs.remember(relocation);
        }
        // A low part puts the value that the row of its high part computes.
        let (entry, completed, computes) = match row.completes_high_part() {
            true => self.high_part(reader, table, relocation, entry)?,
            false => (entry, *relocation, row),
        };
        let place = bytes.get_mut(relocation.offset..).unwrap_or_default();
        let place = match place.get_mut(..row.width()) {
            Some(place) if !row.is_open() => place,
            _ => bytes.get_mut(relocation.offset..).unwrap_or_default(),
        };
        let (mut s, t) = self.value(reader, entry, completed.symbol as usize)?;
        if is_relative(row) {
            // B: what is added to the linker's addresses.
            s = s.wrapping_sub(self.plan.origin);
        }
        let t = match entry.is_typeless() {
            true => row.t_without_type(place),
            false => t,
        };
        let got = self.word_of(0);
        let operands = Operands {
            s,
            a: completed.addend.unwrap_or_else(|| row.addend(place)),
            p: self.start_of(table.slot).wrapping_add(completed.offset),
            t,
            g: if entry.has_stub() {
                self.word_of(entry.stub())
            } else {
                0
            },
            got,
            tp: self.plan.world.thread_pointer,
        };
        match self.write(row, computes, place, entry, &operands) {
            Ok(()) => Ok(()),
            Err(field) => {
                let Relocation { symbol, r_type, .. } = *relocation;
                let at = [table.target, relocation.offset];
                reader.out_of_range(at, symbol, r_type, field)
            }
        }
    }

    /// Target address of a section.
    fn start_of(&self, slot: Slot) -> usize {
        start_of(Entry::own(slot.region, slot.offset), &self.bases)
    }

    /// The high part that a low part completes, with its symbol and row: what the low part is computed from.
    fn high_part(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        relocation: &Relocation,
        label: Entry,
    ) -> Checked<(Entry, Relocation, &'static Row)> {
        let machine = self.plan.machine;
        let high = match label_offset(label, table.slot) {
            Some(label) => self
                .plan
                .highs
                .find::<C>(reader, &table.entries, machine, label)?,
            None => None,
        };
        let found = high.and_then(|high| {
            let entry = self.plan.entry(high.symbol as usize)?;
            Some((entry, high, machine.row(high.r_type)?))
        });
        match found {
            Some(found) => Ok(found),
            None => bad_relocation(reader, table, relocation, Why::RelocationHigh),
        }
    }

    /// Writes a field, through the symbol's stub if the symbol itself is out of reach.
    fn write(
        &self,
        row: &Row,
        computes: &Row,
        place: &mut [u8],
        entry: Entry,
        operands: &Operands,
    ) -> Result<(), FieldError> {
        if entry == Entry::ZERO && !row.completes_high_part() {
            return row.apply_weak_undefined(place, operands);
        }
        let result = row.put(place, computes.value(place, operands));
        let through =
            entry.has_stub() && row.branch_reach().is_some() && operands.a == row.branch_bias();
        if result.is_ok() || !through {
            return result;
        }
        let offset = entry.stub().saturating_mul(self.plan.machine.stub.size());
        let s = self.stubs_at.wrapping_add(offset);
        let operands = row.to_stub(self.plan.machine.stub, s, operands);
        row.apply(place, &operands)
    }

    /// S and T of a symbol.
    fn value(
        &mut self,
        reader: &mut Reader<'_>,
        entry: Entry,
        symbol: usize,
    ) -> Checked<(usize, usize)> {
        let address = match entry.has_stub() {
            true => {
                let word = self.plan.machine.stub.target(self.stub(entry.stub()));
                word.wrapping_add(self.word_base(reader, symbol)?)
            }
            false => self.address(reader, entry)?,
        };
        // Of other symbols nothing but the number is known: see `Operands`.
        let t = match entry.is_function() && self.plan.machine.has_thumb() {
            true => address & 1,
            false => 0,
        };
        Ok((address.wrapping_sub(t), t))
    }

    /// What the word of a symbol's stub counts from: TP, if it is a thread-local variable.
    fn word_base(&self, reader: &mut Reader<'_>, symbol: usize) -> Checked<usize> {
        Ok(match self.plan.is_thread_local(reader, symbol)? {
            true => self.plan.world.thread_pointer,
            false => 0,
        })
    }

    /// The address that a symbol stands for, with the Thumb bit if it has one.
    fn address(&self, reader: &mut Reader<'_>, entry: Entry) -> Checked<usize> {
        match entry.plain_address(&self.bases) {
            Some(address) => Ok(address),
            None => self.plan.address(reader, entry),
        }
    }

    /// Target address of the word of a stub.
    fn word_of(&self, index: usize) -> usize {
        let stub = self.plan.machine.stub;
        let offset = index.saturating_mul(stub.size());
        stub.word_address(self.stubs_at.wrapping_add(offset))
    }

    /// The bytes of a stub.
    fn stub(&mut self, index: usize) -> &mut [u8] {
        let size = self.plan.machine.stub.size();
        let start = index.saturating_mul(size);
        self.stubs
            .get_mut(start..start.saturating_add(size))
            .unwrap_or_default()
    }
}
