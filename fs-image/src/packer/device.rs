//! A host file as the block device of a littlefs.

use std::fs::File;
use std::os::unix::fs::FileExt;

use fs_image::{CacheSize, GEOMETRIES, Geometry, LookaheadSize};
use littlefs2::driver::Storage;
use littlefs2::fs::Filesystem;
use littlefs2::io::{Error, Result};
use littlefs2::object_safe::DynFilesystem;

/// What flash holds after an erase.
const ERASED: u8 = 0xff;

/// A file with the geometry of row `ROW` of the table. littlefs2 wants a geometry in constants.
struct Device<'a, const ROW: usize> {
    file: &'a File,
}

impl<const ROW: usize> Device<'_, ROW> {
    const GEOMETRY: Geometry = GEOMETRIES[ROW];

    /// A damaged image can make littlefs ask for any offset.
    fn check(offset: usize, len: usize) -> Result<u64> {
        match offset.checked_add(len) {
            Some(end) if end <= Self::GEOMETRY.bytes() => Ok(offset as u64),
            _ => Err(Error::IO),
        }
    }
}

impl<const ROW: usize> Storage for Device<'_, ROW> {
    const READ_SIZE: usize = Self::GEOMETRY.read_size;
    const WRITE_SIZE: usize = Self::GEOMETRY.write_size;
    const BLOCK_SIZE: usize = Self::GEOMETRY.block_size;
    const BLOCK_COUNT: usize = Self::GEOMETRY.block_count;
    const BLOCK_CYCLES: isize = Self::GEOMETRY.block_cycles;
    type CACHE_SIZE = CacheSize;
    type LOOKAHEAD_SIZE = LookaheadSize;

    fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<usize> {
        let at = Self::check(offset, into.len())?;
        self.file.read_exact_at(into, at).map_err(|_| Error::IO)?;
        Ok(into.len())
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        let at = Self::check(offset, data.len())?;
        self.file.write_all_at(data, at).map_err(|_| Error::IO)?;
        Ok(data.len())
    }

    fn erase(&mut self, offset: usize, len: usize) -> Result<usize> {
        let at = Self::check(offset, len)?;
        self.file
            .write_all_at(&vec![ERASED; len], at)
            .map_err(|_| Error::IO)?;
        Ok(len)
    }
}

/// Makes an empty file system on `file`.
pub fn format(file: &File, geometry: &Geometry) -> Result<()> {
    with_row(geometry, Format { file })
}

/// Mounts the file system on `file` while `body` runs.
pub fn mount(
    file: &File,
    geometry: &Geometry,
    body: &mut dyn FnMut(&dyn DynFilesystem) -> Result<()>,
) -> Result<()> {
    with_row(geometry, Mount { file, body })
}

/// Something that is done to the device of any row.
trait Operation {
    fn run<const ROW: usize>(self) -> Result<()>;
}

/// From a geometry at run time to one in constants.
fn with_row(geometry: &Geometry, operation: impl Operation) -> Result<()> {
    const { assert!(GEOMETRIES.len() == 2, "one arm a row") }
    match GEOMETRIES.iter().position(|row| row == geometry) {
        Some(0) => operation.run::<0>(),
        Some(1) => operation.run::<1>(),
        _ => Err(Error::INVALID),
    }
}

struct Format<'a> {
    file: &'a File,
}

impl Operation for Format<'_> {
    fn run<const ROW: usize>(self) -> Result<()> {
        Filesystem::format(&mut Device::<ROW> { file: self.file })
    }
}

struct Mount<'a> {
    file: &'a File,
    body: &'a mut dyn FnMut(&dyn DynFilesystem) -> Result<()>,
}

impl Operation for Mount<'_> {
    fn run<const ROW: usize>(self) -> Result<()> {
        let mut device = Device::<ROW> { file: self.file };
        Filesystem::mount_and_then(&mut device, |fs| (self.body)(fs))
    }
}
