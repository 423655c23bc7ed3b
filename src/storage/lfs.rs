//! What littlefs wants of a block device.

use littlefs2::{driver::Storage, io};

use super::{BlockDevice, DeviceError};

/// A [`BlockDevice`] for littlefs.
///
/// A damaged image can make littlefs ask for blocks that are not there: every range is checked here.
pub(super) struct Lfs<D>(pub(super) D);

impl<D: BlockDevice> Lfs<D> {
    fn check(offset: usize, length: usize, unit: usize) -> io::Result<()> {
        let inside = offset
            .checked_add(length)
            .is_some_and(|end| end <= D::GEOMETRY.bytes());
        let aligned = offset.is_multiple_of(unit) && length.is_multiple_of(unit);
        if inside && aligned {
            Ok(())
        } else {
            Err(io::Error::CORRUPTION)
        }
    }
}

fn failed(_: DeviceError) -> io::Error {
    io::Error::IO
}

impl<D: BlockDevice> Storage for Lfs<D> {
    const READ_SIZE: usize = D::GEOMETRY.read_size;
    const WRITE_SIZE: usize = D::GEOMETRY.write_size;
    const BLOCK_SIZE: usize = D::GEOMETRY.block_size;
    const BLOCK_COUNT: usize = D::GEOMETRY.block_count;
    const BLOCK_CYCLES: isize = D::GEOMETRY.block_cycles;
    type CACHE_SIZE = fs_image::CacheSize;
    type LOOKAHEAD_SIZE = fs_image::LookaheadSize;

    fn read(&mut self, offset: usize, into: &mut [u8]) -> io::Result<usize> {
        Self::check(offset, into.len(), Self::READ_SIZE)?;
        self.0.read(offset, into).map_err(failed)?;
        Ok(into.len())
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> io::Result<usize> {
        Self::check(offset, bytes.len(), Self::WRITE_SIZE)?;
        self.0.program(offset, bytes).map_err(failed)?;
        Ok(bytes.len())
    }

    fn erase(&mut self, offset: usize, length: usize) -> io::Result<usize> {
        Self::check(offset, length, Self::BLOCK_SIZE)?;
        for block in (offset..offset + length).step_by(Self::BLOCK_SIZE) {
            self.0.erase(block).map_err(failed)?;
        }
        Ok(length)
    }
}
