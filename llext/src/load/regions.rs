//! Fourth phase: memory is taken.

use super::entry::{Bases, Entry};
use super::slots::Layout;
use crate::elf::class::Class;
use crate::elf::reader::{Checked, Reader};
use crate::loaded::{RegionKind, Registry};
use crate::memory::{Block, Heap, Held, MemoryKind, align_up, copy};

/// The memory of an extension that is being loaded. It goes back to the heap unless the load is finished.
///
/// If one heap serves all kinds, and none is to be protected, one block holds descriptor and regions; else each has its own.
pub(super) struct Regions<'h> {
    descriptor: Block<'h>,
    blocks: [Option<Block<'h>>; 4],
    /// Where the regions begin in the descriptor's block, if it holds them.
    starts: [usize; 4],
    sizes: [usize; 4],
    bases: [usize; 4],
}

/// The bytes of the regions, and of the descriptor's tail.
pub(super) struct Parts<'r> {
    pub(super) regions: [&'r mut [u8]; 4],
    pub(super) tail: &'r mut [u8],
}

impl<'h> Regions<'h> {
    /// Takes the regions of `layout`, and a descriptor with `tail` bytes behind its head; all in `one` block or not.
    pub(super) fn take(
        reader: &mut Reader<'_>,
        heap: &'h dyn Heap,
        layout: &Layout,
        tail: usize,
        one: bool,
    ) -> Checked<Self> {
        let (mut size, mut align) = Registry::descriptor_layout(tail);
        let mut starts = [0; 4];
        if one {
            for (start, kind) in starts.iter_mut().zip(RegionKind::ALL) {
                if layout.size(kind) != 0 {
                    *start = align_up(size, layout.align(kind)).unwrap_or(usize::MAX);
                    size = start.saturating_add(layout.size(kind));
                    align = align.max(layout.align(kind));
                }
            }
        }
        let kind = MemoryKind::Metadata;
        let descriptor = reader.memory(heap, kind, size, align)?;
        let mut blocks = [None, None, None, None];
        if !one {
            for (block, kind) in blocks.iter_mut().zip(RegionKind::ALL) {
                let size = layout.size(kind);
                if size != 0 {
                    *block = Some(reader.memory(heap, kind.memory(), size, layout.align(kind))?);
                }
            }
        }
        // A symbol of an empty section may be used, though there is nothing at it: it gets an address in some region.
        let first = blocks
            .iter()
            .flatten()
            .next()
            .unwrap_or(&descriptor)
            .address();
        let mut bases = starts.map(|start| first.wrapping_add(start));
        for (base, block) in bases.iter_mut().zip(&blocks) {
            *base = block.as_ref().map_or(*base, Block::address);
        }
        Ok(Self {
            descriptor,
            blocks,
            starts,
            sizes: layout.sizes(),
            bases,
        })
    }

    /// Target address of a region.
    pub(super) fn base(&self, region: RegionKind) -> usize {
        self.bases.get(region as usize).copied().unwrap_or(0)
    }

    /// The addresses that entries count from, where `near` is that of near exports.
    pub(super) fn bases(&self, near: usize) -> Bases {
        Entry::bases(self.bases, near)
    }

    /// The region that `address` lies in, and where.
    pub(super) fn find(&self, address: usize) -> Option<(RegionKind, usize)> {
        RegionKind::ALL.into_iter().find_map(|kind| {
            let offset = address.wrapping_sub(self.base(kind));
            let size = self.sizes.get(kind as usize).copied()?;
            (offset < size).then_some((kind, offset))
        })
    }

    /// The address at `offset` of a region; 0 if it does not lie in it.
    pub(super) fn word<C: Class>(&mut self, region: RegionKind, offset: usize) -> usize {
        let Parts { regions, .. } = self.parts();
        let bytes = regions
            .get(region as usize)
            .and_then(|bytes| bytes.get(offset..));
        let mut word = [0; size_of::<usize>()];
        if let (Some(word), Some(bytes)) = (word.get_mut(..C::WORD), bytes) {
            copy(word, bytes);
        }
        usize::from_le_bytes(word)
    }

    /// All bytes.
    pub(super) fn parts(&mut self) -> Parts<'_> {
        let mut regions: [&mut [u8]; 4] = [&mut [], &mut [], &mut [], &mut []];
        let (head, rest) = self
            .descriptor
            .bytes_mut()
            .split_at_mut_checked(Registry::TAIL)
            .unwrap_or_default();
        let (mut at, mut rest) = (head.len(), rest);
        let mut tail: &mut [u8] = &mut [];
        let starts = self.starts.iter().zip(&self.sizes).zip(&mut self.blocks);
        for (bytes, ((&start, &size), block)) in regions.iter_mut().zip(starts) {
            if let Some(block) = block {
                *bytes = block.bytes_mut();
            } else if let Some(skip) = start.checked_sub(at)
                && let Some((before, behind)) =
                    core::mem::take(&mut rest).split_at_mut_checked(skip)
                && let Some((region, behind)) = behind.split_at_mut_checked(size)
            {
                if tail.is_empty() {
                    tail = before;
                }
                (*bytes, rest) = (region, behind);
                at = start.saturating_add(size);
            }
        }
        if tail.is_empty() {
            tail = rest;
        }
        Parts { regions, tail }
    }

    /// The block of the descriptor, and the regions: both are the extension's from now on.
    pub(super) fn keep(self) -> (Block<'h>, [Held; 4]) {
        let mut held = [Held::NONE; 4];
        let parts = self.starts.into_iter().zip(self.sizes).zip(self.blocks);
        for (held, ((start, size), block)) in held.iter_mut().zip(parts) {
            *held = match block {
                Some(block) => Held::new(block),
                None => Held::part(&self.descriptor, start, size),
            };
        }
        (self.descriptor, held)
    }
}
