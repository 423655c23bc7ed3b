//! The pipeline of a load. `run` is its table of contents: each phase returns a value that the next ones borrow.

mod check;
mod describe;
mod entry;
mod lookup;
mod plan;
mod regions;
mod relocate;
mod resolve;
mod slots;
mod survey;
mod tables;
#[cfg(test)]
mod tests;

use crate::Llext;
use crate::elf::reader::{Checked, Reader, Refused};
use crate::error::LoadError;
use crate::loaded::{Extension, RegionKind, Registry};
use crate::memory::{Block, Heap, MemoryKind, synchronise_instructions};
use crate::source::Source;
pub(crate) use lookup::symbol_at;
use plan::Plan;
use regions::Regions;
use resolve::World;

/// How to load.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'o> {
    /// Where the file came from (a path), kept for messages and debuggers; empty: not kept.
    /// What is longer than 255 bytes is not kept.
    pub origin: &'o str,
    /// Keep names and addresses of the sections after the load, for `Extension::sections` (GDB scripts, inspection).
    pub keep_sections: bool,
}

/// Is told what a load finds wrong, as it finds it. All methods have empty defaults.
pub trait Report {
    /// A symbol that nothing defines.
    fn undefined(&mut self, name: &str) {
        let _ = name;
    }

    /// A relocation that this machine's table does not have: in `section`, at `offset` bytes.
    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) {
        let _ = (section, offset, r_type);
    }
}

impl Report for () {}

/// What a load needs, exactly. In bytes, as asked of the heap: its own overhead and rounding come on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// What stays: the regions, in the order of `RegionKind::ALL`, veneers within the first.
    pub regions: [usize; RegionKind::ALL.len()],
    /// What stays beside them: descriptor, kept section table.
    pub metadata: usize,
    /// What is taken during the load and given back at its end.
    pub scratch: usize,
    /// Veneers, within the text region.
    pub veneers: usize,
}

impl Requirements {
    /// What stays: regions and metadata.
    pub fn held(&self) -> usize {
        self.regions
            .iter()
            .fold(self.metadata, |sum, &size| sum.saturating_add(size))
    }
}

/// The longest name of an extension, in bytes.
const NAME_LIMIT: usize = 63;

/// Loads the file in `source` as `name`.
pub(crate) fn load<'l>(
    llext: &'l mut Llext<'_>,
    source: &mut dyn Source,
    name: &str,
    options: &LoadOptions<'_>,
    report: &mut dyn Report,
) -> Result<&'l Extension, LoadError> {
    check_name(llext, name)?;
    let mut reader = Reader::new(source);
    run(llext, &mut reader, (name, options), report).map_err(|Refused| reader.reason())
}

/// A load: one line a phase. Whatever a phase has taken goes back when a later one fails.
fn run<'l>(
    llext: &'l mut Llext<'_>,
    reader: &mut Reader<'_>,
    named: (&str, &LoadOptions<'_>),
    report: &mut dyn Report,
) -> Checked<&'l Extension> {
    let (heap, world) = (
        llext.heap,
        World {
            exports: llext.exports,
            registry: &llext.registry,
        },
    );
    let mut plan = Plan::of(reader, llext.machine, heap, world, named, report)?;
    plan.found.refuse(reader)?;
    let mut regions = Regions::take(reader, heap, &plan.layout)?;
    let mut metadata = take_descriptor(reader, heap, plan.tail_len)?;
    let tail = metadata
        .bytes_mut()
        .get_mut(Registry::TAIL..)
        .unwrap_or_default();
    // While entries still say where symbols are: one with a veneer soon says where that is.
    describe::write_tail(reader, &plan, &regions, world, named, tail)?;
    regions.fill(reader, &plan.file, &plan.survey)?;
    relocate::write_veneers(reader, &mut plan, &mut regions, world)?;
    relocate::apply_all(reader, &plan, &mut regions, world)?;
    describe::check(reader, &plan, &mut regions)?;
    synchronise_instructions();
    let head = describe::head(&plan, regions);
    Ok(llext.registry.push(metadata, plan.tail_len, head))
}

/// The phases before memory is taken. What is missing is left to the report.
pub(crate) fn dry_run(
    llext: &Llext<'_>,
    source: &mut dyn Source,
    name: &str,
    options: &LoadOptions<'_>,
    report: &mut dyn Report,
) -> Result<Requirements, LoadError> {
    check_name(llext, name)?;
    let world = World {
        exports: llext.exports,
        registry: &llext.registry,
    };
    let mut reader = Reader::new(source);
    let plan = Plan::of(
        &mut reader,
        llext.machine,
        llext.heap,
        world,
        (name, options),
        report,
    );
    match plan {
        Ok(plan) => Ok(plan.requirements()),
        Err(Refused) => Err(reader.reason()),
    }
}

/// Whether an extension can get this name now.
fn check_name(llext: &Llext<'_>, name: &str) -> Result<(), LoadError> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'"' | b'\'' | b'\\');
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(fits) {
        return Err(LoadError::InvalidName);
    }
    match llext.by_name(name) {
        Some(_) => Err(LoadError::NameTaken),
        None => Ok(()),
    }
}

fn take_descriptor<'h>(
    reader: &mut Reader<'_>,
    heap: &'h dyn Heap,
    tail: usize,
) -> Checked<Block<'h>> {
    let (size, align) = Registry::descriptor_layout(tail).unwrap_or((usize::MAX, 1));
    reader.memory(
        heap,
        size,
        Block::take(heap, MemoryKind::Metadata, size, align),
    )
}
