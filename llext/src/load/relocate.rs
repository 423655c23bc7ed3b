//! Fifth phase: veneers are written and relocations applied. What remains to be refused here is a value that does not
//! fit its field, for that depends on where the regions are (invariant 5).

use super::check::label_offset;
use super::entry::{Entry, Meaning};
use super::plan::Plan;
use super::regions::Regions;
use super::resolve::World;
use super::slots::Slot;
use super::tables::{HighParts, each_table};
use crate::elf::reader::{Checked, Reader};
use crate::elf::reloc::{Relocation, Relocations};
use crate::error::{LoadError, RelocationFault};
use crate::loaded::RegionKind;
use crate::machine::{FieldError, Operands, Row, Stub};

/// Gives every symbol that needs one its veneer.
pub(super) fn write_veneers(
    reader: &mut Reader<'_>,
    plan: &mut Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
) -> Checked<()> {
    let stub = plan.machine.stub;
    let mut count = 0;
    for index in 0..plan.resolved.len() {
        let Some(entry) = plan.resolved.get(index).filter(|entry| entry.has_veneer()) else {
            continue;
        };
        let mut linker = Linker {
            plan,
            regions,
            world,
        };
        // An offset of a function in T32 code has the Thumb bit, and so has an address.
        let target = linker.address(reader, entry)?;
        stub.write(linker.stub(stub, count), target);
        plan.resolved.set(index, entry.at_veneer(count));
        count = count.saturating_add(1);
    }
    Ok(())
}

/// Applies all relocations.
pub(super) fn apply_all(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
) -> Checked<()> {
    let symbols = plan.symbols.map(|symbols| symbols.section);
    let mut linker = Linker {
        plan,
        regions,
        world,
    };
    each_table(
        reader,
        &plan.file,
        &plan.survey.slots,
        symbols,
        &mut |reader, table, slot| {
            let mut section = Section {
                table,
                slot,
                highs: HighParts::new(),
            };
            table.for_each(reader, |reader, relocation| {
                linker.apply(reader, &mut section, relocation)
            })
        },
    )
}

/// Regions that are being relocated, and what is known of symbols.
struct Linker<'l, 'p, 'h> {
    plan: &'l Plan<'p>,
    regions: &'l mut Regions<'h>,
    world: World<'l>,
}

/// A section that is being relocated.
struct Section<'s> {
    table: &'s Relocations,
    slot: Slot,
    highs: HighParts,
}

impl Linker<'_, '_, '_> {
    fn apply(
        &mut self,
        reader: &mut Reader<'_>,
        section: &mut Section<'_>,
        relocation: &Relocation,
    ) -> Checked<()> {
        // Both were checked by the plan.
        let row = self.plan.machine.row(relocation.r_type);
        let entry = self.plan.resolved.get(relocation.symbol as usize);
        let (Some(row), Some(entry)) = (row.filter(|row| !row.is_marker()), entry) else {
            return Ok(());
        };
        if row.is_high_part() {
            section.highs.remember(relocation);
        }
        // A low part puts the value that the row of its high part computes.
        let (entry, completed, computes) = match row.completes_high_part() {
            true => self.high_part(reader, section, relocation, entry)?,
            false => (entry, *relocation, row),
        };
        let slot = section.slot;
        let in_region = |offset: u32| (slot.offset as usize).saturating_add(offset as usize);
        let (s, t) = self.value(reader, entry)?;
        let offset = in_region(relocation.offset);
        let place = self.regions.place(slot.region, offset, row.width());
        let a = completed
            .addend
            .map_or_else(|| row.addend(place), |addend| addend as isize);
        let p = self
            .regions
            .base(slot.region)
            .wrapping_add(in_region(completed.offset));
        let operands = Operands {
            s,
            a,
            p,
            t,
            ..Operands::default()
        };
        let result = self.write(row, computes, (slot.region, offset), entry, &operands);
        match result {
            Ok(()) => Ok(()),
            Err(field) => self.out_of_range(reader, section.table, relocation, row, field),
        }
    }

    /// The high part that a low part completes, with its symbol and row: what the low part is computed from.
    fn high_part(
        &mut self,
        reader: &mut Reader<'_>,
        section: &mut Section<'_>,
        relocation: &Relocation,
        label: Entry,
    ) -> Checked<(Entry, Relocation, &'static Row)> {
        let high = match label_offset(label, section.slot) {
            Some(label) => section
                .highs
                .find(reader, section.table, self.plan.machine, label)?,
            None => None,
        };
        let found = high.and_then(|high| {
            let entry = self.plan.resolved.get(high.symbol as usize)?;
            Some((entry, high, self.plan.machine.row(high.r_type)?))
        });
        match found {
            Some(found) => Ok(found),
            None => {
                let section = self.plan.file.section_name(reader, section.table.target);
                let (offset, fault) = (relocation.offset as usize, RelocationFault::NoHigh);
                reader.refuse(LoadError::BadRelocation {
                    section,
                    offset,
                    fault,
                })
            }
        }
    }

    /// Writes a field, through the symbol's veneer if the symbol itself is out of reach.
    fn write(
        &mut self,
        row: &Row,
        computes: &Row,
        (region, offset): (RegionKind, usize),
        entry: Entry,
        operands: &Operands,
    ) -> Result<(), FieldError> {
        let place = self.regions.place(region, offset, row.width());
        if entry == Entry::ZERO && !row.completes_high_part() {
            return row.apply_weak_undefined(place, operands);
        }
        let result = row.put(place, computes.value(place, operands));
        let through =
            entry.has_veneer() && row.branch_reach().is_some() && operands.a == row.branch_bias();
        if result.is_ok() || !through {
            return result;
        }
        let start = self.stub_offset(self.plan.machine.stub, entry.veneer());
        let s = self.regions.base(RegionKind::Text).wrapping_add(start);
        let operands = row.to_stub(self.plan.machine.stub, s, operands);
        row.apply(self.regions.place(region, offset, row.width()), &operands)
    }

    /// S and T of a symbol.
    fn value(&mut self, reader: &mut Reader<'_>, entry: Entry) -> Checked<(usize, usize)> {
        let stub = self.plan.machine.stub;
        let address = if entry.has_veneer() {
            stub.target(self.stub(stub, entry.veneer()))
        } else {
            self.address(reader, entry)?
        };
        // Of other symbols nothing but the number is known: see `Operands`.
        let t = if entry.is_function() { address & 1 } else { 0 };
        Ok((address.wrapping_sub(t), t))
    }

    /// The address that a symbol stands for, with the Thumb bit if it has one.
    fn address(&self, reader: &mut Reader<'_>, entry: Entry) -> Checked<usize> {
        Ok(match entry.meaning() {
            Meaning::Own(region, offset) => self.regions.base(region).wrapping_add(offset as usize),
            Meaning::Firmware(position) => self.world.exports.address(position).unwrap_or(0),
            Meaning::Extension(number) => self.world.registry.export_address(number).unwrap_or(0),
            Meaning::Absolute(index) => match &self.plan.symbols {
                Some(symbols) => symbols
                    .get(reader, index)?
                    .map_or(0, |symbol| symbol.value as usize),
                None => 0,
            },
            Meaning::Zero | Meaning::Undefined | Meaning::Reported | Meaning::NotLoaded => 0,
        })
    }

    fn stub_offset(&self, stub: &Stub, index: usize) -> usize {
        (self.plan.veneers_at as usize).saturating_add(index.saturating_mul(stub.size()))
    }

    /// The bytes of a stub.
    fn stub(&mut self, stub: &Stub, index: usize) -> &mut [u8] {
        let offset = self.stub_offset(stub, index);
        self.regions.place(RegionKind::Text, offset, stub.size())
    }

    #[cold]
    fn out_of_range(
        &self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        relocation: &Relocation,
        row: &Row,
        field: FieldError,
    ) -> Checked<()> {
        let section = self.plan.file.section_name(reader, table.target);
        let symbol = match &self.plan.symbols {
            Some(symbols) => symbols.name(reader, relocation.symbol as usize),
            None => crate::Name::EMPTY,
        };
        let offset = relocation.offset as usize;
        let relocation = row.name;
        reader.refuse(LoadError::OutOfRange {
            section,
            offset,
            symbol,
            relocation,
            field,
        })
    }
}
