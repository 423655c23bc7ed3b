//! Where an extension's bytes come from.
//!
//! The loader never needs the whole file in memory: it asks a [`Source`] for ranges of some hundred bytes, of which it keeps
//! the last few on the stack, and reads the contents of a large section straight into the memory that it will run from. A
//! file of at most 1,320 bytes is read at once.
//!
//! | source | the file lies | what stays where it lies |
//! |---|---|---|
//! | [`SliceSource`] | in memory, for the load | nothing |
//! | [`PersistentSlice`] | in memory or mapped flash, for ever | read-only sections without relocations |
//! | [`WritableSlice`] | in memory that the loader may write | all sections but zeroed ones |
//! | [`StreamSource`] | on its way: it is received into a heap's memory | nothing |
//! | a user's own [`Source`] | in a file system, on a host | nothing |

mod in_place;
mod slice;
mod stream;
#[cfg(test)]
mod tests;

pub use crate::memory::{FilePlace, InPlace};
pub use in_place::{PersistentSlice, WritableSlice};
pub use slice::SliceSource;
pub use stream::StreamSource;

/// In place of a [length](Source::len) that is not known: then nothing is read but what the file says it has.
pub const UNKNOWN_LENGTH: usize = isize::MAX as usize;

/// A source of bytes that can be read at any offset.
pub trait Source {
    /// Length of the file in bytes, or [`UNKNOWN_LENGTH`].
    fn len(&self) -> usize;

    /// Whether the file has no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the whole of `into` from `offset`. A short read is an error, never a success.
    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError>;

    /// The whole file, if its bytes are addressable where they are and nobody writes them while it is borrowed. Then the
    /// loader looks at tables where they are, instead of reading them in chunks.
    fn peek(&self) -> Option<&[u8]> {
        None
    }

    /// The whole file, if its bytes outlive what is loaded from it. Each load asks once, a dry run never.
    fn in_place(&mut self) -> Option<InPlace> {
        None
    }

    /// Where the bytes lie that [`in_place`](Self::in_place) gives to a load: what a dry run asks instead.
    fn place(&self) -> Option<FilePlace> {
        None
    }
}

/// A read that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Offset in the file, in bytes.
    pub offset: usize,
    /// Bytes that were asked for.
    pub wanted: usize,
    /// Why.
    pub reason: SourceFault,
}

impl SourceError {
    /// `wanted` bytes at `offset` are not all in the file.
    pub const fn short(offset: usize, wanted: usize) -> Self {
        Self {
            offset,
            wanted,
            reason: SourceFault::Short,
        }
    }
}

/// Why a read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// The range ends past the end of the file.
    Short,
    /// The device or file system under the source failed, with its own code.
    Device(i32),
    /// There is no memory to keep a stream in.
    Memory,
    /// An earlier load has changed the bytes: they are not a file any more.
    Used,
}
