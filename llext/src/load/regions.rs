//! Fourth phase: memory is taken and filled, each byte copied once (invariant 3).

use super::slots::Layout;
use super::survey::Survey;
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader};
use crate::elf::section::Section;
use crate::loaded::RegionKind;
use crate::memory::{Block, Heap, Held};

/// The regions of an extension that is being loaded. They go back to the heap unless it is finished.
pub(super) struct Regions<'h> {
    blocks: [Option<Block<'h>>; 4],
    bases: [usize; 4],
}

impl<'h> Regions<'h> {
    /// Takes the regions of `layout`.
    pub(super) fn take(
        reader: &mut Reader<'_>,
        heap: &'h dyn Heap,
        layout: &Layout,
    ) -> Checked<Self> {
        let mut blocks = [None, None, None, None];
        for (block, kind) in blocks.iter_mut().zip(RegionKind::ALL) {
            if layout.size(kind) != 0 {
                let (size, align) = (layout.size(kind), layout.align(kind));
                *block = Some(reader.memory(
                    heap,
                    size,
                    Block::take(heap, kind.memory(), size, align),
                )?);
            }
        }
        // A symbol of an empty section may be used, though there is nothing at it: it gets an address in some region.
        let first = blocks.iter().flatten().next().map_or(0, Block::address);
        let bases = blocks
            .each_ref()
            .map(|block| block.as_ref().map_or(first, Block::address));
        Ok(Self { blocks, bases })
    }

    /// Target address of a region.
    pub(super) fn base(&self, region: RegionKind) -> usize {
        self.bases.get(region as usize).copied().unwrap_or(0)
    }

    /// The bytes of a region.
    pub(super) fn bytes_mut(&mut self, region: RegionKind) -> &mut [u8] {
        match self.blocks.get_mut(region as usize) {
            Some(Some(block)) => block.bytes_mut(),
            _ => &mut [],
        }
    }

    /// `len` bytes at `offset` of a region.
    pub(super) fn place(&mut self, region: RegionKind, offset: usize, len: usize) -> &mut [u8] {
        self.bytes_mut(region)
            .get_mut(offset..offset.saturating_add(len))
            .unwrap_or_default()
    }

    /// Puts the sections' contents into place, and zeros everywhere else.
    pub(super) fn fill(
        &mut self,
        reader: &mut Reader<'_>,
        file: &File,
        survey: &Survey<'_>,
    ) -> Checked<()> {
        // Function arrays are the only sections that do not follow each other in file order.
        let arrays = survey.arrays.start as usize;
        let data = self.bytes_mut(RegionKind::Data);
        data.get_mut(arrays..).unwrap_or_default().fill(0);
        let mut filled = [0usize; 4];
        file.sections
            .for_each(reader, &mut |reader, index, record| {
                let Some(slot) = survey.slots.get(index) else {
                    return Ok(());
                };
                let section = Section::new(record);
                if section.is_nobits() {
                    return Ok(());
                }
                let (start, size) = (slot.offset as usize, slot.size as usize);
                if section.array().is_none()
                    && let Some(filled) = filled.get_mut(slot.region as usize)
                {
                    self.place(slot.region, *filled, start.saturating_sub(*filled))
                        .fill(0);
                    *filled = start.saturating_add(size);
                }
                let contents = section.contents(reader, "section")?;
                contents.read(reader, 0, self.place(slot.region, start, size))?;
                Ok(())
            })?;
        for (region, filled) in RegionKind::ALL.into_iter().zip(filled) {
            let end = if region == RegionKind::Data {
                arrays
            } else {
                self.bytes_mut(region).len()
            };
            self.place(region, filled, end.saturating_sub(filled))
                .fill(0);
        }
        Ok(())
    }

    /// Hands the regions over to the extension.
    pub(super) fn keep(self) -> [Held; 4] {
        self.blocks.map(|block| block.map_or(Held::NONE, Held::new))
    }
}
