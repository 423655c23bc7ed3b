//! The plan: all that is known of a load before memory is taken, and what the load will need.

use super::check::Found;
use super::entry::Entry;
use super::image::Linked;
use super::resolve::World;
use super::slots::{Layout, Place, Slot};
use super::stay::Stay;
use super::tables::{HighParts, NO_TYPE};
use super::{LoadOptions, Report, Requirements};
use crate::elf::class::Class;
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::elf::section::SHT_SYMTAB;
use crate::elf::symbol::Symbols;
use crate::loaded::{Arrays, BuildId, ExportTable, RegionKind, Registry, Tail};
use crate::machine::Machine;
use crate::memory::{Heap, MemoryKind, Protection, Scratch};

/// The most symbols: as many as relocations of 32-bit files can name.
const SYMBOLS_LIMIT: usize = 1 << 24;

/// All that is known of a load before memory is taken. (In this order: instructions are shorter for what lies at the front.)
#[repr(C)]
pub(super) struct Plan<'p, 's, C: Class> {
    /// Whether relocations against the file's own symbols are applied.
    pub(super) relocate_local: bool,
    /// Whether every table of relocations comes behind the section that it is for.
    pub(super) in_order: bool,
    /// Whether usual tables of relocations are checked when they are applied, and not before.
    pub(super) trusts: bool,
    /// Whether there are tables that have to be checked before memory is taken.
    pub(super) has_other_tables: bool,
    /// A type of relocation that is known to be of a whole word, and probably the next one's too.
    pub(super) word: u32,
    /// What places of relocations count from: 0, or where the linker of a linked file began.
    pub(super) origin: usize,
    pub(super) machine: &'static Machine,
    /// Where sections go, and what symbols are.
    pub(super) scratch: Scratch<'p>,
    pub(super) file: File<C>,
    /// Sizes and alignments of the regions; in the end, stubs included.
    pub(super) layout: Layout,
    pub(super) symbols: Option<Symbols<'s, C>>,
    /// What relocations need, and what is wrong with them.
    pub(super) found: Found,
    /// The file, if sections may stay in it.
    pub(super) stay: Option<Stay>,
    /// Where the function arrays are.
    pub(super) arrays: Arrays,
    /// Where exports will be found: the records of `.exported_sym`, or in the descriptor.
    pub(super) exports: ExportTable,
    /// Where the build-id is.
    pub(super) build_id: BuildId,
    /// Sections that are kept: how many, and bytes of their names with a NUL each.
    pub(super) kept: (usize, usize),
    /// Bytes of the names of exports, with a NUL each, if there is no `.exported_sym`.
    pub(super) export_names: usize,
    /// Offset of the first stub in the text region, in bytes.
    pub(super) stubs_at: u32,
    /// Lengths of the descriptor's tail: of its parts, and in all.
    pub(super) tail: Tail,
    pub(super) tail_len: usize,
    pub(super) heap: &'p dyn Heap,
    pub(super) world: World<'p>,
    /// High parts that low parts may refer to.
    pub(super) highs: HighParts,
    /// What is known of a linked file.
    pub(super) linked: Option<Linked<C>>,
}

impl<'p, 's, C: Class> Plan<'p, 's, C> {
    /// What is known of a file before more is read than its header. (Made where it stays, because it is large; and so
    /// is all that is found out later.)
    #[inline(always)]
    pub(super) fn new(
        machine: &'static Machine,
        heap: &'p dyn Heap,
        world: World<'p>,
        file: File<C>,
    ) -> Self {
        Self {
            machine,
            heap,
            world,
            file,
            symbols: None,
            linked: None,
            origin: 0,
            scratch: Scratch::none(),
            relocate_local: true,
            stay: world.stay,
            layout: Layout::empty(),
            arrays: Arrays::default(),
            exports: ExportTable::default(),
            build_id: BuildId::default(),
            kept: (0, 0),
            export_names: 0,
            highs: HighParts::new(),
            word: NO_TYPE,
            in_order: true,
            trusts: false,
            has_other_tables: false,
            found: Found::default(),
            stubs_at: 0,
            tail: Tail::default(),
            tail_len: 0,
        }
    }

    /// Finds the symbols, and takes scratch for them and the sections.
    pub(super) fn open(&mut self, reader: &mut Reader<'s>) -> Checked<()> {
        match self.file.segments {
            Some(segments) => (self.linked, self.symbols) = Linked::open(reader, segments)?,
            None => self.symbols = find_symbols(reader, &self.file)?,
        }
        let symbols = self.symbols.as_ref();
        let count = symbols.map_or(0, |symbols| symbols.table.len());
        // A linked file has one symbol at least, and its sections have no places of their own.
        let (sections, count) = match self.linked {
            Some(_) => (0, count.max(1)),
            None => (self.file.sections.len(), count),
        };
        if count > SYMBOLS_LIMIT {
            return reader.refuse(Why::Symbols, SYMBOLS_LIMIT, 0);
        }
        if self.scratch.take(self.heap, sections, count).is_none() {
            let size = Scratch::size(sections, count);
            return reader.out_of_memory(self.heap, MemoryKind::Metadata, size);
        }
        self.scratch.fill_entries(Entry::UNKNOWN_BYTE);
        // Symbol 0 is none.
        self.set_entry(0, Entry::ZERO);
        Ok(())
    }

    /// Plans the load as `name`.
    #[inline(never)]
    pub(super) fn complete(
        &mut self,
        reader: &mut Reader<'s>,
        (name, options): (&str, &LoadOptions<'_>),
        report: &mut dyn Report,
    ) -> Checked<()> {
        self.relocate_local = options.relocate_local;
        self.open(reader)?;
        // What is patched where it lies cannot begin anew.
        let is_patched = self.stay.is_some_and(|stay| stay.is_writable());
        self.trusts &= self.linked.is_none() && options.relocate_local && !is_patched;
        if self.relocate_local && self.linked.is_none() {
            self.word = self.machine.word_type().unwrap_or(NO_TYPE);
        }
        match self.linked.is_some() {
            true => self.survey_image(reader, options, report)?,
            false => self.survey(reader, options)?,
        }
        self.resolve_ahead(reader)?;
        match (self.trusts, self.has_other_tables) {
            (true, false) => {}
            // What is missing is reported by an attempt that checks all.
            (true, true) => self.check(reader, &mut ())?,
            (false, _) => self.check(reader, report)?,
        }
        self.place_stubs(reader)?;
        self.describe_tail(reader, name, options)
    }

    /// The place of section `index`; `None` if there is no such section.
    #[inline(always)]
    pub(super) fn place(&self, index: usize) -> Option<Place> {
        self.scratch
            .slots()
            .get(index)
            .map(|words| Place(words.get()))
    }

    /// Where section `index` is; `None` if it is not loaded (or there is none).
    #[inline(always)]
    pub(super) fn slot(&self, index: usize) -> Option<Slot> {
        self.place(index)?.slot()
    }

    /// What the load needs.
    pub(super) fn requirements(&self, protection: &Protection) -> Requirements {
        let stub = self.machine.stub.size();
        let sections = self.scratch.slots().len();
        Requirements {
            regions: self.layout.sizes(),
            aligns: self.layout.extents().map(|extent| extent.align()),
            is_one_block: self.is_one_block(protection),
            metadata: Registry::descriptor_layout(self.tail_len).0,
            scratch: Scratch::size(sections, self.scratch.entries().len()),
            veneers: self.found.stubs.saturating_mul(stub),
        }
    }

    /// Puts the stubs at the end of the text region.
    fn place_stubs(&mut self, reader: &mut Reader<'_>) -> Checked<()> {
        self.stubs_at = self.layout.size(RegionKind::Text) as u32;
        if self.found.stubs != 0 {
            let stub = self.machine.stub;
            let size = self.found.stubs.saturating_mul(stub.size());
            let align = usize::from(stub.align);
            self.stubs_at = self.layout.place(reader, RegionKind::Text, size, align)?;
        }
        Ok(())
    }

    /// Rounds the regions to what can be protected.
    pub(super) fn protect(
        &mut self,
        reader: &mut Reader<'_>,
        protection: &Protection,
    ) -> Checked<()> {
        match protection.is_none() || self.is_writable_image() {
            true => Ok(()),
            false => self.layout.protect(reader, protection),
        }
    }

    /// Whether this is a linked file whose image comes from memory for data.
    fn is_writable_image(&self) -> bool {
        self.linked.is_some() && self.heap.is_sealed()
    }

    /// Whether descriptor and regions are one block.
    pub(super) fn is_one_block(&self, protection: &Protection) -> bool {
        self.heap.is_one() && protection.is_none() || self.is_writable_image()
    }

    /// Finds the lengths of the descriptor's tail.
    fn describe_tail(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        options: &LoadOptions<'_>,
    ) -> Checked<()> {
        let origin = u8::try_from(options.origin.len()).unwrap_or(0);
        let dependencies = self.world.registry.marked().count();
        self.tail = Tail {
            dependencies: few(reader, Why::Dependencies, dependencies)?,
            sections: few(reader, Why::KeptSections, self.kept.0)?,
            name: name.len() as u8,
            origin,
        };
        self.tail_len = self
            .tail
            .texts_at(&self.exports)
            .saturating_add(name.len())
            .saturating_add(origin.into())
            .saturating_add(self.export_names)
            .saturating_add(self.kept.1);
        Ok(())
    }
}

/// Finds the symbol table: the last one, which in a file that is loaded is the only one. It comes at the end nearly always.
fn find_symbols<'s, C: Class>(
    reader: &mut Reader<'s>,
    file: &File<C>,
) -> Checked<Option<Symbols<'s, C>>> {
    let there = file.sections.there(reader).unwrap_or_default();
    for index in (0..file.sections.len()).rev() {
        let section = match there.get(index) {
            Some(record) => Some(C::section(record)),
            None => file.section(reader, index)?,
        };
        if let Some(section) = section
            && section.kind == SHT_SYMTAB
        {
            return Symbols::claim(reader, file, index, &section).map(Some);
        }
    }
    Ok(None)
}

/// A count that a descriptor has room for.
fn few(reader: &mut Reader<'_>, why: Why, count: usize) -> Checked<u16> {
    match u16::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => reader.refuse(why, u16::MAX.into(), 0),
    }
}
