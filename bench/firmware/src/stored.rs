//! A file on littlefs, in the board's storage, which reads as memory on both boards.

use fs_image::{CacheSize, LookaheadSize};
use littlefs2::driver::Storage;
use littlefs2::fs::{File, Filesystem};
use littlefs2::io::{Error, Result, SeekFrom};
use littlefs2::path::PathBuf;
use llext::{Source, SourceError, SourceFault};

use crate::cpu::{GEOMETRY, STORAGE};

/// Calls `then` with the file at `path`.
pub fn open<R>(path: &str, then: &mut dyn FnMut(&mut dyn Source) -> R) -> Option<R> {
    let path = PathBuf::try_from(path).ok()?;
    Filesystem::mount_and_then(&mut Flash, |fs| {
        fs.open_file_and_then(&path, |file| {
            Ok(then(&mut Stored {
                file,
                len: file.len()?,
                at: 0,
            }))
        })
    })
    .ok()
}

/// The storage, which nobody writes.
struct Flash;

impl Storage for Flash {
    const READ_SIZE: usize = GEOMETRY.read_size;
    const WRITE_SIZE: usize = GEOMETRY.write_size;
    const BLOCK_SIZE: usize = GEOMETRY.block_size;
    const BLOCK_COUNT: usize = GEOMETRY.block_count;
    const BLOCK_CYCLES: isize = GEOMETRY.block_cycles;
    type CACHE_SIZE = CacheSize;
    type LOOKAHEAD_SIZE = LookaheadSize;

    fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<usize> {
        if offset.saturating_add(into.len()) > GEOMETRY.bytes() {
            return Err(Error::IO);
        }
        let from = core::ptr::with_exposed_provenance::<u8>(STORAGE + offset);
        // SAFETY: within the storage, which is nowhere near `into`.
        unsafe { from.copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        Ok(into.len())
    }

    fn write(&mut self, _offset: usize, _bytes: &[u8]) -> Result<usize> {
        Err(Error::IO)
    }

    fn erase(&mut self, _offset: usize, _length: usize) -> Result<usize> {
        Err(Error::IO)
    }
}

/// An open file, as the shell's firmware has it.
struct Stored<'f, 'a, 'b> {
    file: &'f File<'a, 'b, Flash>,
    len: usize,
    /// Where the file stands, so that reading on needs no seek.
    at: usize,
}

impl Source for Stored<'_, '_, '_> {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> core::result::Result<(), SourceError> {
        let wanted = into.len();
        let short = SourceError::short(offset, wanted);
        let device = |error: Error| SourceError {
            reason: SourceFault::Device(error.code()),
            ..short
        };
        if self.at != offset {
            let start = u32::try_from(offset).map_err(|_| short)?;
            self.file.seek(SeekFrom::Start(start)).map_err(device)?;
            self.at = offset;
        }
        let read = self.file.read(into).map_err(device)?;
        self.at += read;
        if read == wanted { Ok(()) } else { Err(short) }
    }
}
