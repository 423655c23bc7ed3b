//! Fourth phase: memory is taken.

use super::entry::{Bases, Entry};
use super::plan::Plan;
use crate::elf::class::Class;
use crate::elf::reader::{Checked, Reader};
use crate::loaded::{RegionKind, Registry, place};
use crate::memory::{Extent, Heap, Held, Holding, InPlace, MemoryKind};

/// The memory that regions lie in.
const KINDS: [MemoryKind; 4] = [
    RegionKind::Text.memory(),
    RegionKind::Rodata.memory(),
    RegionKind::Data.memory(),
    RegionKind::Bss.memory(),
];

/// The memory of an extension that is being loaded. It goes back to the heap unless the load is finished.
pub(super) struct Regions<'h> {
    holding: Holding<'h>,
    /// The file, if sections stay in it.
    file: Held,
    /// Bytes of the descriptor.
    front: usize,
}

impl<'h> Regions<'h> {
    /// None yet.
    #[inline(always)]
    pub(super) fn of(heap: &'h dyn Heap) -> Self {
        Self {
            holding: Holding::new(heap, KINDS),
            file: Held::NONE,
            front: 0,
        }
    }

    /// Takes the regions and the descriptor of `plan`; all in `one` block or not. Sections may have stayed in `file`.
    pub(super) fn take<C: Class>(
        &mut self,
        reader: &mut Reader<'_>,
        heap: &dyn Heap,
        plan: &Plan<'_, '_, C>,
        (file, one): (Option<&InPlace>, bool),
    ) -> Checked<()> {
        if let Some(file) = file.filter(|_| plan.stay.is_some_and(|stay| stay.any)) {
            self.file = Held::file(file);
        }
        let (size, align) = Registry::descriptor_layout(plan.tail_len);
        self.front = size;
        let front = Extent::new(size, align);
        let taken = self.holding.take(front, plan.layout.extents(), one);
        match taken {
            Ok(()) => Ok(()),
            Err((kind, size)) => reader.out_of_memory(heap, kind, size),
        }
    }

    /// The addresses that entries count from, where `near` is that of near exports. A symbol of an empty section may be used, though there is nothing at it: it gets an
    /// address in some region, or that of the descriptor.
    pub(super) fn bases(&self, near: usize) -> Bases {
        let regions = self.holding.regions();
        let any = regions.iter().find(|region| region.size() != 0);
        let any = any.unwrap_or(self.holding.front()).address();
        let [a, b, c, d] = regions.each_ref().map(|region| match region.size() {
            0 => any,
            _ => region.address(),
        });
        Entry::bases([a, b, c, d, self.file.address(), near])
    }

    /// Target address of a region; 0 if it is empty.
    pub(super) fn address(&self, region: RegionKind) -> usize {
        let held = self.holding.regions().get(region as usize);
        held.map_or(0, Held::address)
    }

    /// The region that `address` lies in, and where.
    pub(super) fn find(&self, address: usize) -> Option<(RegionKind, usize)> {
        let in_file = || Some((RegionKind::File, self.file.offset_of(address)?));
        place(self.holding.regions(), address).or_else(in_file)
    }

    /// The address at `offset` of a region; 0 if it does not lie in it.
    pub(super) fn word<C: Class>(&self, region: RegionKind, offset: usize) -> usize {
        self.held(region).word(offset, C::WORD).unwrap_or(0)
    }

    /// The bytes of a region from `offset` on.
    pub(super) fn bytes(&self, region: RegionKind, offset: usize) -> &[u8] {
        self.held(region).bytes(offset, usize::MAX)
    }

    fn held(&self, region: RegionKind) -> &Held {
        let regions = self.holding.regions();
        regions.get(region as usize).unwrap_or(&self.file)
    }

    /// The bytes of all regions, and the file.
    pub(super) fn parts(&mut self) -> ([&mut [u8]; 4], &mut Held) {
        (self.holding.bytes_mut(), &mut self.file)
    }

    /// The bytes of the descriptor's tail.
    pub(super) fn tail_mut(&mut self) -> &mut [u8] {
        let descriptor = self.holding.front_mut(self.front);
        descriptor.get_mut(Registry::TAIL..).unwrap_or_default()
    }

    /// The block of the descriptor, and the regions: both are the extension's from now on.
    #[inline(always)]
    pub(super) fn keep(&mut self) -> (Held, [Held; 5]) {
        let (front, [text, rodata, data, bss]) = self.holding.keep();
        let file = core::mem::replace(&mut self.file, Held::NONE);
        (front, [text, rodata, data, bss, file])
    }
}
