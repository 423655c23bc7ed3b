//! Third phase: every relocation is checked, and what the load needs is reckoned. Whatever can be known to be wrong
//! is refused here, before a byte of region or descriptor is taken (invariant 2).

use super::entry::{Entry, Meaning};
use super::resolve::{Resolved, World};
use super::slots::{Layout, Slot};
use super::survey::Survey;
use super::tables::{HighParts, each_table};
use super::{LoadOptions, Report, Requirements};
use crate::elf::header::File;
use crate::elf::reloc::{Relocation, Relocations};
use crate::elf::symbol::Symbols;
use crate::error::{LoadError, RelocationFault};
use crate::loaded::{ExportTable, KEPT_SECTION, RegionKind, Registry, Tail};
use crate::machine::{Formula, Machine, Operands, Row, Veneer};
use crate::memory::Heap;
use crate::source::Source;
use core::ops::{Range, RangeInclusive};

/// All that is known of a load before memory is taken.
pub(super) struct Plan<'h> {
    pub(super) file: File,
    pub(super) machine: &'static Machine,
    pub(super) survey: Survey<'h>,
    pub(super) symbols: Option<Symbols>,
    pub(super) resolved: Resolved<'h>,
    /// Sizes and alignments of the regions, veneers included.
    pub(super) layout: Layout,
    /// Offset of the first veneer in the text region, in bytes.
    pub(super) veneers_at: u32,
    /// Number of veneers.
    pub(super) veneers: usize,
    /// Lengths of the descriptor's tail: of its parts, and in all.
    pub(super) tail: Tail,
    pub(super) tail_len: usize,
    /// Where exports will be found.
    pub(super) exports: ExportTable,
}

impl<'h> Plan<'h> {
    /// Plans the load of the file in `source` as `name`.
    pub(super) fn of(
        source: &mut dyn Source,
        machine: &'static Machine,
        heap: &'h dyn Heap,
        world: World<'_>,
        (name, options): (&str, &LoadOptions<'_>),
        report: &mut dyn Report,
    ) -> Result<Self, LoadError> {
        let file = File::open(source, machine)?;
        let mut survey = Survey::of(source, &file, heap, options.keep_sections)?;
        let symbols = survey.symbols(source, &file)?;
        let mut resolved = Resolved::of(source, symbols.as_ref(), &mut survey, world, heap)?;
        let bounds = heap.bounds();
        let mut check = Check {
            file: &file,
            machine,
            survey: &survey,
            symbols,
            world,
            bounds,
            report,
            found: Found::default(),
        };
        let veneers = check.all(source, &mut resolved)?;
        let mut layout = survey.layout;
        let veneers_at = place_veneers(&mut layout, machine.veneer, veneers)?;
        let (tail, tail_len, exports) = describe_tail(&survey, &resolved, name, options)?;
        Ok(Self {
            file,
            machine,
            survey,
            symbols,
            resolved,
            layout,
            veneers_at,
            veneers,
            tail,
            tail_len,
            exports,
        })
    }

    /// What the load needs.
    pub(super) fn requirements(&self) -> Requirements {
        let veneer = self.machine.veneer.map_or(0, |veneer| veneer.size);
        Requirements {
            regions: self.layout.sizes(),
            metadata: Registry::descriptor_layout(self.tail_len).map_or(0, |(size, _)| size),
            scratch: self
                .survey
                .slots
                .scratch()
                .saturating_add(self.resolved.scratch()),
            veneers: self.veneers.saturating_mul(veneer),
        }
    }
}

/// Puts `count` veneers at the end of the text region and says where the first one is.
fn place_veneers(
    layout: &mut Layout,
    veneer: Option<&Veneer>,
    count: usize,
) -> Result<u32, LoadError> {
    match veneer {
        Some(veneer) if count != 0 => layout.place(
            RegionKind::Text,
            count.saturating_mul(veneer.size),
            veneer.align,
        ),
        _ => Ok(layout.size(RegionKind::Text) as u32),
    }
}

/// The lengths of the descriptor's tail, and where exports will be.
fn describe_tail(
    survey: &Survey<'_>,
    resolved: &Resolved<'_>,
    name: &str,
    options: &LoadOptions<'_>,
) -> Result<(Tail, usize, ExportTable), LoadError> {
    let too_many = |what| LoadError::TooLarge {
        what,
        limit: u16::MAX.into(),
    };
    let origin = u8::try_from(options.origin.len()).unwrap_or(0);
    let tail = Tail {
        dependencies: u16::try_from(resolved.dependencies)
            .map_err(|_| too_many("number of dependencies"))?,
        sections: u16::try_from(survey.kept.0).map_err(|_| too_many("number of sections"))?,
        name: name.len() as u8,
        origin,
    };
    let (count, names) = resolved.exported;
    let exports = survey.exports.unwrap_or(ExportTable {
        section: None,
        offset: 0,
        count: count as u32,
    });
    let len = tail
        .texts_at(&exports)
        .saturating_add(name.len())
        .saturating_add(origin.into());
    Ok((
        tail,
        len.saturating_add(names).saturating_add(survey.kept.1),
        exports,
    ))
}

const _: () = assert!(KEPT_SECTION % 4 == 0);

/// The check of all relocations.
struct Check<'c> {
    file: &'c File,
    machine: &'static Machine,
    survey: &'c Survey<'c>,
    symbols: Option<Symbols>,
    world: World<'c>,
    bounds: Range<usize>,
    report: &'c mut dyn Report,
    found: Found,
}

/// What was found.
#[derive(Default)]
struct Found {
    undefined: usize,
    unsupported: usize,
    first_unsupported: Option<LoadError>,
    veneers: usize,
}

impl Check<'_> {
    /// Checks all relocations, marks the symbols that need a veneer, and says how many those are.
    fn all(
        &mut self,
        source: &mut dyn Source,
        resolved: &mut Resolved<'_>,
    ) -> Result<usize, LoadError> {
        let (file, slots) = (self.file, &self.survey.slots);
        let symbols = self.symbols.map(|symbols| symbols.section);
        each_table(source, file, slots, symbols, |source, table, slot| {
            let mut highs = HighParts::new();
            table.for_each(source, |source, relocation| {
                self.one(source, resolved, table, slot, &mut highs, relocation)
            })
        })?;
        match self.found {
            Found {
                first_unsupported: Some(mut first),
                unsupported,
                ..
            } => {
                if let LoadError::Unsupported { count, .. } = &mut first {
                    *count = unsupported;
                }
                Err(first)
            }
            Found { undefined, .. } if undefined != 0 => Err(LoadError::Undefined(undefined)),
            Found { veneers, .. } => Ok(veneers),
        }
    }

    fn one(
        &mut self,
        source: &mut dyn Source,
        resolved: &mut Resolved<'_>,
        table: &Relocations,
        slot: Slot,
        highs: &mut HighParts,
        relocation: &Relocation,
    ) -> Result<(), LoadError> {
        let Some(row) = self.machine.row(relocation.r_type) else {
            self.unsupported(source, table.target, relocation);
            return Ok(());
        };
        let end = (relocation.offset as usize).saturating_add(row.width());
        let index = relocation.symbol as usize;
        let entry = match resolved.get(index) {
            Some(entry) if end <= slot.size as usize => entry,
            Some(_) => return Err(self.bad(source, table, relocation, RelocationFault::Place)),
            None => {
                return Err(self.bad(
                    source,
                    table,
                    relocation,
                    RelocationFault::Symbol(relocation.symbol),
                ));
            }
        };
        match row.formula {
            // Markers compute nothing, so that their symbol may even be undefined (R_ARM_NONE in .ARM.exidx).
            Formula::Nothing => return Ok(()),
            Formula::PadExcess => return self.check_padding(source, table, slot, row, relocation),
            _ => {}
        }
        self.check_symbol(source, resolved, table, relocation, entry)?;
        if row.is_pcrel_hi20() {
            highs.remember(relocation);
        } else if row.completes_hi20() {
            let label = label_offset(entry, slot);
            let high = match label {
                Some(label) => highs.find(source, table, self.machine, label)?,
                None => None,
            };
            if high.is_none() {
                return Err(self.bad(source, table, relocation, RelocationFault::NoHigh));
            }
        } else if row.enters_thumb() && is_arm_function(entry) {
            return Err(self.bad(source, table, relocation, RelocationFault::NotThumb));
        }
        if let (Some(reach), Some(_)) = (row.branch_reach(), self.machine.veneer)
            && !entry.has_veneer()
            && self.may_be_out_of_reach(
                source,
                entry,
                slot,
                relocation,
                row.branch_bias(),
                &reach,
            )?
        {
            resolved.set(index, entry.with_veneer());
            self.found.veneers = self.found.veneers.saturating_add(1);
        }
        Ok(())
    }

    /// A symbol that a relocation computes with must be defined in what is loaded.
    fn check_symbol(
        &mut self,
        source: &mut dyn Source,
        resolved: &mut Resolved<'_>,
        table: &Relocations,
        relocation: &Relocation,
        entry: Entry,
    ) -> Result<(), LoadError> {
        match entry.meaning() {
            Meaning::Undefined => {
                if let Some(symbols) = &self.symbols {
                    let mut buffer = [0; 256];
                    let name =
                        symbols.read_name(source, relocation.symbol as usize, &mut buffer)?;
                    self.report
                        .undefined(core::str::from_utf8(name).unwrap_or("?"));
                }
                resolved.set(relocation.symbol as usize, Entry::REPORTED);
                self.found.undefined = self.found.undefined.saturating_add(1);
                Ok(())
            }
            Meaning::NotLoaded => Err(self.bad(
                source,
                table,
                relocation,
                RelocationFault::NotLoaded(relocation.symbol),
            )),
            _ => Ok(()),
        }
    }

    /// Padding of code must end aligned as it is: nothing is ever shortened here. The section's place is
    /// aligned as the section wants it, whatever the region's address.
    fn check_padding(
        &mut self,
        source: &mut dyn Source,
        table: &Relocations,
        slot: Slot,
        row: &Row,
        relocation: &Relocation,
    ) -> Result<(), LoadError> {
        let a = relocation.addend.unwrap_or(0);
        let align = u32::try_from(a)
            .ok()
            .and_then(|a| a.checked_add(1))
            .and_then(u32::checked_next_power_of_two);
        let fits =
            align.is_some_and(|align| align as usize <= self.survey.layout.align(slot.region));
        let p = slot.offset.wrapping_add(relocation.offset) as usize;
        let operands = Operands {
            s: 0,
            a: a as isize,
            p,
            t: 0,
        };
        if fits && row.apply(&mut [], &operands).is_ok() {
            Ok(())
        } else {
            Err(self.bad(source, table, relocation, RelocationFault::Padding))
        }
    }

    /// Whether a call from `relocation`'s place to a symbol may not reach it, wherever in the heap the regions will be.
    fn may_be_out_of_reach(
        &self,
        source: &mut dyn Source,
        entry: Entry,
        slot: Slot,
        relocation: &Relocation,
        bias: isize,
        reach: &RangeInclusive<isize>,
    ) -> Result<bool, LoadError> {
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
                    .get(source, index)?
                    .map(|symbol| symbol.value as usize),
                None => None,
            },
            // A call to a weak symbol that nothing defines is no call, and an undefined one is refused.
            _ => return Ok(false),
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
    fn unsupported(&mut self, source: &mut dyn Source, target: usize, relocation: &Relocation) {
        let section = self.file.section_name(source, target);
        let (offset, r_type) = (relocation.offset as usize, relocation.r_type);
        self.report.unsupported(section.as_str(), offset, r_type);
        self.found.unsupported = self.found.unsupported.saturating_add(1);
        let machine = self.machine.name;
        self.found
            .first_unsupported
            .get_or_insert(LoadError::Unsupported {
                count: 1,
                section,
                offset,
                r_type,
                machine,
            });
    }

    #[cold]
    fn bad(
        &self,
        source: &mut dyn Source,
        table: &Relocations,
        relocation: &Relocation,
        fault: RelocationFault,
    ) -> LoadError {
        let section = self.file.section_name(source, table.target);
        LoadError::BadRelocation {
            section,
            offset: relocation.offset as usize,
            fault,
        }
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
