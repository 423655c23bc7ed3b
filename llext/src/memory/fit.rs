//! Whether memory will do, before something is given up for it.
//!
//! An allocator may meet a request from any of its free stretches, so what a row of requests leaves is not known ahead. What is
//! known: the longest stretch loses no more than each of them takes, and what is left of it is in one piece. If they are all met
//! when they all come from there, they are met wherever they come from. (The answer "no" may be wrong; "yes" is not.)

use super::{Heap, HeapBlock, MemoryKind};

/// A request for memory: what for, bytes, and alignment in bytes.
pub(crate) type Request = (MemoryKind, usize, usize);

/// A request that may not be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// Bytes that it asks for.
    pub(crate) needed: usize,
    /// The most bytes that it might have asked for.
    pub(crate) available: usize,
    /// All free bytes of the memory that it asks for, before any request.
    pub(crate) free: usize,
}

/// Whether all of `requests` will be met, one after the other, when the blocks are free that `is_gone` tells of.
pub(crate) fn check(
    heap: &dyn Heap,
    is_gone: &dyn Fn(&HeapBlock) -> bool,
    requests: &[Request],
) -> Result<(), Shortfall> {
    let bounds = MemoryKind::ALL.map(|kind| heap.bounds(kind));
    // Of each kind the longest stretch, and all that is free, in bytes. (Kinds with the same bounds have the same memory.)
    let (mut left, mut free) = (
        [0usize; MemoryKind::ALL.len()],
        [0usize; MemoryKind::ALL.len()],
    );
    let (mut last, mut end, mut len) = (None, 0usize, 0usize);
    heap.blocks(&mut |block| {
        let is_free = !block.used || is_gone(&block);
        let memory = bounds.iter().position(|it| it.contains(&block.address));
        if !is_free || memory != last || block.address != end {
            len = 0;
        }
        if is_free {
            len = len.saturating_add(block.size);
            for (bounds, (longest, free)) in bounds.iter().zip(left.iter_mut().zip(&mut free)) {
                if bounds.contains(&block.address) {
                    *longest = len.max(*longest);
                    *free = free.saturating_add(block.size);
                }
            }
        }
        (last, end) = (memory, block.address.saturating_add(block.size));
    });
    for &(kind, size, align) in requests.iter().filter(|(_, size, _)| *size != 0) {
        let own = heap.bounds(kind);
        let all = bounds.iter().zip(left.iter_mut().zip(free));
        for (_, (longest, free)) in all.filter(|(it, _)| **it == own) {
            let rest = heap.rest_of(kind, *longest, size, align);
            *longest = rest.map_err(|available| Shortfall {
                needed: size,
                available,
                free,
            })?;
        }
    }
    Ok(())
}
