//! Files that may be used where they lie.

use super::{FilePlace, InPlace, Source, SourceError, SourceFault};

/// A file in memory that is never written or unmapped: a constant of the firmware, or flash that is mapped into the address
/// space. What is loaded from it leaves its read-only sections there if nothing in them needs relocation.
#[derive(Debug)]
pub struct PersistentSlice {
    file: InPlace,
}

impl PersistentSlice {
    /// A source over `bytes`.
    pub fn new(bytes: &'static [u8]) -> Self {
        Self {
            file: InPlace::persistent(bytes),
        }
    }

    /// A source over memory-mapped flash, for which the maker of `file` vouches. Patching is left to
    /// [`WritableSlice`]: of bytes that are writable nothing stays in place.
    pub fn mapped(file: InPlace) -> Self {
        Self { file }
    }
}

impl Source for PersistentSlice {
    fn len(&self) -> usize {
        self.file.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        read(&self.file, offset, into)
    }

    fn peek(&self) -> Option<&[u8]> {
        self.file.bytes()
    }

    fn in_place(&mut self) -> Option<InPlace> {
        (!self.file.is_writable()).then(|| self.file.again())
    }

    fn place(&self) -> Option<FilePlace> {
        (!self.file.is_writable()).then(|| self.file.place())
    }
}

/// A file in memory that is the loader's: what is loaded from it stays there, relocated where it lies. Only zeroed data and
/// what is not aligned as it should be get memory of their own.
///
/// It serves one load, even if that one fails, since the bytes are then not the file's any more: from then on reads fail with
/// [`SourceFault::Used`]. Who has unloaded what was loaded from it, and written the file anew, makes a new source with
/// [`mapped`](Self::mapped). A dry run may come before the load.
#[derive(Debug)]
pub struct WritableSlice {
    file: InPlace,
    loads: u8,
}

impl WritableSlice {
    /// A source over `bytes`.
    pub fn new(bytes: &'static mut [u8]) -> Self {
        Self::mapped(InPlace::writable(bytes))
    }

    /// The same for memory that the maker of `file` vouches for. If it is not writable, it is copied.
    pub fn mapped(file: InPlace) -> Self {
        Self { file, loads: 0 }
    }
}

impl Source for WritableSlice {
    fn len(&self) -> usize {
        self.file.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        if self.loads > 1 {
            return Err(SourceError {
                offset,
                wanted: into.len(),
                reason: SourceFault::Used,
            });
        }
        read(&self.file, offset, into)
    }

    fn in_place(&mut self) -> Option<InPlace> {
        self.loads = self.loads.saturating_add(1);
        (self.loads == 1 && self.file.is_writable()).then(|| self.file.again())
    }

    fn place(&self) -> Option<FilePlace> {
        (self.loads == 0 && self.file.is_writable()).then(|| self.file.place())
    }
}

fn read(file: &InPlace, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
    if file.read(offset, into) {
        Ok(())
    } else {
        Err(SourceError::short(offset, into.len()))
    }
}
