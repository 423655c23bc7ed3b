//! `malloc` for extensions: blocks that know whose they are.
//!
//! Each block has a header before it, and the headers form a list. A pointer that an extension passes to `free`
//! is believed only if it lies in the heap, the header before it carries the check word of just this place, owner
//! and size, and both neighbours in the list agree. A block that was freed has lost its check word, so that a
//! second `free` is refused like a wild one.

use super::Heap;
use super::exclusive::Exclusive;
use crate::loaded::ExtensionId;
use core::ptr::{self, NonNull};

/// What a block is aligned to: enough for every C type of a 32-bit ABI.
const ALIGN: usize = 8;
/// Bytes before a block.
const HEADER: usize = size_of::<Header>();
/// Distinguishes a check word from what memory holds by chance.
const MAGIC: usize = 0x5eed_b10c;

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
            self.blocks = self.blocks.saturating_add(1);
            self.bytes = self.bytes.saturating_add(header.size);
        }
    }
}

impl Header {
    /// The word that a live header at `at` carries.
    fn check_word(at: NonNull<Header>, owner: ExtensionId, size: usize) -> u32 {
        let mixed =
            at.addr().get() ^ size.rotate_left(16) ^ (owner.0 as usize).rotate_left(8) ^ MAGIC;
        (mixed as u32).wrapping_mul(0x9e37_79b1)
    }

    fn is_live(&self) -> bool {
        let at = NonNull::from(self);
        // Zero is what a freed header carries.
        self.check != 0 && self.check == Self::check_word(at, self.owner, self.size)
    }
}

impl List {
    /// Calls `each` for every block.
    fn each(&self, mut each: impl FnMut(&Header)) {
        let mut at = self.0;
        while let Some(header) = at {
            // SAFETY: the list holds live headers.
            let header = unsafe { header.as_ref() };
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
        let at: NonNull<Header> = heap.allocate(size.checked_add(HEADER)?, ALIGN)?.cast();
        let check = Header::check_word(at, owner, size);
        // SAFETY: the heap gave room for a header, aligned to `ALIGN`, and the bytes after it.
        unsafe {
            at.write(Header {
                previous: None,
                next: self.0,
                size,
                owner,
                check,
            })
        }
        if let Some(mut next) = self.0 {
            // SAFETY: the list holds live headers.
            unsafe { next.as_mut() }.previous = Some(at);
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
            Some(previous) => peek(heap, previous)?.next,
            None => self.0,
        };
        let after = match header.next {
            Some(next) => peek(heap, next)?.previous,
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

    /// Takes a live header out of the list and frees its block.
    fn remove(&mut self, heap: &dyn Heap, mut at: NonNull<Header>) {
        // SAFETY: `at` is a live header of the list, and so are its neighbours.
        unsafe {
            let header = at.as_mut();
            match header.previous {
                Some(mut previous) => previous.as_mut().next = header.next,
                None => self.0 = header.next,
            }
            if let Some(mut next) = header.next {
                next.as_mut().previous = header.previous;
            }
            header.check = 0;
            let size = header.size.saturating_add(HEADER);
            heap.free(at.cast(), size, ALIGN);
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
        while let Some(header) = at {
            // SAFETY: the list holds live headers, and the next one is read before this one is freed.
            let live = unsafe { header.as_ref() };
            at = live.next;
            usage.count(live, owner);
            if live.owner == owner {
                self.remove(heap, header);
            }
        }
        usage
    }
}

/// What may be a header at `at`: aligned, and whole inside the heap's memory.
fn peek(heap: &dyn Heap, at: NonNull<Header>) -> Option<&Header> {
    let bounds = heap.bounds();
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
