//! Where each section goes: eight bytes a section (invariant 4).

use super::entry::Entry;
use crate::elf::claim::Span;
use crate::elf::reader::{Checked, Reader};
use crate::elf::refusal::Why;
use crate::loaded::{Arrays, RegionKind};
use crate::memory::{Extent, Held, Protection, Scratch};

/// A region has fewer bytes than this, a power of two, so that an offset in one fits a symbol's entry with room for its marks.
pub(super) const REGION_LIMIT: usize = Held::LIMIT;
/// The most words of all function arrays together.
const ARRAYS_LIMIT: usize = u16::MAX as usize;
/// Priority of an array section without one: after all that have one.
pub(super) const LAST: u32 = 1 << 16;

const KIND_BITS: u32 = 5;
const KIND: u32 = (1 << KIND_BITS) - 1;
/// Kind of a section that has its place, and the only odd one. Kind 0 is that of a section that is not loaded.
const PLACED: u32 = 1;
/// Beside `PLACED`: not filled like the others.
const APART: u32 = 16;
/// Kinds of parts of preinit, init and fini arrays that wait for their places; see `Place::waits`.
const WAITING: [u32; 3] = [2, 4, 6];

/// The place of a section that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The region.
    pub(super) region: RegionKind,
    /// Offset in the region, in bytes.
    pub(super) offset: u32,
    /// Size in bytes.
    pub(super) size: u32,
}

impl Slot {
    /// Whether a byte of the file belongs to both, where this is one in the file.
    pub(super) fn overlaps(&self, span: &Span) -> bool {
        let (start, end) = (self.offset as usize, self.offset.saturating_add(self.size));
        start < span.offset().saturating_add(span.len()) && span.offset() < end as usize
    }
}

/// A section's two words of scratch: where it is, as the entry of a symbol at its start; size and kind.
/// While a part of a function array waits, the first one is its priority.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(pub(super) [u32; 2]);

impl Place {
    /// Of a section that is not loaded.
    pub(super) const NONE: Self = Self([0; 2]);

    /// Of a section that relocations change, until it has its place: see `Plan::look_ahead`.
    pub(super) const CHANGED: Self = Self([0, 8]);

    /// Of a relocation table that has been found in order, and that has nothing but relocations of whole words.
    pub(super) const USUAL_TABLE: Self = Self([0, 10]);

    /// Of a section at `offset` of a region.
    #[inline(always)]
    pub(super) fn new(region: RegionKind, offset: u32, size: usize) -> Self {
        let start = Entry::own(region, offset);
        Self([start.0, (size as u32) << KIND_BITS | PLACED])
    }

    /// The same, of a section that is filled apart: a part of a function array, or a table.
    pub(super) fn apart(self) -> Self {
        let Self([start, rest]) = self;
        Self([start, rest | APART])
    }

    /// Of a part of function array `array` until all parts are known.
    pub(super) fn waiting(array: u32, priority: u32, size: usize) -> Self {
        Self([priority, (size as u32) << KIND_BITS | waiting(array)])
    }

    /// Whether it is that of a section that is loaded.
    #[inline(always)]
    pub(super) fn is_placed(self) -> bool {
        let Self([_, rest]) = self;
        rest & PLACED != 0
    }

    /// Whether it is that of a section that is loaded and filled like nearly all.
    #[inline(always)]
    pub(super) fn is_usual(self) -> bool {
        let Self([_, rest]) = self;
        rest & KIND == PLACED
    }

    /// Whether it is that of a part of a function array that waits for its place.
    pub(super) fn waits(self) -> bool {
        let Self([_, rest]) = self;
        matches!(rest & KIND, 2 | 4 | 6)
    }

    /// The entry of a symbol at the section's start.
    #[inline(always)]
    pub(super) fn start(self) -> u32 {
        let Self([start, _]) = self;
        start
    }

    /// The entry of a symbol at `value` of the section, if that is loaded and as long as that at least.
    #[inline(always)]
    pub(super) fn at(self, value: usize) -> Option<Entry> {
        let fits = self.is_placed() && value <= self.size();
        fits.then(|| Entry(self.start().wrapping_add(value as u32)))
    }

    /// Whether relocations may change it in a region: it has bytes of the file there.
    #[inline(always)]
    pub(super) fn is_filled(self) -> bool {
        self.is_placed() && self.start() < Entry::own(RegionKind::Bss, 0).0
    }

    /// Size in bytes.
    #[inline(always)]
    pub(super) fn size(self) -> usize {
        let Self([_, rest]) = self;
        (rest >> KIND_BITS) as usize
    }

    /// The place; `None` if the section is not loaded.
    #[inline(always)]
    pub(super) fn slot(self) -> Option<Slot> {
        let (region, offset) = Entry(self.start()).parts();
        let size = self.size() as u32;
        self.is_placed().then_some(Slot {
            region,
            offset,
            size,
        })
    }

    /// The number of the region, and the offset there.
    #[inline(always)]
    pub(super) fn region_and_offset(self) -> (usize, usize) {
        let (region, offset) = Entry(self.start()).place();
        (region as usize, offset as usize)
    }

    /// The section's bytes; `None` if they do not lie in a region.
    #[inline(always)]
    pub(super) fn bytes<'b>(self, parts: &'b mut [&mut [u8]; 4]) -> Option<&'b mut [u8]> {
        let (region, start) = self.region_and_offset();
        let bytes = parts.get_mut(region)?.get_mut(start..)?;
        bytes.get_mut(..self.size())
    }

    fn waits_for(self, array: u32) -> bool {
        let Self([_, rest]) = self;
        rest & KIND == waiting(array)
    }
}

/// The kind of a part of function array `array` that waits for its place.
fn waiting(array: u32) -> u32 {
    WAITING.get(array as usize).copied().unwrap_or(0)
}

/// Places the function arrays one after the other at the end of the data region: preinit, init, fini; in each the
/// parts by priority, and parts of one priority in file order (as `ld`'s `SORT_BY_INIT_PRIORITY`).
pub(super) fn place_arrays(
    reader: &mut Reader<'_>,
    scratch: &Scratch<'_>,
    layout: &mut Layout,
    word: usize,
) -> Checked<Arrays> {
    let start = layout.place(reader, RegionKind::Data, 0, word)?;
    let mut arrays = Arrays {
        start,
        ends: [0; 3],
    };
    for (array, end) in (0..).zip(&mut arrays.ends) {
        let mut next = 0;
        while let Some(priority) = least_priority(scratch, array, next) {
            place_parts(reader, scratch, (array, priority), layout, word)?;
            next = priority.saturating_add(1);
        }
        let words = layout.size(RegionKind::Data).saturating_sub(start as usize) / word;
        *end = match u16::try_from(words) {
            Ok(words) => words,
            Err(_) => return reader.refuse(Why::FunctionArrays, ARRAYS_LIMIT, 0),
        };
    }
    Ok(arrays)
}

/// The least priority, from `from` on, of the parts of `array` that wait.
fn least_priority(scratch: &Scratch<'_>, array: u32, from: u32) -> Option<u32> {
    let waiting = scratch.slots().iter().filter_map(|words| {
        let place = Place(words.get());
        (place.waits_for(array) && place.start() >= from).then_some(place.start())
    });
    waiting.min()
}

fn place_parts(
    reader: &mut Reader<'_>,
    scratch: &Scratch<'_>,
    (array, priority): (u32, u32),
    layout: &mut Layout,
    word: usize,
) -> Checked<()> {
    for words in scratch.slots() {
        let place = Place(words.get());
        if place.waits_for(array) && place.start() == priority {
            let offset = layout.place(reader, RegionKind::Data, place.size(), word)?;
            words.set(Place::new(RegionKind::Data, offset, place.size()).apart().0);
        }
    }
    Ok(())
}

/// Sizes and alignments of the regions as sections are put into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout([Extent; 4]);

impl Layout {
    /// Empty regions. All are aligned to a word at least. (A constant would be copied.)
    #[inline(always)]
    pub(super) fn empty() -> Self {
        let empty = || Extent::new(0, 4);
        Self([empty(), empty(), empty(), empty()])
    }

    /// Puts `size` bytes aligned to `align`, a power of two, at the end of a region, and says where that is.
    #[inline(never)]
    pub(super) fn place(
        &mut self,
        reader: &mut Reader<'_>,
        region: RegionKind,
        size: usize,
        align: usize,
    ) -> Checked<u32> {
        match self.put(region, size, align) {
            Some(offset) => Ok(offset),
            None => reader.refuse(Why::RegionSize, region as usize, REGION_LIMIT),
        }
    }

    /// The same; `None` if the region has no room for it.
    #[inline(always)]
    pub(super) fn put(&mut self, region: RegionKind, size: usize, align: usize) -> Option<u32> {
        let Self(extents) = self;
        let extent = extents.get_mut(region as usize)?;
        // Does not wrap: regions are small, and there is no alignment of the whole address space.
        let mask = align.wrapping_sub(1);
        let offset = extent.size.wrapping_add(mask) & !mask;
        let end = offset.wrapping_add(size);
        // The limit is a power of two: all three are below it.
        if offset | size | end >= REGION_LIMIT {
            return None;
        }
        extent.size = end;
        extent.mask |= mask;
        Some(offset as u32)
    }

    /// Makes the regions such that each can be protected by itself.
    #[cold]
    pub(super) fn protect(
        &mut self,
        reader: &mut Reader<'_>,
        protection: &Protection,
    ) -> Checked<()> {
        for (extent, kind) in self.0.iter_mut().zip(RegionKind::ALL) {
            match protection.round_of(kind.memory(), extent.size, extent.align()) {
                Some((size, align)) if size < REGION_LIMIT => *extent = Extent::new(size, align),
                _ => return reader.refuse(Why::RegionSize, kind as usize, REGION_LIMIT),
            }
        }
        Ok(())
    }

    /// The regions.
    pub(super) fn extents(&self) -> &[Extent; 4] {
        &self.0
    }

    /// Bytes of a region.
    pub(super) fn size(&self, region: RegionKind) -> usize {
        self.0.get(region as usize).map_or(0, |extent| extent.size)
    }

    /// Bytes of all regions.
    pub(super) fn sizes(&self) -> [usize; 4] {
        self.0.map(|extent| extent.size)
    }

    /// Alignment of a region in bytes.
    pub(super) fn align(&self, region: RegionKind) -> usize {
        self.0.get(region as usize).map_or(1, Extent::align)
    }
}
