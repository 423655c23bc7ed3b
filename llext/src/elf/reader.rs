//! Reading a file, and the reason why that came to an end.

use super::refusal::Refusal;
use crate::memory::{InPlace, Pieces, copy};
use crate::source::{Source, SourceError, SourceFault};

/// What every phase of a load returns when it refuses. The reason waits in the [`Reader`]: an error is large, and would
/// otherwise be copied through every frame between where it is found and who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// A result whose reason of failure is in the reader.
pub(crate) type Checked<T> = Result<T, Refused>;

/// A source that is being read, with the reason for the refusal, if there is one.
pub(crate) struct Reader<'s> {
    bytes: Bytes<'s>,
    len: usize,
    pub(super) refusal: Refusal,
}

/// Where bytes come from.
enum Bytes<'s> {
    /// From memory: tables and names are used where they lie.
    There(Pieces<'s>),
    /// From a source that copies them.
    Read(&'s mut dyn Source),
}

impl<'s> Reader<'s> {
    /// Reads `source`.
    #[inline(always)]
    pub(crate) fn new(source: &'s mut dyn Source) -> Self {
        let (len, there) = (source.len(), source.peek().is_some());
        let bytes = if there {
            let source: &'s dyn Source = source;
            Bytes::There(Pieces::of(source.peek().unwrap_or_default()))
        } else {
            Bytes::Read(source)
        };
        Self {
            bytes,
            len,
            refusal: Refusal::none(),
        }
    }

    /// Reads a file where it lies.
    pub(crate) fn in_place(file: &'s InPlace) -> Self {
        Self {
            bytes: Bytes::There(Pieces::of_file(file)),
            len: file.len(),
            refusal: Refusal::none(),
        }
    }

    /// Length of the file in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// `len` bytes at `offset` where they lie; `None` if they have to be read.
    #[inline(always)]
    pub(crate) fn there(&self, offset: usize, len: usize) -> Option<&'s [u8]> {
        match &self.bytes {
            Bytes::There(bytes) => bytes.get(offset, len),
            Bytes::Read(_) => None,
        }
    }

    /// Whether the file's bytes are used where they lie.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self.bytes, Bytes::There(_))
    }

    /// Fills the whole of `into` from `offset`.
    pub(crate) fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Checked<()> {
        let result = match &mut self.bytes {
            Bytes::There(bytes) => {
                let from = bytes.get(offset, into.len());
                from.map(|from| copy(into, from)).ok_or(SourceError {
                    offset,
                    wanted: into.len(),
                    reason: SourceFault::Short,
                })
            }
            Bytes::Read(source) => source.read_at(offset, into),
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) => self.failed(error),
        }
    }
}
