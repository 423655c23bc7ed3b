//! Reading a file, and the reason why that came to an end.

use crate::error::LoadError;
use crate::memory::Heap;
use crate::source::Source;

/// What every phase of a load returns when it refuses. The reason waits in the [`Reader`]: it is large, and would
/// otherwise be copied through every frame between where it is found and who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// A result whose reason of failure is in the reader.
pub(crate) type Checked<T> = Result<T, Refused>;

/// A source that is being read, with the reason for the refusal, if there is one.
pub(crate) struct Reader<'s> {
    source: &'s mut dyn Source,
    reason: LoadError,
}

impl<'s> Reader<'s> {
    /// Reads `source`.
    pub(crate) fn new(source: &'s mut dyn Source) -> Self {
        Self {
            source,
            reason: LoadError::NotElf,
        }
    }

    /// Length of the file in bytes.
    pub(crate) fn len(&self) -> usize {
        self.source.len()
    }

    /// Fills the whole of `into` from `offset`.
    pub(crate) fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Checked<()> {
        match self.source.read_at(offset, into) {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(LoadError::Source(error)),
        }
    }

    /// Refuses the file for this reason.
    #[cold]
    pub(crate) fn refuse<T>(&mut self, reason: LoadError) -> Checked<T> {
        self.reason = reason;
        Err(Refused)
    }

    /// Refuses the file because `what` exceeds `limit`.
    #[cold]
    pub(crate) fn too_large<T>(&mut self, what: &'static str, limit: usize) -> Checked<T> {
        self.refuse(LoadError::TooLarge { what, limit })
    }

    /// What a heap gave for a request of `size` bytes, or the reason that it gave nothing.
    pub(crate) fn memory<T>(&mut self, heap: &dyn Heap, size: usize, got: Option<T>) -> Checked<T> {
        match got {
            Some(got) => Ok(got),
            None => {
                let stats = heap.stats();
                let (available, free) = (stats.largest, stats.free);
                self.refuse(LoadError::OutOfMemory {
                    needed: size,
                    available,
                    free,
                })
            }
        }
    }

    /// The reason why the file was refused.
    pub(crate) fn reason(&self) -> LoadError {
        self.reason
    }
}
