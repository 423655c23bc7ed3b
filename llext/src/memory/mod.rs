//! Memory for extensions: the [`Heap`] trait, heaps, `malloc` for extensions, and the blocks that a load holds.
//!
//! The only room of the crate (with the C records of `export.rs` and the list of `loaded/registry.rs`) that
//! touches raw pointers.

#![allow(unsafe_code)]

mod align;
mod block;
mod buffer;
mod bytes;
mod exclusive;
mod fit;
mod fixed;
mod heap;
mod holding;
mod in_place;
mod owned;
mod protection;
mod records;
mod region;
mod room;
mod seal;
mod split;
#[cfg(test)]
mod tests;
mod tlsf;

pub(crate) use align::align_up;
pub(crate) use block::{Block, Scratch};
pub use buffer::Buffer;
pub(crate) use bytes::{copy, copy_short, zero};
pub(crate) use fit::{Request, check as check_fit};
pub use fixed::BlockHeap;
pub use heap::{Heap, HeapBlock, HeapError, HeapStats, MemoryKind};
pub(crate) use holding::{Extent, Holding};
pub(crate) use in_place::Pieces;
pub use in_place::{FilePlace, InPlace};
pub use owned::{OwnedBlocks, Usage};
pub use protection::Protection;
pub(crate) use records::{Places, records};
pub(crate) use region::Held;
pub(crate) use room::Room;
pub(crate) use seal::synchronise_instructions;
pub use split::SplitHeap;
pub use tlsf::TlsfHeap;
