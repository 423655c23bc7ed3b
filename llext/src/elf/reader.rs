//! Reading a file, and the reason why that came to an end.

use super::refusal::Refusal;
use super::window::{Chunk, LEN, LEN_IN_MEMORY, RECORDS, Windows};
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
    /// What was read last of bytes that are not used where they lie.
    pub(super) windows: &'s Windows<'s>,
}

/// Where bytes come from.
enum Bytes<'s> {
    /// From memory: tables and names are used where they lie.
    There(Pieces<'s>),
    /// From a source that copies them.
    Read(&'s mut dyn Source),
}

impl<'s> Reader<'s> {
    /// Bytes that are read with what lies around them, at most.
    pub(super) const SMALL: usize = LEN - size_of::<u32>();

    /// Reads `source` through `windows`.
    #[inline(never)]
    pub(crate) fn new(source: &'s mut dyn Source, windows: &'s Windows<'s>) -> Self {
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
            windows,
        }
    }

    /// Reads a file where it lies.
    pub(crate) fn in_place(file: &'s InPlace, windows: &'s Windows<'s>) -> Self {
        Self {
            bytes: Bytes::There(Pieces::of_file(file)),
            len: file.len(),
            refusal: Refusal::none(),
            windows,
        }
    }

    /// Reads the whole file if it is small: then it is used where it lies.
    pub(super) fn hold_small(&mut self) -> Checked<()> {
        if !self.is_there()
            && let Some(room) = self.windows.room_for_file(self.len)
        {
            self.read(0, room)?;
            self.bytes = Bytes::There(Pieces::of(room));
        }
        Ok(())
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

    /// Bytes of whole records of `size` bytes each that a window is to hold.
    pub(super) fn batch_len(&self, size: usize) -> usize {
        let len = if self.is_there() { LEN_IN_MEMORY } else { LEN };
        len - len % size
    }

    /// Fills the whole of `into` from `offset`. What is small is read with what lies around it.
    pub(crate) fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Checked<()> {
        if into.len() > Self::SMALL || self.is_there() {
            return self.read(offset, into);
        }
        let mut chunk = Chunk::new();
        let bytes = chunk.bytes(self, RECORDS, (offset, into.len()))?;
        copy(into, bytes);
        Ok(())
    }

    /// Fills the whole of `into` from `offset`, and reads nothing else.
    pub(super) fn read(&mut self, offset: usize, into: &mut [u8]) -> Checked<()> {
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
