//! The pipeline of a load. `run` is its table of contents: each phase returns a value that the next ones borrow.

mod check;
mod describe;
mod entry;
mod fill;
mod headers;
mod image;
mod lookup;
mod plan;
mod regions;
mod relocate;
mod resolve;
mod slots;
mod stay;
mod survey;
mod tables;
#[cfg(test)]
mod tests;
mod usual;

use crate::Llext;
use crate::elf::claim::{WindowRoom, Windows};
#[cfg(target_pointer_width = "64")]
use crate::elf::class::Elf64;
use crate::elf::class::{Class, Elf32};
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader, Refused};
#[cfg(not(target_pointer_width = "64"))]
use crate::elf::refusal::Why;
use crate::error::LoadError;
use crate::loaded::{Described, Extension, Head, RegionKind, Registry};
use crate::machine::Class as Width;
use crate::memory::{Extent, FilePlace, InPlace, MemoryKind, Request, synchronise_instructions};
use crate::source::Source;
pub use headers::SectionHeader;
pub(crate) use headers::{Which, section_header};
pub(crate) use lookup::symbol_at;
use plan::Plan;
use regions::Regions;
use resolve::World;
use stay::Stay;

/// How to load.
#[derive(Clone, Copy)]
pub struct LoadOptions<'o> {
    /// Where the file came from (a path), kept for messages and debuggers; empty: not kept.
    /// What is longer than 255 bytes is not kept.
    pub origin: &'o str,
    /// Export all global functions and objects of default visibility, even if the file has a section `.exported_sym`
    /// (Zephyr's `CONFIG_LLEXT_IMPORT_ALL_GLOBALS`).
    pub export_all: bool,
    /// Keep names and addresses of the sections after the load, for `Extension::sections` (GDB scripts, inspection).
    pub keep_sections: bool,
    /// Apply relocations against the file's own symbols. False for a file that was linked for the place where it lies: then only
    /// what it does not define is looked up.
    pub relocate_local: bool,
    /// All sections lie where `sh_addr` says, in the source's own memory ([`Source::in_place`]), and stay there; the load is
    /// refused if they do not ([`LoadError::NotInPlace`]), as are zeroed sections, which have no bytes there, and linked files.
    pub pre_located: bool,
    /// Sections for which this is true stay in the source's own memory and belong to no region, whatever else is said of
    /// them; the load is refused if the source has none ([`LoadError::NotInPlace`]). Asked for linkable files, and neither of
    /// zeroed sections nor of function arrays.
    pub detached: Option<&'o dyn Fn(&SectionHeader) -> bool>,
    /// Load a file even if its note says that it was built for a firmware with other exports ([`AbiId`](crate::AbiId)).
    pub ignore_abi: bool,
}

impl LoadOptions<'_> {
    /// Whether they say of sections that those are not copied.
    fn keeps_in_place(&self) -> bool {
        self.pre_located || self.detached.is_some()
    }

    /// Nothing out of the ordinary: what `default` gives, for constants.
    pub const DEFAULT: Self = Self {
        origin: "",
        relocate_local: true,
        pre_located: false,
        detached: None,
        ignore_abi: false,
        export_all: false,
        keep_sections: false,
    };
}

impl Default for LoadOptions<'_> {
    fn default() -> Self {
        Self::DEFAULT
    }
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

    /// A library that a linked file asks for (`DT_NEEDED`). It is not looked for: what is defined in it has to come from
    /// the firmware or from another extension.
    fn needed(&mut self, library: &str) {
        let _ = library;
    }
}

impl Report for () {}

/// What a load needs, exactly. In bytes, as asked of the heap: its own overhead and rounding come on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// What stays: the regions, in the order of `RegionKind::ALL`, veneers within the first.
    pub regions: [usize; RegionKind::ALL.len()],
    /// The regions' alignments.
    pub aligns: [usize; RegionKind::ALL.len()],
    /// Whether the regions and what stays beside them are one block.
    pub is_one_block: bool,
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

    /// What a load asks its heap for, in this order.
    pub(crate) fn requests(&self) -> [Request; 6] {
        let mut extents = [Extent::new(0, 1); RegionKind::ALL.len()];
        let sizes = self.regions.iter().zip(self.aligns);
        for (extent, (&size, align)) in extents.iter_mut().zip(sizes) {
            *extent = Extent::new(size, align);
        }
        let front = Extent::new(self.metadata, Registry::descriptor_layout(0).1);
        let (kind, front) = front.with(&extents, self.is_one_block);
        let scratch = (MemoryKind::Metadata, self.scratch.max(1), align_of::<u32>());
        let mut requests = [scratch; 6];
        let [_, first, regions @ ..] = &mut requests;
        *first = (kind, front.size, front.align());
        let wanted = extents.iter().zip(RegionKind::ALL);
        for (request, (extent, region)) in regions.iter_mut().zip(wanted) {
            let size = if self.is_one_block { 0 } else { extent.size };
            *request = (region.memory(), size, extent.align());
        }
        requests
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
    let file = source.in_place();
    let file = file.filter(|file| may_stay(llext, &file.place()));
    let mut room = WindowRoom::new();
    let windows = Windows::new(&mut room);
    let mut reader = match &file {
        Some(file) => Reader::in_place(file, &windows),
        None => Reader::new(source, &windows),
    };
    let (file, machine) = (file.as_ref(), llext.machine);
    let loaded = match machine.class {
        Width::Elf32 => run::<Elf32>(llext, (&mut reader, file), (name, options), report),
        #[cfg(target_pointer_width = "64")]
        Width::Elf64 => run::<Elf64>(llext, (&mut reader, file), (name, options), report),
        #[cfg(not(target_pointer_width = "64"))]
        Width::Elf64 => reader.refuse(Why::Image, u32::MAX as usize, 0),
    };
    loaded.map_err(|Refused| reader.reason(machine))
}

/// A load, with trust in usual tables of relocations until they are applied (`usual`); and once more without, if that was
/// misplaced, or anything else is wrong: what was not looked at may be wrong, too, and who asks is told all of it.
fn run<'l, C: Class>(
    llext: &'l mut Llext<'_>,
    (reader, file): (&mut Reader<'_>, Option<&InPlace>),
    named: (&str, &LoadOptions<'_>),
    report: &mut dyn Report,
) -> Checked<&'l Extension> {
    let mut trusts = true;
    loop {
        let loaded = attempt::<C>(llext, (reader, file), named, (report, &mut trusts));
        match loaded {
            Ok(Some(loaded)) => return Ok(llext.registry.push(loaded)),
            Err(Refused) if trusts && !reader.has_failed() => trusts = false,
            _ => return Err(Refused),
        }
    }
}

/// The phases of a load: one line each. Whatever one has taken goes back when a later one fails.
#[inline(always)]
fn attempt<C: Class>(
    llext: &Llext<'_>,
    (reader, file): (&mut Reader<'_>, Option<&InPlace>),
    named: (&str, &LoadOptions<'_>),
    (report, trusts): (&mut dyn Report, &mut bool),
) -> Checked<Option<Described>> {
    let (heap, protection) = (llext.heap, &llext.protection);
    let mut regions = Regions::of(heap);
    let mut loaded = None;
    let stay = file.and_then(|file| Stay::new(file.place()));
    with_plan::<C>(llext, reader, (named.1, stay), &mut |plan, reader| {
        plan.trusts = *trusts;
        let planned = plan.complete(reader, named, report);
        *trusts = plan.trusts;
        planned?;
        plan.protect(reader, protection)?;
        plan.refuse(reader)?;
        let one = plan.is_one_block(protection);
        regions.take(reader, heap, plan, (file, one))?;
        // While entries still say where symbols are: one with a stub soon says where that is.
        describe::write_tail(reader, plan, &mut regions, named, one)?;
        relocate::link(reader, plan, &mut regions)?;
        describe::check(reader, plan, &regions)?;
        synchronise_instructions();
        let views = plan.views(&regions, one);
        let (descriptor, mut held) = regions.keep();
        if let Some(views) = views {
            held = image::split(&views, &descriptor, held);
        }
        let found = (plan.arrays, plan.build_id);
        let head = Head::new(held, C::WORD, plan.exports, found, plan.tail);
        loaded = Some(Registry::describe(descriptor, plan.tail_len, head));
        Ok(())
    })?;
    Ok(loaded)
}

/// Whether sections of a file may stay there: what is patched where it lies cannot be protected by itself.
fn may_stay(llext: &Llext<'_>, file: &FilePlace) -> bool {
    !file.is_writable || llext.protection.is_none()
}

/// Has `work` done with the plan of a file that sections may `stay` in, when its header has been read. (A plan is large: it is made
/// in one place, and stays there.)
#[inline(never)]
fn with_plan<'s, C: Class>(
    llext: &Llext<'_>,
    reader: &mut Reader<'s>,
    (options, stay): (&LoadOptions<'_>, Option<Stay>),
    work: &mut dyn FnMut(&mut Plan<'_, 's, C>, &mut Reader<'s>) -> Checked<()>,
) -> Checked<()> {
    let abi = llext.abi.filter(|_| !options.ignore_abi);
    let world = World::new(llext.exports, &llext.registry)
        .with_abi(abi)
        .with_thread_pointer(llext.thread_pointer)
        .with_file(stay);
    let header = File::<C>::open(reader, llext.machine)?;
    work(
        &mut Plan::new(llext.machine, llext.heap, world, header),
        reader,
    )
}

/// The phases before memory is taken. What is missing is left to the report, unless this is `strict`, as a load is.
pub(crate) fn dry_run(
    llext: &Llext<'_>,
    source: &mut dyn Source,
    name: &str,
    options: &LoadOptions<'_>,
    report: &mut dyn Report,
    strict: bool,
) -> Result<Requirements, LoadError> {
    check_name(llext, name)?;
    let mut room = WindowRoom::new();
    let windows = Windows::new(&mut room);
    let file = source.place().filter(|file| may_stay(llext, file));
    let mut reader = Reader::new(source, &windows);
    let plan = match llext.machine.class {
        Width::Elf32 => try_out::<Elf32>(
            llext,
            (&mut reader, file),
            (name, options),
            (report, strict),
        ),
        #[cfg(target_pointer_width = "64")]
        Width::Elf64 => try_out::<Elf64>(
            llext,
            (&mut reader, file),
            (name, options),
            (report, strict),
        ),
        #[cfg(not(target_pointer_width = "64"))]
        Width::Elf64 => reader.refuse(Why::Image, u32::MAX as usize, 0),
    };
    plan.map_err(|Refused| reader.reason(llext.machine))
}

fn try_out<C: Class>(
    llext: &Llext<'_>,
    (reader, file): (&mut Reader<'_>, Option<FilePlace>),
    named: (&str, &LoadOptions<'_>),
    (report, strict): (&mut dyn Report, bool),
) -> Checked<Requirements> {
    let mut needs = Requirements::default();
    let stay = file.and_then(Stay::new);
    with_plan::<C>(llext, reader, (named.1, stay), &mut |plan, reader| {
        plan.complete(reader, named, report)?;
        plan.protect(reader, &llext.protection)?;
        if strict {
            plan.refuse(reader)?;
        }
        needs = plan.requirements(&llext.protection);
        Ok(())
    })?;
    Ok(needs)
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
