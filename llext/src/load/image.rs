//! Linked files (`ET_DYN`): shared libraries and position-independent executables.
//!
//! The linker fixed the distances between all sections, so that they are loaded as one image, which takes the place of the text
//! region while it is linked; in the end, regions are the parts of it that are executed, read and written.
//! The rest of the pipeline sees one section, which all symbols lie in and all relocations are for.
//!
//! - Symbols are those of `.dynsym`. What the file does not define comes from the firmware and from other extensions, as
//!   always: libraries that it asks for (`DT_NEEDED`) are reported and not looked for.
//! - Relocations are those that `PT_DYNAMIC` tells of, calls (`JUMP_SLOT`) included: nothing is bound late. Text may be
//!   relocated (`DT_TEXTREL`), for all of the image is written before any of it runs. `COPY` is refused.
//! - `DT_INIT` runs before `DT_INIT_ARRAY`, and `DT_FINI` after `DT_FINI_ARRAY`. The addresses of all functions are
//!   copied into the data region, where those of linkable files are.

use super::entry::Entry;
use super::plan::Plan;
use super::regions::Regions;
use super::slots::Slot;
use super::survey::is_kept;
use super::tables::Relocations;
use super::{LoadOptions, Report};
use crate::elf::claim::Chunk;
use crate::elf::class::Class;
use crate::elf::dynamic::{Dynamic, Tag};
use crate::elf::image::{Image, Views};
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::{IMAGE, Why};
use crate::elf::section::{SHT_NOTE, SHT_PROGBITS, Section};
use crate::elf::symbol::Symbols;
use crate::loaded::{Arrays, BuildId, ExportTable, RegionKind};
use crate::machine::{self, Row};
use crate::memory::{Held, copy, zero};
use core::ops::Range;

/// A linked file that is being loaded.
pub(super) struct Linked<C: Class> {
    image: Image<C>,
    dynamic: Dynamic,
    /// Address of the image's first byte, as the linker counted.
    start: usize,
    /// Bytes from there.
    len: usize,
}

impl<C: Class> Linked<C> {
    /// Checks the program headers at `segments` and finds the symbols.
    pub(super) fn open<'s>(
        reader: &mut Reader<'s>,
        (offset, count): (usize, usize),
    ) -> Checked<(Option<Self>, Option<Symbols<'s, C>>)> {
        let image = Image::claim(reader, offset, count)?;
        let dynamic = Dynamic::read(reader, &image)?;
        let symbols = dynamic.symbols(reader, &image)?;
        let linked = Self {
            image,
            dynamic,
            start: 0,
            len: 0,
        };
        Ok((Some(linked), symbols))
    }

    /// Where the `size` bytes at `address` lie in the image; `None` if they do not.
    fn offset_of(&self, address: usize, size: usize) -> Option<u32> {
        let offset = address.wrapping_sub(self.start);
        let lies = offset <= self.len && size <= self.len.wrapping_sub(offset);
        lies.then_some(offset as u32)
    }

    /// The parts of the text region, of `len` bytes, that become regions of their own.
    pub(super) fn views(&self, len: usize) -> Views {
        self.image.views(self.start, len)
    }

    /// The functions that run first and last, as they follow each other in memory: tags of an array's address and size, or of
    /// one function's address.
    fn arrays(&self) -> [(Tag, Option<Tag>); 5] {
        [
            (Tag::PreinitArray, Some(Tag::PreinitArraySize)),
            (Tag::Init, None),
            (Tag::InitArray, Some(Tag::InitArraySize)),
            // Run from the last to the first.
            (Tag::Fini, None),
            (Tag::FiniArray, Some(Tag::FiniArraySize)),
        ]
    }
}

impl<C: Class> Plan<'_, '_, C> {
    /// Gives the image of a linked file its place: the text region.
    #[cold]
    pub(super) fn survey_image(
        &mut self,
        reader: &mut Reader<'_>,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Checked<()> {
        let Some(mut linked) = self.linked.take() else {
            return Ok(());
        };
        if options.pre_located {
            return self.not_in_place(reader, IMAGE, Some(linked.image.start()));
        }
        let align = self.image_align(reader, &linked)?;
        (linked.start, linked.len) = linked.image.extent(align);
        self.origin = linked.start;
        self.layout
            .place(reader, RegionKind::Text, linked.len, align)?;
        self.count_functions(reader, &linked)?;
        // The symbol of relocations without one (RELATIVE) is the image itself.
        self.set_entry(0, Entry::own(RegionKind::Text, 0));
        self.each_section(reader, &mut |plan, reader, index, section| {
            plan.look_at_loaded(reader, &linked, index, section, options)
        })?;
        let needed = &mut |library: &str| report.needed(library);
        linked.dynamic.each_needed(reader, &linked.image, needed)?;
        self.linked = Some(linked);
        Ok(())
    }

    /// The alignment of the image: what its sections ask for, which is less than the pages that a linker counts with; or
    /// those, if that is not known.
    fn image_align(&mut self, reader: &mut Reader<'_>, linked: &Linked<C>) -> Checked<usize> {
        let mut align = self.machine.image_align().max(C::WORD);
        if self.file.sections.len() == 0 {
            return Ok(linked.image.align.max(align));
        }
        self.each_section(reader, &mut |_, reader, index, section| {
            match section.align() {
                Ok(wanted) => align = align.max(wanted.min(linked.image.align)),
                Err(wanted) => {
                    return reader.refuse(Why::SectionAlign, index, wanted);
                }
            }
            Ok(())
        })?;
        Ok(align)
    }

    /// Calls `each` for every section that is loaded.
    pub(super) fn each_section(
        &mut self,
        reader: &mut Reader<'_>,
        each: &mut dyn FnMut(&mut Self, &mut Reader<'_>, usize, &Section) -> Checked<()>,
    ) -> Checked<()> {
        let (mut cursor, mut chunk) = (self.file.sections.cursor(), Chunk::new());
        let mut index = 0usize;
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(());
            }
            for record in batch {
                let section = C::section(record);
                if is_kept(&section) {
                    each(self, reader, index, &section)?;
                }
                index = index.saturating_add(1);
            }
        }
    }

    /// Takes what matters to the loader from a section of a linked file.
    fn look_at_loaded(
        &mut self,
        reader: &mut Reader<'_>,
        linked: &Linked<C>,
        index: usize,
        section: &Section,
        options: &LoadOptions<'_>,
    ) -> Checked<()> {
        let Some(offset) = linked.offset_of(section.address, section.size) else {
            return reader.refuse(Why::SectionAddress, index, section.address);
        };
        if options.keep_sections {
            self.keep(reader, section)?;
        }
        match section.kind {
            SHT_NOTE => {
                if let Some((at, len)) = self.read_notes(reader, section)? {
                    let offset = offset.saturating_add(at);
                    self.build_id = BuildId { offset, len };
                }
                Ok(())
            }
            SHT_PROGBITS if !options.export_all && self.has_exports(reader, section.name)? => {
                self.find_exports(reader, index, section, (RegionKind::Text, offset))
            }
            _ => Ok(()),
        }
    }

    /// Finds the functions that run first and last, and has room made for their addresses.
    fn count_functions(&mut self, reader: &mut Reader<'_>, linked: &Linked<C>) -> Checked<()> {
        let (mut words, mut ends) = (0usize, [0; 5]);
        for (end, (at, size)) in ends.iter_mut().zip(linked.arrays()) {
            let address = linked.dynamic.value(at);
            let count = match size {
                Some(size) => {
                    let size = linked.dynamic.value(size);
                    if !size.is_multiple_of(C::WORD)
                        || linked.offset_of(address, size).is_none() && size != 0
                    {
                        return reader.refuse(Why::BadDynamic, at as usize, address);
                    }
                    size / C::WORD
                }
                None => usize::from(address != 0),
            };
            words = words.saturating_add(count);
            *end = match u16::try_from(words) {
                Ok(words) => words,
                Err(_) => return reader.refuse(Why::FunctionArrays, u16::MAX.into(), 0),
            };
        }
        let [preinit, _, init, _, fini] = ends;
        let size = words.saturating_mul(C::WORD);
        let start = self.layout.place(reader, RegionKind::Data, size, C::WORD)?;
        self.arrays = Arrays {
            start,
            ends: [preinit, init, fini],
        };
        Ok(())
    }

    /// The relocations of a linked file; none of a linkable one.
    pub(super) fn image_tables(
        &self,
        reader: &mut Reader<'_>,
    ) -> Checked<[Option<Relocations>; 3]> {
        let Some(linked) = &self.linked else {
            return Ok([None; 3]);
        };
        let slot = Slot {
            region: RegionKind::Text,
            offset: 0,
            size: linked.len as u32,
        };
        let tables = linked.dynamic.relocations(reader, &linked.image)?;
        Ok(tables.map(|entries| {
            entries.map(|entries| Relocations {
                target: IMAGE,
                slot,
                entries,
            })
        }))
    }

    /// Whether relocations of this type may be in this kind of file.
    #[cold]
    pub(super) fn takes_dynamic(&self, row: &Row) -> bool {
        use machine::Dynamic::{GlobDat, JumpSlot, Relative};
        self.linked.is_some() && matches!(row.dynamic(), Some(Relative | GlobDat | JumpSlot))
    }

    /// What the symbol of a linked file at `address` is; `None` if that is outside of the image.
    #[cold]
    pub(super) fn at_address(&self, address: usize) -> Option<Entry> {
        let offset = self.linked.as_ref()?.offset_of(address, 0)?;
        Some(Entry::own(RegionKind::Text, offset))
    }

    /// Where a section of a linked file is, in the region that it belongs to in the end.
    pub(super) fn slot_in_view(&self, section: &Section, one: bool) -> Option<Slot> {
        let linked = self.linked.as_ref()?;
        let offset = linked.offset_of(section.address, section.size)?;
        let (region, offset) = self.in_view(offset, one);
        Some(Slot {
            region,
            offset,
            size: section.size as u32,
        })
    }

    /// Region and offset in it, in the end, of what lies at `offset` of the image: regions are parts of the image if one heap
    /// serves all kinds of memory (`one`), else the image is the text region.
    fn in_view(&self, offset: u32, one: bool) -> (RegionKind, u32) {
        let at = offset as usize;
        if let Some(linked) = self.linked.as_ref().filter(|_| one) {
            let Views { text, rodata, data } = linked.views(self.layout.size(RegionKind::Text));
            for (kind, view) in [
                (RegionKind::Text, text),
                (RegionKind::Rodata, rodata),
                (RegionKind::Data, data),
            ] {
                if view.contains(&at) {
                    return (kind, at.wrapping_sub(view.start) as u32);
                }
            }
        }
        (RegionKind::Text, offset)
    }

    /// The parts of a linked file's image that become regions, if all is in one block. Exports, function arrays and the build-id
    /// are said to be in terms of those then.
    pub(super) fn views(&mut self, regions: &Regions<'_>, one: bool) -> Option<Views> {
        let linked = self.linked.as_ref()?;
        let views = linked.views(self.layout.size(RegionKind::Text));
        if self.exports.section.is_some() {
            let (region, offset) = self.in_view(self.exports.offset, one);
            let section = Some(region);
            let count = self.exports.count;
            self.exports = ExportTable {
                section,
                offset,
                count,
            };
        }
        self.build_id = match self.in_view(self.build_id.offset, one) {
            (RegionKind::Rodata, offset) => BuildId {
                offset,
                ..self.build_id
            },
            _ => BuildId::default(),
        };
        if one && self.layout.size(RegionKind::Data) != 0 {
            let start = regions
                .address(RegionKind::Text)
                .wrapping_add(views.data.start);
            self.arrays.start = regions.address(RegionKind::Data).wrapping_sub(start) as u32;
        }
        one.then_some(views)
    }

    /// Puts the segments' contents into place, and zeros everywhere else.
    pub(super) fn fill_image(&self, reader: &mut Reader<'_>, text: &mut [u8]) -> Checked<()> {
        let Some(linked) = &self.linked else {
            return Ok(());
        };
        let mut filled = 0usize;
        linked.image.each(reader, &mut |reader, span, address| {
            let start = address.wrapping_sub(linked.start);
            let end = start.saturating_add(span.len());
            zero(text.get_mut(filled..start).unwrap_or_default());
            let room = text.get_mut(start..end).unwrap_or_default();
            match span.there(reader) {
                Some(there) => copy(room, there),
                None => span.read(reader, 0, room).map(drop)?,
            }
            filled = end;
            Ok(())
        })?;
        zero(text.get_mut(filled..).unwrap_or_default());
        Ok(())
    }

    /// Copies the addresses of the functions that run first and last from the finished image at `base` into `data`.
    pub(super) fn copy_functions(&self, base: usize, text: &[u8], data: &mut [u8]) {
        let Some(linked) = &self.linked else {
            return;
        };
        let mut words = data.chunks_exact_mut(C::WORD);
        for (at, size) in linked.arrays() {
            let address = linked.dynamic.value(at);
            match size {
                Some(size) => {
                    let start = address.wrapping_sub(linked.start);
                    let end = start.saturating_add(linked.dynamic.value(size));
                    let array = text.get(start..end).unwrap_or_default();
                    for (function, word) in array.chunks_exact(C::WORD).zip(words.by_ref()) {
                        copy(word, function);
                    }
                }
                None if address == 0 => {}
                None => {
                    let function = address.wrapping_sub(linked.start).wrapping_add(base);
                    if let Some(word) = words.next() {
                        copy(word, &function.to_le_bytes());
                    }
                }
            }
        }
    }
}

/// The regions of a linked file whose descriptor, text and data regions are parts of `block`: the last of the views reaches up to
/// the end of the data region.
pub(super) fn split(views: &Views, block: &Held, held: [Held; 5]) -> [Held; 5] {
    let [text, _, data, ..] = &held;
    let start = text.address().wrapping_sub(block.address());
    let last = if data.size() != 0 { data } else { text };
    let end = last.address().saturating_add(last.size());
    let end = end.wrapping_sub(block.address());
    let part = |from: usize, to: usize| {
        let from = start.saturating_add(from);
        block.part(from, to.saturating_sub(from))
    };
    let view = |view: &Range<usize>| part(view.start, start.saturating_add(view.end));
    [
        view(&views.text),
        view(&views.rodata),
        part(views.data.start, end),
        Held::NONE,
        Held::NONE,
    ]
}
