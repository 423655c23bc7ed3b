//! The memory of an extension while it is being loaded.

use super::{Heap, Held, MemoryKind, align_up};
use core::mem;

/// How many regions there are.
const COUNT: usize = 4;

/// What is asked for a region. Nothing, if it has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Bytes.
    pub(crate) size: usize,
    /// Alignment in bytes, a power of two, less one.
    pub(crate) mask: usize,
}

impl Extent {
    /// Of so many bytes, aligned to a power of two.
    pub(crate) const fn new(size: usize, align: usize) -> Self {
        let mask = align.wrapping_sub(1);
        Self { size, mask }
    }

    /// The block of a descriptor, if the regions are parts of that `one` block or if they are not; and what it is for.
    #[inline(always)]
    pub(crate) fn with(self, regions: &[Self; COUNT], one: bool) -> (MemoryKind, Self) {
        let Self { mut size, mut mask } = self;
        if one {
            for extent in regions {
                size = align_up(size, extent.align()).unwrap_or(usize::MAX);
                size = size.saturating_add(extent.size);
                mask |= extent.mask;
            }
        }
        let kind = MemoryKind::of_descriptor(size != self.size);
        (kind, Self { size, mask })
    }

    /// Alignment in bytes.
    pub(crate) const fn align(&self) -> usize {
        self.mask.wrapping_add(1)
    }
}

/// Regions and a block in front of them (for the descriptor). They go back to the heap unless they are kept.
///
/// If one heap serves all kinds and none is to be protected, all are parts of one block, which is for data; else each is its own.
pub(crate) struct Holding<'h> {
    heap: &'h dyn Heap,
    kinds: [MemoryKind; COUNT],
    front: Held,
    front_kind: MemoryKind,
    regions: [Held; COUNT],
}

impl<'h> Holding<'h> {
    /// Nothing of `heap` yet. The kinds are those of the regions.
    #[inline(always)]
    pub(crate) fn new(heap: &'h dyn Heap, kinds: [MemoryKind; COUNT]) -> Self {
        Self {
            heap,
            kinds,
            front: Held::none(),
            front_kind: MemoryKind::Metadata,
            // One by one, so that they are made where they stay.
            regions: [Held::none(), Held::none(), Held::none(), Held::none()],
        }
    }

    /// Takes memory for `front`, and for the regions. An error is a block that the heap did not have: its kind and size.
    pub(crate) fn take(
        &mut self,
        front: Extent,
        regions: &[Extent; COUNT],
        one: bool,
    ) -> Result<(), (MemoryKind, usize)> {
        let (kind, whole) = front.with(regions, one);
        self.front_kind = kind;
        self.front = Held::take(self.heap, kind, whole.size, whole.align())?;
        let mut at = front.size;
        let wanted = regions.iter().zip(&self.kinds);
        for (region, (extent, &kind)) in self.regions.iter_mut().zip(wanted) {
            if one {
                at = align_up(at, extent.align()).unwrap_or(usize::MAX);
                *region = self.front.part(at, extent.size);
                at = at.saturating_add(extent.size);
            } else {
                *region = Held::take(self.heap, kind, extent.size, extent.align())?;
            }
        }
        Ok(())
    }

    /// The block in front.
    pub(crate) fn front(&self) -> &Held {
        &self.front
    }

    /// The regions.
    pub(crate) fn regions(&self) -> &[Held; COUNT] {
        &self.regions
    }

    /// The bytes of the regions.
    pub(crate) fn bytes_mut(&mut self) -> [&mut [u8]; COUNT] {
        let [a, b, c, d] = &mut self.regions;
        // SAFETY: the regions are ours alone until they are freed or kept, and do not overlap: each is a block or its
        // own part of one.
        unsafe { [a.bytes_mut(), b.bytes_mut(), c.bytes_mut(), d.bytes_mut()] }
    }

    /// The first `len` bytes of the block in front, which must be no more than was asked for; less if there are less.
    pub(crate) fn front_mut(&mut self, len: usize) -> &mut [u8] {
        // SAFETY: the block is ours alone, and the regions begin behind what was asked for; they are borrowed by
        // nobody while `self` is.
        let bytes = unsafe { self.front.bytes_mut() };
        bytes.get_mut(..len).unwrap_or_default()
    }

    /// Hands all over, the block in front and the regions, and has nothing then. (By reference: to be moved, all of it would be
    /// copied.)
    #[inline(always)]
    pub(crate) fn keep(&mut self) -> (Held, [Held; COUNT]) {
        let taken = |held: &mut Held| mem::replace(held, Held::NONE);
        let front = taken(&mut self.front);
        (front, self.regions.each_mut().map(taken))
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        for (region, &kind) in self.regions.iter_mut().zip(&self.kinds) {
            // SAFETY: taken from this heap as this kind (or a part, or nothing), and not used again.
            unsafe { region.free(self.heap, kind) }
        }
        // SAFETY: as above.
        unsafe { self.front.free(self.heap, self.front_kind) }
    }
}
