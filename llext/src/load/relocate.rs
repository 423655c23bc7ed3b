//! Fifth phase: veneers are written and relocations applied. What remains to be refused here is a value that does not
//! fit its field, for that depends on where the regions are (invariant 5).

use super::check::label_offset;
use super::entry::{Entry, Meaning};
use super::plan::Plan;
use super::regions::Regions;
use super::resolve::World;
use super::slots::Slot;
use super::tables::{HighParts, each_table};
use crate::elf::reloc::{Relocation, Relocations};
use crate::error::{LoadError, RelocationFault};
use crate::loaded::RegionKind;
use crate::machine::{FieldError, Formula, Operands, Row, Veneer};
use crate::source::Source;

/// Gives every symbol that needs one its veneer.
pub(super) fn write_veneers(
    source: &mut dyn Source,
    plan: &mut Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
) -> Result<(), LoadError> {
    let Some(veneer) = plan.machine.veneer else {
        return Ok(());
    };
    let mut count = 0;
    for index in 0..plan.resolved.len() {
        let Some(entry) = plan.resolved.get(index).filter(|entry| entry.has_veneer()) else {
            continue;
        };
        // An offset of a function in T32 code has the Thumb bit, and so has an address.
        let target = address(source, plan, regions, world, entry)?;
        (veneer.write)(veneer_place(plan, regions, veneer, count), target);
        plan.resolved.set(index, entry.at_veneer(count));
        count = count.saturating_add(1);
    }
    Ok(())
}

/// Applies all relocations.
pub(super) fn apply_all(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
) -> Result<(), LoadError> {
    let symbols = plan.symbols.map(|symbols| symbols.section);
    each_table(
        source,
        &plan.file,
        &plan.survey.slots,
        symbols,
        &mut |source, table, slot| {
            let mut highs = HighParts::new();
            table.for_each(source, |source, relocation| {
                apply(
                    source, plan, regions, world, table, slot, &mut highs, relocation,
                )
            })
        },
    )
}

#[allow(
    clippy::too_many_arguments,
    reason = "the state of three loops, one within the other"
)]
fn apply(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
    table: &Relocations,
    slot: Slot,
    highs: &mut HighParts,
    relocation: &Relocation,
) -> Result<(), LoadError> {
    // Both were checked by the plan.
    let Some(row) = plan
        .machine
        .row(relocation.r_type)
        .filter(|row| row.formula != Formula::Nothing)
    else {
        return Ok(());
    };
    let Some(entry) = plan.resolved.get(relocation.symbol as usize) else {
        return Ok(());
    };
    let mut at = *relocation;
    if row.is_pcrel_hi20() {
        highs.remember(relocation);
    }
    let entry = if row.completes_hi20() {
        let label = label_offset(entry, slot);
        let high = match label {
            Some(label) => highs.find(source, table, plan.machine, label)?,
            None => None,
        };
        let no_high = || bad(source, plan, table, relocation, RelocationFault::NoHigh);
        at = high.ok_or_else(no_high)?;
        plan.resolved.get(at.symbol as usize).unwrap_or(Entry::ZERO)
    } else {
        entry
    };
    let base = regions.base(slot.region).wrapping_add(slot.offset as usize);
    let offset = (slot.offset as usize).saturating_add(relocation.offset as usize);
    let (s, t) = value(source, plan, regions, world, entry)?;
    let place = regions.place(slot.region, offset, row.width());
    let a = at
        .addend
        .map_or_else(|| row.addend(place), |addend| addend as isize);
    let operands = Operands {
        s,
        a,
        p: base.wrapping_add(at.offset as usize),
        t,
    };
    let result = match entry.meaning() {
        Meaning::Zero if !entry.has_veneer() && relocation.symbol != 0 => {
            row.apply_weak_undefined(place, &operands)
        }
        _ => apply_or_detour(plan, regions, row, slot.region, offset, entry, &operands),
    };
    result.map_err(|field| out_of_range(source, plan, table, relocation, row, field))
}

/// Applies a relocation, through its symbol's veneer if the symbol itself is out of reach.
fn apply_or_detour(
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    row: &Row,
    region: RegionKind,
    offset: usize,
    entry: Entry,
    operands: &Operands,
) -> Result<(), FieldError> {
    let place = regions.place(region, offset, row.width());
    let result = row.apply(place, operands);
    match (result, plan.machine.veneer) {
        (Err(_), Some(veneer))
            if entry.has_veneer()
                && row.branch_reach().is_some()
                && operands.a == row.branch_bias() =>
        {
            let start = veneer_offset(plan, veneer, entry.veneer());
            let s = regions.base(RegionKind::Text).wrapping_add(start);
            // A veneer is in the state of its callers.
            row.apply(
                regions.place(region, offset, row.width()),
                &Operands { s, ..*operands },
            )
        }
        (result, _) => result,
    }
}

/// S and T of a symbol.
fn value(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    world: World<'_>,
    entry: Entry,
) -> Result<(usize, usize), LoadError> {
    let address = match plan.machine.veneer {
        Some(veneer) if entry.has_veneer() => {
            (veneer.target)(veneer_place(plan, regions, veneer, entry.veneer()))
        }
        _ => address(source, plan, regions, world, entry)?,
    };
    // Of other symbols nothing but the number is known: see `Operands`.
    let t = if entry.is_function() { address & 1 } else { 0 };
    Ok((address.wrapping_sub(t), t))
}

/// The address that a symbol stands for, with the Thumb bit if it has one.
fn address(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    regions: &Regions<'_>,
    world: World<'_>,
    entry: Entry,
) -> Result<usize, LoadError> {
    Ok(match entry.meaning() {
        Meaning::Own(region, offset) => regions.base(region).wrapping_add(offset as usize),
        Meaning::Firmware(position) => world.exports.address(position).unwrap_or(0),
        Meaning::Extension(number) => world.registry.export_address(number).unwrap_or(0),
        Meaning::Absolute(index) => match &plan.symbols {
            Some(symbols) => symbols
                .get(source, index)?
                .map_or(0, |symbol| symbol.value as usize),
            None => 0,
        },
        Meaning::Zero | Meaning::Undefined | Meaning::Reported | Meaning::NotLoaded => 0,
    })
}

fn veneer_offset(plan: &Plan<'_>, veneer: &Veneer, index: usize) -> usize {
    (plan.veneers_at as usize).saturating_add(index.saturating_mul(veneer.size))
}

fn veneer_place<'r>(
    plan: &Plan<'_>,
    regions: &'r mut Regions<'_>,
    veneer: &Veneer,
    index: usize,
) -> &'r mut [u8] {
    regions.place(
        RegionKind::Text,
        veneer_offset(plan, veneer, index),
        veneer.size,
    )
}

#[cold]
fn bad(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    table: &Relocations,
    relocation: &Relocation,
    fault: RelocationFault,
) -> LoadError {
    let section = plan.file.section_name(source, table.target);
    LoadError::BadRelocation {
        section,
        offset: relocation.offset as usize,
        fault,
    }
}

#[cold]
fn out_of_range(
    source: &mut dyn Source,
    plan: &Plan<'_>,
    table: &Relocations,
    relocation: &Relocation,
    row: &Row,
    field: FieldError,
) -> LoadError {
    let section = plan.file.section_name(source, table.target);
    let symbol = match &plan.symbols {
        Some(symbols) => symbols.name(source, relocation.symbol as usize),
        None => crate::Name::EMPTY,
    };
    let offset = relocation.offset as usize;
    LoadError::OutOfRange {
        section,
        offset,
        symbol,
        relocation: row.name,
        field,
    }
}
