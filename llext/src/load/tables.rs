//! Relocation tables of sections that are loaded, and the high parts that low parts refer to.

use super::slots::{Slot, Slots};
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader};
use crate::elf::reloc::{Relocation, Relocations};
use crate::elf::section::Section;
use crate::loaded::RegionKind;
use crate::machine::Machine;

/// What is done with a relocation table, given the place of the section that it is for.
type Visit<'v> = &'v mut dyn FnMut(&mut Reader<'_>, &Relocations, Slot) -> Checked<()>;

/// Calls `each` for every relocation table whose target is loaded, with the target's place. Others (of debug
/// information) are left aside.
pub(super) fn each_table(
    reader: &mut Reader<'_>,
    file: &File,
    slots: &Slots<'_>,
    symbols: Option<usize>,
    each: Visit<'_>,
) -> Checked<()> {
    file.sections
        .for_each(reader, &mut |reader, index, record| {
            let section = Section::new(record);
            if !Relocations::is_table(&section) {
                return Ok(());
            }
            if !slots.has(section.info as usize) {
                return file.bad_section(reader, index, "sh_info", section.info);
            }
            let Some(slot) = slots.get(section.info as usize) else {
                return Ok(());
            };
            let table = Relocations::claim(reader, file, index, &section)?;
            if Some(table.symbols) != symbols {
                return file.bad_section(reader, index, "sh_link", section.link);
            }
            if slot.region == RegionKind::Bss {
                return file.bad_section(reader, index, "sh_info", section.info);
            }
            each(reader, &table, slot)
        })
}

/// How many high parts are remembered.
const REMEMBERED: usize = 8;

/// The high parts of one table (RISC-V's PCREL_HI20), by the offset of their places.
///
/// Compilers put a low part soon after its high part, so that the last few are nearly always enough;
/// for another one the table is searched, whatever the order.
pub(super) struct HighParts {
    last: [Option<Relocation>; REMEMBERED],
    next: usize,
}

impl HighParts {
    pub(super) const fn new() -> Self {
        Self {
            last: [None; REMEMBERED],
            next: 0,
        }
    }

    /// Remembers a high part.
    pub(super) fn remember(&mut self, relocation: &Relocation) {
        if let Some(place) = self.last.get_mut(self.next % REMEMBERED) {
            *place = Some(*relocation);
        }
        self.next = self.next.wrapping_add(1);
    }

    /// The high part whose place is at `offset` of the section.
    pub(super) fn find(
        &mut self,
        reader: &mut Reader<'_>,
        table: &Relocations,
        machine: &Machine,
        offset: u32,
    ) -> Checked<Option<Relocation>> {
        if let Some(found) = self
            .last
            .iter()
            .flatten()
            .find(|known| known.offset == offset)
        {
            return Ok(Some(*found));
        }
        let mut found = None;
        table.for_each(reader, |_, relocation| {
            let is_high = || {
                machine
                    .row(relocation.r_type)
                    .is_some_and(|row| row.is_high_part())
            };
            if relocation.offset == offset && is_high() {
                found = Some(*relocation);
            }
            Ok(())
        })?;
        if let Some(found) = &found {
            self.remember(found);
        }
        Ok(found)
    }
}
