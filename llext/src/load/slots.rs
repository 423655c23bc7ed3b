//! Where each section goes: eight bytes a section (invariant 4).

use crate::elf::reader::{Checked, Reader};
use crate::loaded::{Arrays, RegionKind};
use crate::memory::{Array, Heap, Held, align_up};

/// A region has fewer bytes than this, so that an offset in one fits a symbol's entry with room for its marks.
pub(super) const REGION_LIMIT: usize = Held::LIMIT;
/// The most words of all function arrays together.
const ARRAYS_LIMIT: usize = u16::MAX as usize;
/// Priority of an array section without one: after all that have one.
pub(super) const LAST: u32 = 1 << 16;

const KIND_BITS: u32 = 3;
const KIND: u32 = (1 << KIND_BITS) - 1;
/// Kind of a section in the text region; those in the other regions follow. Kind 0 is that of a section that is not loaded.
const PLACED: u32 = 1;
/// Kind of a part of a preinit array that waits for its place; init and fini arrays follow.
const WAITING: u32 = 5;

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

/// The places of all sections.
pub(super) struct Slots<'h> {
    words: Array<'h, [u32; 2]>,
}

impl<'h> Slots<'h> {
    /// Takes scratch for `count` sections, none of them loaded.
    pub(super) fn take(reader: &mut Reader<'_>, heap: &'h dyn Heap, count: usize) -> Checked<Self> {
        let size = count.saturating_mul(size_of::<[u32; 2]>());
        let words = reader.memory(heap, size, Array::take(heap, count))?;
        Ok(Self { words })
    }

    /// Bytes of scratch.
    pub(super) fn scratch(&self) -> usize {
        size_of_val::<[[u32; 2]]>(&self.words)
    }

    /// Where section `index` is; `None` if it is not loaded (or there is none).
    pub(super) fn get(&self, index: usize) -> Option<Slot> {
        let [offset, rest] = *self.words.get(index)?;
        let kind = rest & KIND;
        let region = RegionKind::from_index(kind.checked_sub(PLACED)?);
        Some(Slot {
            region,
            offset,
            size: rest >> KIND_BITS,
        })
    }

    /// Whether there is a section `index`.
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.words.len()
    }

    /// Puts section `index` into `slot`.
    pub(super) fn set(&mut self, index: usize, slot: Slot) {
        self.write(
            index,
            slot.offset,
            slot.size,
            PLACED.wrapping_add(slot.region as u32),
        );
    }

    /// Lets section `index`, a part of function array `array`, wait until all parts are known.
    pub(super) fn wait(&mut self, index: usize, array: u32, priority: u32, size: u32) {
        self.write(index, priority, size, WAITING.wrapping_add(array));
    }

    fn write(&mut self, index: usize, offset: u32, size: u32, kind: u32) {
        if let Some(words) = self.words.get_mut(index) {
            *words = [offset, size << KIND_BITS | kind];
        }
    }

    /// Places the function arrays one after the other at the end of the data region: preinit, init, fini; in each the
    /// parts by priority, and parts of one priority in file order (as `ld`'s `SORT_BY_INIT_PRIORITY`).
    pub(super) fn place_arrays(
        &mut self,
        reader: &mut Reader<'_>,
        layout: &mut Layout,
    ) -> Checked<Arrays> {
        let any = (0..3).any(|array| self.next_priority(array).is_some());
        let start = layout.place(reader, RegionKind::Data, 0, if any { 4 } else { 1 })?;
        let mut arrays = Arrays {
            start,
            ends: [0; 3],
        };
        for (array, end) in (0..).zip(&mut arrays.ends) {
            while let Some(priority) = self.next_priority(array) {
                self.place_parts(reader, array, priority, layout)?;
            }
            let words = layout.size(RegionKind::Data).saturating_sub(start as usize) / 4;
            *end = match u16::try_from(words) {
                Ok(words) => words,
                Err(_) => return reader.too_large("function arrays", ARRAYS_LIMIT),
            };
        }
        Ok(arrays)
    }

    /// The least priority of the parts of `array` that wait.
    fn next_priority(&self, array: u32) -> Option<u32> {
        let waiting = self
            .words
            .iter()
            .filter(|[_, rest]| rest & KIND == WAITING.wrapping_add(array));
        waiting.map(|[priority, _]| *priority).min()
    }

    fn place_parts(
        &mut self,
        reader: &mut Reader<'_>,
        array: u32,
        priority: u32,
        layout: &mut Layout,
    ) -> Checked<()> {
        for words in self.words.iter_mut() {
            let [waits_for, rest] = *words;
            if rest & KIND == WAITING.wrapping_add(array) && waits_for == priority {
                let size = rest >> KIND_BITS;
                let offset = layout.place(reader, RegionKind::Data, size as usize, 4)?;
                *words = [
                    offset,
                    size << KIND_BITS | PLACED.wrapping_add(RegionKind::Data as u32),
                ];
            }
        }
        Ok(())
    }
}

/// Sizes and alignments of the regions as sections are put into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    sizes: [usize; 4],
    aligns: [usize; 4],
}

impl Layout {
    /// Empty regions. All are aligned to a word at least.
    pub(super) const EMPTY: Self = Self {
        sizes: [0; 4],
        aligns: [4; 4],
    };

    /// Puts `size` bytes aligned to `align`, a power of two, at the end of a region, and says where that is.
    pub(super) fn place(
        &mut self,
        reader: &mut Reader<'_>,
        region: RegionKind,
        size: usize,
        align: usize,
    ) -> Checked<u32> {
        let end = self.sizes.get_mut(region as usize);
        let largest = self.aligns.get_mut(region as usize);
        let (Some(end), Some(largest)) = (end, largest) else {
            return reader.too_large(region.name(), REGION_LIMIT);
        };
        let offset = align_up(*end, align).unwrap_or(usize::MAX);
        let next = offset.saturating_add(size);
        if next >= REGION_LIMIT {
            return reader.too_large(region.name(), REGION_LIMIT);
        }
        *end = next;
        *largest = align.max(*largest);
        Ok(offset as u32)
    }

    /// Bytes of a region.
    pub(super) fn size(&self, region: RegionKind) -> usize {
        self.sizes.get(region as usize).copied().unwrap_or(0)
    }

    /// Bytes of all regions.
    pub(super) fn sizes(&self) -> [usize; 4] {
        self.sizes
    }

    /// Alignment of a region in bytes.
    pub(super) fn align(&self, region: RegionKind) -> usize {
        self.aligns.get(region as usize).copied().unwrap_or(1)
    }
}
