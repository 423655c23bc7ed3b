//! Third phase: every relocation is checked. Whatever can be known to be wrong is found here, before a byte of
//! region or descriptor is taken (invariant 2).

use super::Report;
use super::entry::{Entry, Meaning};
use super::resolve::{Resolved, World};
use super::slots::Slot;
use super::survey::Survey;
use super::tables::{HighParts, each_table};
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader};
use crate::elf::reloc::{Relocation, Relocations};
use crate::elf::symbol::Symbols;
use crate::error::{LoadError, RelocationFault};
use crate::machine::{Machine, Operands, Row};
use core::ops::{Range, RangeInclusive};

/// The check of all relocations.
pub(super) struct Check<'c> {
    pub(super) file: &'c File,
    pub(super) machine: &'static Machine,
    pub(super) survey: &'c Survey<'c>,
    pub(super) symbols: Option<Symbols>,
    pub(super) world: World<'c>,
    pub(super) bounds: Range<usize>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Veneers that are needed.
    pub(super) veneers: usize,
    undefined: usize,
    unsupported: usize,
    first_unsupported: Option<LoadError>,
}

impl Found {
    /// Refuses a file with what this machine or this firmware does not have.
    pub(super) fn refuse(&self, reader: &mut Reader<'_>) -> Checked<()> {
        match self.first_unsupported {
            Some(LoadError::Unsupported {
                section,
                offset,
                r_type,
                machine,
                ..
            }) => {
                let count = self.unsupported;
                reader.refuse(LoadError::Unsupported {
                    count,
                    section,
                    offset,
                    r_type,
                    machine,
                })
            }
            _ if self.undefined != 0 => reader.refuse(LoadError::Undefined(self.undefined)),
            _ => Ok(()),
        }
    }
}

/// A table of relocations as it is gone through.
struct Progress<'p> {
    table: &'p Relocations,
    slot: Slot,
    highs: HighParts,
    report: &'p mut dyn Report,
    found: &'p mut Found,
}

impl Check<'_> {
    /// Checks all relocations and marks the symbols that need a veneer. Symbols and relocations that this
    /// machine or this firmware does not have are reported and counted; what makes no sense is an error.
    pub(super) fn all(
        &self,
        reader: &mut Reader<'_>,
        resolved: &mut Resolved<'_>,
        report: &mut dyn Report,
    ) -> Checked<Found> {
        let mut found = Found::default();
        let symbols = self.symbols.map(|symbols| symbols.section);
        each_table(
            reader,
            self.file,
            &self.survey.slots,
            symbols,
            &mut |reader, table, slot| {
                let mut progress = Progress {
                    table,
                    slot,
                    highs: HighParts::new(),
                    report: &mut *report,
                    found: &mut found,
                };
                table.for_each(reader, |reader, relocation| {
                    self.one(reader, resolved, &mut progress, relocation)
                })
            },
        )?;
        Ok(found)
    }

    fn one(
        &self,
        reader: &mut Reader<'_>,
        resolved: &mut Resolved<'_>,
        progress: &mut Progress<'_>,
        relocation: &Relocation,
    ) -> Checked<()> {
        let Progress { table, slot, .. } = *progress;
        // Not yet: types of linked files, of the GOT, and of places without a fixed length.
        let is_known =
            |row: &&Row| row.dynamic().is_none() && !row.needs_stub_word() && !row.is_open();
        let Some(row) = self.machine.row(relocation.r_type).filter(is_known) else {
            self.unsupported(reader, progress, relocation);
            return Ok(());
        };
        let end = (relocation.offset as usize).saturating_add(row.width());
        if end > slot.size as usize {
            return self.bad(reader, table, relocation, RelocationFault::Place);
        }
        let Some(entry) = resolved.get(relocation.symbol as usize) else {
            return self.bad(
                reader,
                table,
                relocation,
                RelocationFault::Symbol(relocation.symbol),
            );
        };
        let fault = if row.is_marker() {
            None
        } else if row.is_pad() {
            (!self.is_aligned(slot, row, relocation)).then_some(RelocationFault::Padding)
        } else {
            self.check_symbol(reader, resolved, progress, relocation, row, entry)?
        };
        match fault {
            Some(fault) => self.bad(reader, table, relocation, fault),
            None => Ok(()),
        }
    }

    /// Checks the symbol of a relocation that computes with it.
    fn check_symbol(
        &self,
        reader: &mut Reader<'_>,
        resolved: &mut Resolved<'_>,
        progress: &mut Progress<'_>,
        relocation: &Relocation,
        row: &Row,
        entry: Entry,
    ) -> Checked<Option<RelocationFault>> {
        if row.is_high_part() {
            progress.highs.remember(relocation);
        } else if row.completes_high_part() {
            let high = match label_offset(entry, progress.slot) {
                Some(label) => progress
                    .highs
                    .find(reader, progress.table, self.machine, label)?,
                None => None,
            };
            // A high part that this machine does not have has been reported, and is why the file is refused.
            let lost = high.is_none() && progress.found.unsupported == 0;
            return Ok(lost.then_some(RelocationFault::NoHigh));
        } else if row.enters_thumb() && is_arm_function(entry) {
            return Ok(Some(RelocationFault::NotThumb));
        }
        let entry = match entry.meaning() {
            Meaning::NotLoaded => return Ok(Some(RelocationFault::NotLoaded(relocation.symbol))),
            Meaning::Undefined => {
                self.undefined(reader, progress, relocation)?;
                Entry::REPORTED
            }
            _ => entry,
        };
        let needs_veneer = match row.branch_reach() {
            Some(reach) if !entry.has_veneer() => {
                let bias = row.branch_bias();
                self.may_be_out_of_reach(reader, entry, progress.slot, relocation, bias, &reach)?
            }
            _ => false,
        };
        if needs_veneer {
            progress.found.veneers = progress.found.veneers.saturating_add(1);
            resolved.set(relocation.symbol as usize, entry.with_veneer());
        } else {
            resolved.set(relocation.symbol as usize, entry);
        }
        Ok(None)
    }

    /// Whether padding of code ends aligned as it is: nothing is ever shortened here. The section's place is
    /// aligned as the section wants it, whatever the region's address.
    fn is_aligned(&self, slot: Slot, row: &Row, relocation: &Relocation) -> bool {
        let a = relocation.addend.unwrap_or(0);
        let align = u32::try_from(a)
            .ok()
            .and_then(|a| a.checked_add(1))
            .and_then(u32::checked_next_power_of_two);
        let known =
            align.is_some_and(|align| align as usize <= self.survey.layout.align(slot.region));
        let p = slot.offset.wrapping_add(relocation.offset) as usize;
        known
            && row
                .apply(
                    &mut [],
                    &Operands {
                        a: a as isize,
                        p,
                        ..Operands::default()
                    },
                )
                .is_ok()
    }

    /// Whether a call from `relocation`'s place to a symbol may not reach it, wherever in the heap the regions will be.
    fn may_be_out_of_reach(
        &self,
        reader: &mut Reader<'_>,
        entry: Entry,
        slot: Slot,
        relocation: &Relocation,
        bias: isize,
        reach: &RangeInclusive<isize>,
    ) -> Checked<bool> {
        let target = match entry.meaning() {
            Meaning::Own(region, offset) if region == slot.region => {
                let place = slot.offset.saturating_add(relocation.offset) as isize;
                return Ok(
                    !reach.contains(&(offset as isize).wrapping_add(bias).wrapping_sub(place))
                );
            }
            Meaning::Own(..) => None,
            Meaning::Firmware(position) => self.world.exports.address(position),
            Meaning::Extension(number) => self.world.registry.export_address(number),
            Meaning::Absolute(index) => match &self.symbols {
                Some(symbols) => symbols
                    .get(reader, index)?
                    .map(|symbol| symbol.value as usize),
                None => None,
            },
            // What is missing counts as if it lay where the firmware's exports do.
            Meaning::Undefined | Meaning::Reported => self.world.exports.address(0),
            // A call to a weak symbol that nothing defines is no call.
            Meaning::Zero | Meaning::NotLoaded => return Ok(false),
        };
        // From the lowest place to the highest target, and the other way round.
        let (from, to) = (self.bounds.start, self.bounds.end);
        let (lowest, highest) = target.map_or((from, to), |target| (target, target));
        let distance = |target: usize, place: usize| {
            (target as isize)
                .wrapping_sub(place as isize)
                .wrapping_add(bias)
        };
        let (furthest_up, furthest_down) = (distance(highest, from), distance(lowest, to));
        Ok(!reach.contains(&furthest_up) || !reach.contains(&furthest_down))
    }

    #[cold]
    fn unsupported(
        &self,
        reader: &mut Reader<'_>,
        progress: &mut Progress<'_>,
        relocation: &Relocation,
    ) {
        let section = self.file.section_name(reader, progress.table.target);
        let (offset, r_type) = (relocation.offset as usize, relocation.r_type);
        progress
            .report
            .unsupported(section.as_str(), offset, r_type);
        let (found, machine) = (&mut *progress.found, self.machine.name);
        found.unsupported = found.unsupported.saturating_add(1);
        let first = LoadError::Unsupported {
            count: 1,
            section,
            offset,
            r_type,
            machine,
        };
        found.first_unsupported.get_or_insert(first);
    }

    #[cold]
    fn undefined(
        &self,
        reader: &mut Reader<'_>,
        progress: &mut Progress<'_>,
        relocation: &Relocation,
    ) -> Checked<()> {
        progress.found.undefined = progress.found.undefined.saturating_add(1);
        if let Some(symbols) = &self.symbols {
            let mut buffer = [0; 256];
            let name = symbols.read_name(reader, relocation.symbol as usize, &mut buffer)?;
            progress
                .report
                .undefined(core::str::from_utf8(name).unwrap_or("?"));
        }
        Ok(())
    }

    #[cold]
    fn bad<T>(
        &self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        relocation: &Relocation,
        fault: RelocationFault,
    ) -> Checked<T> {
        let section = self.file.section_name(reader, table.target);
        let offset = relocation.offset as usize;
        reader.refuse(LoadError::BadRelocation {
            section,
            offset,
            fault,
        })
    }
}

/// Where the label that a low part refers to lies in the section that `slot` is the place of.
pub(super) fn label_offset(entry: Entry, slot: Slot) -> Option<u32> {
    match entry.meaning() {
        Meaning::Own(region, offset) if region == slot.region => offset.checked_sub(slot.offset),
        _ => None,
    }
}

/// Whether a symbol is a function in A32 code.
fn is_arm_function(entry: Entry) -> bool {
    entry.is_function() && matches!(entry.meaning(), Meaning::Own(_, offset) if offset & 1 == 0)
}
