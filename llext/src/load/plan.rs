//! The plan: all that is known of a load before memory is taken, and what the load will need.

use super::check::{Check, Found};
use super::resolve::{Resolved, World};
use super::slots::Layout;
use super::survey::Survey;
use super::{LoadOptions, Report, Requirements};
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader};
use crate::elf::symbol::Symbols;
use crate::loaded::{ExportTable, RegionKind, Registry, Tail};
use crate::machine::{Machine, Stub};
use crate::memory::{Heap, MemoryKind};

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
    /// What the relocations need, and what is wrong with them.
    pub(super) found: Found,
    /// Lengths of the descriptor's tail: of its parts, and in all.
    pub(super) tail: Tail,
    pub(super) tail_len: usize,
    /// Where exports will be found.
    pub(super) exports: ExportTable,
}

impl<'h> Plan<'h> {
    /// Plans the load of the file in `reader` as `name`.
    pub(super) fn of(
        reader: &mut Reader<'_>,
        machine: &'static Machine,
        heap: &'h dyn Heap,
        world: World<'_>,
        (name, options): (&str, &LoadOptions<'_>),
        report: &mut dyn Report,
    ) -> Checked<Self> {
        let file = File::open(reader, machine)?;
        let mut survey = Survey::of(reader, &file, heap, options.keep_sections)?;
        let symbols = survey.symbols(reader, &file)?;
        let mut resolved = Resolved::of(reader, symbols.as_ref(), &mut survey, world, heap)?;
        let check = Check {
            file: &file,
            machine,
            survey: &survey,
            symbols,
            world,
            bounds: heap.bounds(MemoryKind::Instruction),
        };
        let found = check.all(reader, &mut resolved, report)?;
        let mut layout = survey.layout;
        let veneers_at = place_veneers(reader, &mut layout, machine.stub, found.veneers)?;
        let (tail, tail_len, exports) = describe_tail(reader, &survey, &resolved, name, options)?;
        Ok(Self {
            file,
            machine,
            survey,
            symbols,
            resolved,
            layout,
            veneers_at,
            found,
            tail,
            tail_len,
            exports,
        })
    }

    /// What the load needs.
    pub(super) fn requirements(&self) -> Requirements {
        let veneer = self.machine.stub.size();
        Requirements {
            regions: self.layout.sizes(),
            metadata: Registry::descriptor_layout(self.tail_len).map_or(0, |(size, _)| size),
            scratch: self
                .survey
                .slots
                .scratch()
                .saturating_add(self.resolved.scratch()),
            veneers: self.found.veneers.saturating_mul(veneer),
        }
    }
}

/// Puts `count` veneers at the end of the text region and says where the first one is.
fn place_veneers(
    reader: &mut Reader<'_>,
    layout: &mut Layout,
    stub: &Stub,
    count: usize,
) -> Checked<u32> {
    if count == 0 {
        return Ok(layout.size(RegionKind::Text) as u32);
    }
    let size = count.saturating_mul(stub.size());
    layout.place(reader, RegionKind::Text, size, stub.align.into())
}

/// The lengths of the descriptor's tail, and where exports will be.
fn describe_tail(
    reader: &mut Reader<'_>,
    survey: &Survey<'_>,
    resolved: &Resolved<'_>,
    name: &str,
    options: &LoadOptions<'_>,
) -> Checked<(Tail, usize, ExportTable)> {
    let origin = u8::try_from(options.origin.len()).unwrap_or(0);
    let tail = Tail {
        dependencies: few(reader, "number of dependencies", resolved.dependencies)?,
        sections: few(reader, "number of sections", survey.kept.0)?,
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

/// A count that a descriptor has room for.
fn few(reader: &mut Reader<'_>, what: &'static str, count: usize) -> Checked<u16> {
    match u16::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => reader.too_large(what, u16::MAX.into()),
    }
}
