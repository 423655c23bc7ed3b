//! Third phase: relocations are checked, but for those of usual tables that are trusted (`usual`). Whatever can be known of the
//! others to be wrong is found here, before a byte of region or descriptor is taken (invariant 2).

use super::Report;
use super::entry::{Entry, Meaning};
use super::plan::Plan;
use super::slots::{Place, Slot};
use super::tables::{Relocations, is_table};
use crate::elf::claim::{Chunk, Table};
use crate::elf::class::{Class, Reloc};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::reloc::Relocation;
use crate::machine::{Dynamic, Operands, Row};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Stubs that are needed.
    pub(super) stubs: usize,
    /// Whether one of them may be that of a thread-local variable.
    pub(super) thread_local: bool,
    /// Relocations that compute with a symbol that nothing defines: a symbol counts once.
    undefined: usize,
    unsupported: usize,
    /// Section, offset and type of the first relocation that the machine does not have.
    first: Option<(usize, usize, u32)>,
}

impl<C: Class> Plan<'_, '_, C> {
    /// Checks all relocations and marks the symbols that need a stub. Symbols and relocations that this
    /// machine or this firmware does not have are reported and counted; what makes no sense is an error.
    pub(super) fn check(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
    ) -> Checked<()> {
        if self.linked.is_some() {
            for table in self.image_tables(reader)?.iter().flatten() {
                self.check_entries(reader, report, table)?;
            }
            return Ok(());
        }
        let (mut cursor, mut chunk) = (self.file.sections.cursor(), Chunk::new());
        let mut index = 0usize;
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(());
            }
            for record in batch {
                if is_table(C::kind(record))
                    && self.place(index) != Some(Place::USUAL_TABLE)
                    && let Some(table) = self.relocations(reader, index, record)?
                {
                    let behind = table.target < index;
                    self.in_order &= behind;
                    if self.check_entries(reader, report, &table)? && behind {
                        self.mark_usual(index, &table);
                    }
                }
                index = index.saturating_add(1);
            }
        }
    }

    /// Whether all are of words, to symbols that are an offset from a base.
    #[inline(always)]
    fn check_entries(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
    ) -> Checked<bool> {
        match table.entries.is_rela {
            false => self.check_table::<C::Rel>(reader, report, table),
            true => self.check_table::<C::Rela>(reader, report, table),
        }
    }

    fn check_table<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
    ) -> Checked<bool> {
        self.highs.forget();
        let records = Table::<R>::new(table.entries.span);
        let (mut cursor, mut chunk) = (records.cursor(), Chunk::new());
        let mut usual = true;
        loop {
            let batch = cursor.soon(reader, &mut chunk)?;
            usual &= self.check_batch(reader, report, table, batch)?;
            if cursor.is_empty() {
                return Ok(usual);
            }
        }
    }

    #[inline(always)]
    fn check_batch<R: Reloc>(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
        mut batch: &[R],
    ) -> Checked<bool> {
        // What may not be patched has no places that are in order.
        let size = match self.is_read_only(table.slot.region) {
            true => 0,
            false => table.slot.size as usize,
        };
        let mut usual = true;
        loop {
            if self.is_word(batch) {
                batch = self.skip_known(batch, size);
            }
            let [record, rest @ ..] = batch else {
                return Ok(usual);
            };
            let index = record.symbol_if(self.word);
            if self.entry(index) == Some(Entry::UNKNOWN) {
                // The same relocation again, now with a symbol that is known.
                self.resolved(reader, index)?;
            } else {
                let relocation = record.fields().behind(self.origin);
                self.check_row(reader, report, table, &relocation)?;
                batch = rest;
                usual = false;
            }
        }
    }

    #[inline(never)]
    fn check_row(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
        relocation: &Relocation,
    ) -> Checked<()> {
        let row = self.machine.row(relocation.r_type);
        let taken = |row: &&Row| row.dynamic().is_none() || self.takes_dynamic(row);
        let Some(row) = row.filter(taken) else {
            self.unsupported(reader, report, table, relocation);
            return Ok(());
        };
        // In a linked file, symbol 0 is the image, which no relocation of a word may name.
        if row.is_word() && self.linked.is_none() && self.relocate_local {
            self.word = relocation.r_type;
        }
        let symbol = relocation.symbol as usize;
        let fault = if relocation.offset.saturating_add(row.width()) > table.slot.size as usize {
            Some(Why::RelocationPlace)
        } else if symbol >= self.scratch.entries().len() {
            Some(Why::RelocationSymbol)
        } else {
            match (row.has_symbol(), row.is_pad()) {
                (_, true) if self.is_aligned(table.slot, row, relocation) => None,
                (_, true) => Some(Why::RelocationPadding),
                // The symbol of what computes without one may even be undefined (R_ARM_NONE in .ARM.exidx).
                (false, _) => None,
                // What is relative to the image has no symbol, and all else has one.
                _ if self.linked.is_some() && is_relative(row) != (symbol == 0) => {
                    Some(Why::RelocationSymbol)
                }
                _ if self.skips(reader, symbol)? => None,
                _ if self.is_read_only(table.slot.region) => Some(Why::RelocationReadOnly),
                _ => self.check_symbol(reader, report, table, relocation, row)?,
            }
        };
        match fault {
            Some(fault) => bad_relocation(reader, table, relocation, fault),
            None => Ok(()),
        }
    }

    /// Whether relocations to this symbol are left aside, because the file defines it itself.
    pub(super) fn skips(&mut self, reader: &mut Reader<'_>, symbol: usize) -> Checked<bool> {
        if self.relocate_local {
            return Ok(false);
        }
        let entry = self.resolved(reader, symbol)?;
        let meaning = entry.map(|entry| entry.without_stub().meaning());
        Ok(matches!(meaning, Some(Meaning::Own(..))))
    }

    /// Checks the symbol of a relocation that computes with it.
    fn check_symbol(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
        relocation: &Relocation,
        row: &Row,
    ) -> Checked<Option<Why>> {
        let symbol = relocation.symbol as usize;
        let mut entry = self.resolved(reader, symbol)?.unwrap_or(Entry::ZERO);
        if row.is_high_part() {
            self.highs.remember(relocation);
        } else if row.completes_high_part() {
            let high = match label_offset(entry, table.slot) {
                Some(label) => self
                    .highs
                    .find::<C>(reader, &table.entries, self.machine, label)?,
                None => None,
            };
            // A high part that this machine does not have has been reported, and is why the file is refused.
            let lost = high.is_none() && self.found.unsupported == 0;
            return Ok(lost.then_some(Why::RelocationHigh));
        } else if row.enters_thumb() && is_arm_function(entry) {
            return Ok(Some(Why::RelocationNotThumb));
        }
        match entry.meaning() {
            Meaning::NotLoaded => return Ok(Some(Why::RelocationNotLoaded)),
            Meaning::Undefined => {
                self.undefined(reader, report, symbol)?;
                entry = Entry::REPORTED;
                self.set_entry(symbol, entry);
            }
            _ => {}
        }
        self.found.thread_local |= row.needs_stub_word();
        let needs_stub = row.needs_stub_word()
            || self.changes_state(reader, entry, row)?
            || self.is_out_of_reach(reader, entry, table, relocation, row)?;
        if needs_stub && !entry.has_stub() {
            self.found.stubs = self.found.stubs.saturating_add(1);
            self.set_entry(symbol, entry.with_stub());
        }
        Ok(None)
    }

    /// Whether padding of code ends aligned as it is: nothing is ever shortened here. The section's place is
    /// aligned as the section wants it, whatever the region's address.
    fn is_aligned(&self, slot: Slot, row: &Row, relocation: &Relocation) -> bool {
        let a = relocation.addend.unwrap_or(0);
        let align = usize::try_from(a)
            .ok()
            .and_then(|a| a.checked_add(1))
            .and_then(usize::checked_next_power_of_two);
        let known = align.is_some_and(|align| align <= self.layout.align(slot.region));
        let p = (slot.offset as usize).wrapping_add(relocation.offset);
        let operands = Operands {
            a,
            p,
            ..Operands::default()
        };
        known && row.apply(&mut [], &operands).is_ok()
    }

    /// ARM: whether it is a branch that a stub has to lead into the other state.
    fn changes_state(&self, reader: &mut Reader<'_>, entry: Entry, row: &Row) -> Checked<bool> {
        if !row.needs_stub_to_change_state() {
            return Ok(false);
        }
        let address = match entry.meaning() {
            Meaning::Own(_, offset) if entry.is_function() => offset as usize,
            // A label without a type is in the state that the branch leads to.
            Meaning::Own(..) | Meaning::Zero | Meaning::Reported => return Ok(false),
            _ => self.address(reader, entry)?,
        };
        Ok((address & 1 != 0) != row.is_in_thumb())
    }

    /// Whether symbol `index` is a thread-local variable.
    pub(super) fn is_thread_local(&self, reader: &mut Reader<'_>, index: usize) -> Checked<bool> {
        Ok(match &self.symbols {
            Some(symbols) if self.found.thread_local => symbols
                .get(reader, index)?
                .is_some_and(|symbol| symbol.is_thread_local()),
            _ => false,
        })
    }

    /// Whether it is a branch that may not reach its symbol, wherever in the heap the regions will be.
    fn is_out_of_reach(
        &self,
        reader: &mut Reader<'_>,
        entry: Entry,
        table: &Relocations,
        relocation: &Relocation,
        row: &Row,
    ) -> Checked<bool> {
        let Some(reach) = row.branch_reach().filter(|_| !entry.has_stub()) else {
            return Ok(false);
        };
        let slot = table.slot;
        let bias = row.branch_bias();
        let distance = |target: usize, place: usize| {
            (target as isize)
                .wrapping_sub(place as isize)
                .wrapping_add(bias)
        };
        let target = match entry.meaning() {
            Meaning::Own(region, offset) if region == slot.region => {
                let place = (slot.offset as usize).saturating_add(relocation.offset);
                return Ok(!reach.contains(&distance(offset as usize, place)));
            }
            // A call to a weak symbol that nothing defines is no call where it can be skipped.
            Meaning::Zero if !row.skips_absent() => Some(0),
            Meaning::Zero | Meaning::NotLoaded => return Ok(false),
            // What is missing counts as if it lay where the firmware's exports do.
            Meaning::Undefined | Meaning::Reported => self.world.exports.address(0),
            Meaning::Own(..) => None,
            _ => Some(self.address(reader, entry)?),
        };
        // From the lowest place to the highest target, and the other way round.
        let bounds = self.code_bounds();
        let (from, to) = (bounds.start, bounds.end);
        let (lowest, highest) = target.map_or((from, to), |target| (target, target));
        Ok(!reach.contains(&distance(highest, from)) || !reach.contains(&distance(lowest, to)))
    }

    /// The address of a symbol that the extension itself does not define, with the Thumb bit if it has one; 0 of one that
    /// it does.
    pub(super) fn address(&self, reader: &mut Reader<'_>, entry: Entry) -> Checked<usize> {
        let (exports, registry) = (&self.world.exports, self.world.registry);
        Ok(match (entry.meaning(), &self.symbols) {
            (Meaning::Near(distance), _) => self.world.near.wrapping_add(distance as usize),
            (Meaning::Firmware(position), _) => exports.address(position).unwrap_or(0),
            (Meaning::Extension(number), _) => registry.export_address(number).unwrap_or(0),
            (Meaning::Absolute(index), Some(symbols)) => {
                symbols.get(reader, index)?.map_or(0, |symbol| symbol.value)
            }
            _ => 0,
        })
    }

    /// Whether the relocations of a table that is trusted can be applied.
    #[cold]
    pub(super) fn are_sound(&self, reader: &mut Reader<'_>, table: &Relocations) -> Checked<bool> {
        let are_sound = match table.entries.is_rela {
            false => self.are_all_sound::<C::Rel>(reader, table)?,
            true => self.are_all_sound::<C::Rela>(reader, table)?,
        };
        // There is no room to note one more extension that this one depends on.
        let dependencies = self.world.registry.marked().count();
        Ok(are_sound && dependencies == usize::from(self.tail.dependencies))
    }

    fn are_all_sound<R: Reloc>(
        &self,
        reader: &mut Reader<'_>,
        table: &Relocations,
    ) -> Checked<bool> {
        let records = Table::<R>::new(table.entries.span);
        let (mut cursor, mut chunk) = (records.cursor(), Chunk::new());
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(true);
            }
            for record in batch {
                let relocation = record.fields();
                let row = self.machine.row(relocation.r_type);
                let index = relocation.symbol as usize;
                if self.entry(index) == Some(Entry::UNKNOWN) {
                    self.set_entry(index, self.learn(reader, index)?);
                }
                let entry = self.entry(index).unwrap_or(Entry::UNKNOWN);
                let end = relocation.offset.saturating_add(C::WORD);
                let fits = row.is_some_and(Row::is_word) && end <= table.slot.size as usize;
                if !fits || entry == Entry::UNKNOWN || entry.is_missing() {
                    return Ok(false);
                }
            }
        }
    }

    /// Refuses a file with what this machine or this firmware does not have. (What is trusted may lack more, which has to be
    /// reported with it.)
    pub(super) fn refuse(&self, reader: &mut Reader<'_>) -> Checked<()> {
        if self.trusts && (self.found.undefined != 0 || self.found.first.is_some()) {
            return reader.refuse(Why::Distrust, 0, 0);
        }
        let Found {
            undefined,
            unsupported,
            first,
            ..
        } = self.found;
        if let Some((target, offset, r_type)) = first {
            let numbers = [unsupported, target, offset, r_type as usize];
            return reader.refuse_for(Why::Unsupported, numbers);
        }
        match undefined {
            0 => Ok(()),
            count => reader.refuse(Why::Undefined, count, 0),
        }
    }

    #[cold]
    fn unsupported(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        table: &Relocations,
        relocation: &Relocation,
    ) {
        let section = reader.section_name::<C>(table.target);
        let (offset, r_type) = (relocation.offset, relocation.r_type);
        report.unsupported(section.as_str(), offset, r_type);
        let first = (table.target, offset, r_type);
        self.found.first.get_or_insert(first);
        self.found.unsupported = self.found.unsupported.saturating_add(1);
    }

    #[cold]
    fn undefined(
        &mut self,
        reader: &mut Reader<'_>,
        report: &mut dyn Report,
        index: usize,
    ) -> Checked<()> {
        self.found.undefined = self.found.undefined.saturating_add(1);
        if let Some(symbols) = &self.symbols
            && let Some(symbol) = symbols.get(reader, index)?
        {
            let mut buffer = [0; 256];
            let name = symbols.names.read(reader, symbol.name, &mut buffer)?;
            report.undefined(core::str::from_utf8(name).unwrap_or("?"));
        }
        Ok(())
    }
}

/// Refuses the file for a relocation that makes no sense.
#[cold]
pub(super) fn bad_relocation<T>(
    reader: &mut Reader<'_>,
    table: &Relocations,
    relocation: &Relocation,
    why: Why,
) -> Checked<T> {
    let symbol = relocation.symbol as usize;
    reader.refuse_for(why, [table.target, relocation.offset, symbol, 0])
}

/// Where the label that a low part refers to lies in the section that `slot` is the place of.
pub(super) fn label_offset(entry: Entry, slot: Slot) -> Option<usize> {
    match entry.meaning() {
        Meaning::Own(region, offset) if region == slot.region => offset
            .checked_sub(slot.offset)
            .map(|offset| offset as usize),
        _ => None,
    }
}

/// Whether a symbol is a function in A32 code.
fn is_arm_function(entry: Entry) -> bool {
    entry.is_function() && matches!(entry.meaning(), Meaning::Own(_, offset) if offset & 1 == 0)
}

/// Whether it is computed from where the image of a linked file is.
pub(super) fn is_relative(row: &Row) -> bool {
    row.dynamic() == Some(Dynamic::Relative)
}
