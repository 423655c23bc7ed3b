//! `malloc` for extensions: blocks that know whose they are.
//!
//! Each block has a header before it, and the headers form a list. A pointer that an extension passes to `free`
//! is believed only if it lies in the heap, the header before it carries the check word of just this place, owner,
//! size and neighbours, and both neighbours in the list agree. A block that was freed has lost its check word, so
//! that a second `free` is refused like a wild one. A header that was overwritten ends the list: no link in it is
//! followed, and nothing is allocated before it.

use super::Heap;
use super::MemoryKind::Data;
use super::exclusive::Exclusive;
use crate::loaded::ExtensionId;
use core::ops::Range;
use core::ptr::{self, NonNull};

/// What a block is aligned to: enough for every C type of a 32-bit ABI.
const ALIGN: usize = 8;
/// Bytes before a block.
const HEADER: usize = size_of::<Header>();
/// Distinguishes a check word from what memory holds by chance.
const MAGIC: u32 = 0x5eed_b10c;
/// Spreads every bit of a check word's parts over it.
const FACTOR: u32 = 0x9e37_79b1;

#[repr(C, align(8))]
struct Header {
    previous: Option<NonNull<Header>>,
    next: Option<NonNull<Header>>,
    size: usize,
    owner: ExtensionId,
    check: u32,
}

/// Blocks that extensions allocate, in a heap of the firmware's choice.
///
/// One who comes while another call is at work (an interrupt) is refused, as if there were no memory.
pub struct OwnedBlocks {
    first: Exclusive<List>,
}

struct List(Option<NonNull<Header>>);

// SAFETY: the headers that the list points to belong to the list.
unsafe impl Send for List {}

/// What an owner holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Blocks.
    pub blocks: usize,
    /// Bytes, as asked for.
    pub bytes: usize,
}

impl Default for OwnedBlocks {
    fn default() -> Self {
        Self::new()
    }
}

impl OwnedBlocks {
    /// No blocks yet.
    pub const fn new() -> Self {
        Self {
            first: Exclusive::new(List(None)),
        }
    }

    /// C's `malloc`, 8-aligned; null when there is no memory. A block of no bytes is a block.
    pub fn malloc(&self, heap: &dyn Heap, owner: ExtensionId, size: usize) -> *mut u8 {
        self.first
            .with(|list| list.allocate(heap, owner, size))
            .flatten()
            .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// C's `realloc`: null and nothing done for a pointer that is no live block or when there is no memory;
    /// a block keeps its owner. A size of 0 frees.
    pub fn realloc(
        &self,
        heap: &dyn Heap,
        owner: ExtensionId,
        block: *mut u8,
        size: usize,
    ) -> *mut u8 {
        let Some(block) = NonNull::new(block) else {
            return self.malloc(heap, owner, size);
        };
        let moved = self
            .first
            .with(|list| list.reallocate(heap, block, size))
            .flatten();
        moved.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// C's `free`; false (and nothing done) for a pointer that is no live block. Null is fine.
    pub fn free(&self, heap: &dyn Heap, block: *mut u8) -> bool {
        let Some(block) = NonNull::new(block) else {
            return true;
        };
        self.first
            .with(|list| list.free(heap, block))
            .unwrap_or(false)
    }

    /// What `owner` holds.
    pub fn usage(&self, owner: ExtensionId) -> Usage {
        let mut usage = Usage::default();
        self.first
            .with(|list| list.each(|header| usage.count(header, owner)));
        usage
    }

    /// Whether the header of a block that `owner` holds lies among these target addresses.
    pub(crate) fn holds(&self, heap: &dyn Heap, owner: ExtensionId, place: &Range<usize>) -> bool {
        let mut found = false;
        let is_its = |header: &Header| {
            header.owner == owner && place.contains(&heap.address(NonNull::from(header).cast()))
        };
        self.first
            .with(|list| list.each(|header| found |= is_its(header)));
        found
    }

    /// Frees all that `owner` holds, and says how much it was.
    pub fn reclaim(&self, heap: &dyn Heap, owner: ExtensionId) -> Usage {
        self.first
            .with(|list| list.reclaim(heap, owner))
            .unwrap_or_default()
    }
}

impl Usage {
    fn count(&mut self, header: &Header, owner: ExtensionId) {
        if header.owner == owner {
            self.add(header.size);
        }
    }

    fn add(&mut self, size: usize) {
        self.blocks = self.blocks.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
    }
}

impl Header {
    /// The word that this header carries while it is live. It vouches for the links, too.
    fn check_word(&self) -> u32 {
        let address = |header: Option<NonNull<Header>>| header.map_or(0, |at| at.addr().get());
        let words = [
            NonNull::from(self).addr().get(),
            self.size,
            self.owner.0 as usize,
            address(self.previous),
            address(self.next),
        ];
        // A host's addresses have two halves.
        let fold = |word: usize| word as u32 ^ (word as u64 >> 32) as u32;
        let mix =
            |mixed: u32, word: usize| (mixed ^ fold(word)).wrapping_mul(FACTOR).rotate_left(15);
        words.into_iter().fold(MAGIC, mix)
    }

    fn is_live(&self) -> bool {
        // Zero is what a freed header carries.
        self.check != 0 && self.check == self.check_word()
    }

    /// Changes a live header.
    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        self.check = self.check_word();
    }
}

impl List {
    /// The header at `at`, which is the list's first or one that a live header names, if it is intact.
    fn intact<'h>(at: Option<NonNull<Header>>) -> Option<&'h mut Header> {
        // SAFETY: a header was written there, and only `remove` takes it away, with all that names it. Whatever
        // has been written over it since, every bit pattern is a header. The reference lives within a call.
        let header = unsafe { at?.as_mut() };
        header.is_live().then_some(header)
    }

    /// Calls `each` for every block.
    fn each(&self, mut each: impl FnMut(&Header)) {
        let mut at = self.0;
        while let Some(header) = Self::intact(at) {
            each(header);
            at = header.next;
        }
    }

    fn allocate(
        &mut self,
        heap: &dyn Heap,
        owner: ExtensionId,
        size: usize,
    ) -> Option<NonNull<u8>> {
        let next = Self::intact(self.0);
        if self.0.is_some() && next.is_none() {
            return None;
        }
        let mut at: NonNull<Header> = heap
            .allocate(Data, size.checked_add(HEADER)?, ALIGN)?
            .cast();
        let header = Header {
            previous: None,
            next: self.0,
            size,
            owner,
            check: 0,
        };
        // SAFETY: the heap gave room for a header, aligned to `ALIGN`, and the bytes after it.
        unsafe {
            at.write(header);
            at.as_mut().change(|_| ());
        }
        if let Some(next) = next {
            next.change(|next| next.previous = Some(at));
        }
        self.0 = Some(at);
        // SAFETY: the end of the header is still in the block.
        Some(unsafe { at.add(1) }.cast())
    }

    /// The header of `block`, if it is one of ours and alive. Reads nothing outside of the heap.
    fn header(&self, heap: &dyn Heap, block: NonNull<u8>) -> Option<NonNull<Header>> {
        let at = NonNull::new(block.as_ptr().wrapping_sub(HEADER))?.cast::<Header>();
        let header = peek(heap, at)?;
        if !header.is_live() {
            return None;
        }
        let before = match header.previous {
            Some(previous) => peek(heap, previous).filter(|it| it.is_live())?.next,
            None => self.0,
        };
        let after = match header.next {
            Some(next) => peek(heap, next).filter(|it| it.is_live())?.previous,
            None => Some(at),
        };
        (before == Some(at) && after == Some(at)).then_some(at)
    }

    fn free(&mut self, heap: &dyn Heap, block: NonNull<u8>) -> bool {
        match self.header(heap, block) {
            Some(header) => {
                self.remove(heap, header);
                true
            }
            None => false,
        }
    }

    /// Takes a header that `header` gave out of the list and frees its block.
    fn remove(&mut self, heap: &dyn Heap, mut at: NonNull<Header>) {
        // SAFETY: `at` is a live header of the list, and so are its neighbours.
        unsafe {
            let header = at.as_mut();
            match header.previous {
                Some(mut previous) => previous.as_mut().change(|it| it.next = header.next),
                None => self.0 = header.next,
            }
            if let Some(mut next) = header.next {
                next.as_mut().change(|it| it.previous = header.previous);
            }
            header.check = 0;
            let size = header.size.saturating_add(HEADER);
            heap.free(Data, at.cast(), size, ALIGN);
        }
    }

    fn reallocate(
        &mut self,
        heap: &dyn Heap,
        block: NonNull<u8>,
        size: usize,
    ) -> Option<NonNull<u8>> {
        let header = self.header(heap, block)?;
        if size == 0 {
            self.remove(heap, header);
            return None;
        }
        // SAFETY: `header` gave a live one.
        let (owner, old) = unsafe { (header.as_ref().owner, header.as_ref().size) };
        let moved = self.allocate(heap, owner, size)?;
        // SAFETY: two different live blocks of at least so many bytes each.
        unsafe { ptr::copy_nonoverlapping(block.as_ptr(), moved.as_ptr(), old.min(size)) }
        self.remove(heap, header);
        Some(moved)
    }

    fn reclaim(&mut self, heap: &dyn Heap, owner: ExtensionId) -> Usage {
        let mut usage = Usage::default();
        let mut at = self.0;
        while let Some((header, live)) = at.zip(Self::intact(at)) {
            // The next one is read before this one is freed.
            at = live.next;
            // SAFETY: the end of the header is still in the block. (Not by way of `live`, which is the header alone.)
            let block = unsafe { header.add(1) };
            let size = live.size;
            if live.owner == owner && self.free(heap, block.cast()) {
                usage.add(size);
            }
        }
        usage
    }
}

/// What may be a header at `at`: aligned, and whole inside the heap's memory.
#[inline(never)]
fn peek(heap: &dyn Heap, at: NonNull<Header>) -> Option<&Header> {
    let bounds = heap.bounds(Data);
    let address = heap.address(at.cast());
    let inside = bounds.start <= address
        && address
            .checked_add(HEADER)
            .is_some_and(|end| end <= bounds.end);
    if !at.is_aligned() || !inside {
        return None;
    }
    // SAFETY: aligned and inside the heap's memory, whose bytes are initialised; every bit pattern is a header.
    Some(unsafe { at.as_ref() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Arena;

    const ONE: ExtensionId = ExtensionId(1);
    const TWO: ExtensionId = ExtensionId(2);

    #[test]
    fn blocks_know_their_owner_and_come_back() {
        let arena = Arena::new();
        let before = arena.blocks();
        let owned = OwnedBlocks::new();
        let heap = &arena.heap;
        let blocks = [(ONE, 10), (TWO, 20), (ONE, 0), (TWO, 40)]
            .map(|(owner, size)| owned.malloc(heap, owner, size));
        assert!(
            blocks
                .iter()
                .all(|block| !block.is_null() && block.addr() % 8 == 0)
        );
        assert_eq!(
            owned.usage(ONE),
            Usage {
                blocks: 2,
                bytes: 10
            }
        );
        assert_eq!(
            owned.usage(TWO),
            Usage {
                blocks: 2,
                bytes: 60
            }
        );
        assert!(owned.free(heap, blocks[1]));
        assert!(owned.free(heap, ptr::null_mut()));
        assert_eq!(
            owned.reclaim(heap, TWO),
            Usage {
                blocks: 1,
                bytes: 40
            }
        );
        assert_eq!(owned.usage(TWO), Usage::default());
        assert!(owned.free(heap, blocks[0]) && owned.free(heap, blocks[2]));
        assert_eq!(arena.blocks(), before);
    }

    #[test]
    fn what_is_no_live_block_is_refused() {
        let arena = Arena::new();
        let owned = OwnedBlocks::new();
        let heap = &arena.heap;
        let blocks = [8, 16, 24].map(|size| owned.malloc(heap, ONE, size));
        let middle = blocks[1];
        assert!(owned.free(heap, middle));
        assert!(!owned.free(heap, middle), "a second time");
        assert!(owned.realloc(heap, ONE, middle, 5).is_null());
        let mut outside = [0u64; 8];
        let wild = [
            ptr::without_provenance_mut(8),
            ptr::without_provenance_mut(usize::MAX - 7),
            outside.as_mut_ptr().cast::<u8>().wrapping_add(40),
            blocks[0].wrapping_add(1),
            blocks[0].wrapping_add(8),
            blocks[2].wrapping_sub(8),
        ];
        for block in wild {
            assert!(!owned.free(heap, block), "{block:?}");
        }
        assert_eq!(
            owned.usage(ONE),
            Usage {
                blocks: 2,
                bytes: 32
            }
        );
        // A whole copy of a live header elsewhere in the heap is no block either.
        let copy = owned.malloc(heap, ONE, 2 * HEADER);
        // SAFETY: a live block with room for a header, and the header before another live block.
        unsafe { ptr::copy_nonoverlapping(blocks[0].sub(HEADER), copy, HEADER) }
        assert!(!owned.free(heap, copy.wrapping_add(HEADER)));
    }

    #[test]
    fn a_header_that_was_overwritten_ends_the_list() {
        let arena = Arena::new();
        let owned = OwnedBlocks::new();
        let heap = &arena.heap;
        let blocks = [ONE, TWO, ONE, TWO, ONE].map(|owner| owned.malloc(heap, owner, 16));
        for byte in 0..HEADER {
            // SAFETY: the header of a live block, to which no reference exists. It is kept whole: what has been changed
            // byte by byte is no pointer any more.
            let kept = unsafe {
                let header = blocks[2].sub(HEADER);
                let kept = header.cast::<Header>().read();
                *header.add(byte) ^= 0x10;
                kept
            };
            assert_eq!(owned.usage(ONE).blocks + owned.usage(TWO).blocks, 2);
            assert!(!owned.free(heap, blocks[2]) && !owned.free(heap, blocks[1]));
            // SAFETY: as above.
            unsafe { blocks[2].sub(HEADER).cast::<Header>().write(kept) };
        }
        assert_eq!(owned.usage(ONE).blocks, 3);
        // SAFETY: as above, for the first of the list.
        unsafe { blocks[4].sub(HEADER).write_bytes(0xff, HEADER) };
        assert!(owned.malloc(heap, ONE, 16).is_null());
        assert_eq!(owned.reclaim(heap, TWO), Usage::default());
    }

    #[test]
    fn reallocation_keeps_contents_and_owner() {
        let arena = Arena::new();
        let before = arena.blocks();
        let owned = OwnedBlocks::new();
        let heap = &arena.heap;
        let block = owned.realloc(heap, ONE, ptr::null_mut(), 4);
        // SAFETY: a live block of four bytes.
        unsafe { block.copy_from_nonoverlapping([1, 2, 3, 4].as_ptr(), 4) }
        let larger = owned.realloc(heap, TWO, block, 1000);
        // SAFETY: a live block of a thousand bytes.
        assert_eq!(unsafe { larger.cast::<[u8; 4]>().read() }, [1, 2, 3, 4]);
        assert_eq!(
            owned.usage(ONE),
            Usage {
                blocks: 1,
                bytes: 1000
            }
        );
        assert!(owned.realloc(heap, ONE, larger, usize::MAX).is_null());
        assert_eq!(
            owned.usage(ONE),
            Usage {
                blocks: 1,
                bytes: 1000
            }
        );
        assert!(owned.realloc(heap, ONE, larger, 0).is_null());
        assert_eq!(arena.blocks(), before);
        assert!(owned.malloc(heap, ONE, usize::MAX).is_null());
        assert!(owned.malloc(heap, ONE, 1 << 20).is_null());
    }
}
