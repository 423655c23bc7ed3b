//! Where an extension's bytes come from.
//!
//! The loader never needs the whole file in memory: it asks a [`Source`] for small ranges, and reads
//! the contents of a section straight into the memory that it will run from.

mod slice;

pub use crate::memory::InPlace;
pub use slice::SliceSource;

/// A source of bytes of known length that can be read at any offset.
pub trait Source {
    /// Length of the file in bytes.
    fn len(&self) -> usize;

    /// Whether the file has no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the whole of `into` from `offset`. A short read is an error, never a success.
    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError>;

    /// The whole file, if its bytes are addressable where they are and nobody writes them while it is borrowed.
    fn peek(&self) -> Option<&[u8]> {
        None
    }

    /// The whole file, if its bytes outlive what is loaded from it. Asked once a load.
    fn in_place(&mut self) -> Option<InPlace> {
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

/// Why a read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// The range ends past the end of the file.
    Short,
    /// The device or file system under the source failed, with its own code.
    Device(i32),
}
