//! RAM that stands in for flash.

use core::{marker::PhantomData, slice};

use fs_image::Geometry;

use crate::storage::{BlockDevice, DeviceError, Layout};

/// A block device in RAM, which behaves as NOR flash: erasing sets bits, programming clears them.
///
/// Whether it outlives a restart is up to the RAM.
pub struct RamFlash<L> {
    base: *mut u8,
    layout: PhantomData<L>,
}

impl<L: Layout> RamFlash<L> {
    /// The RAM from `base` on.
    ///
    /// # Safety
    /// As many bytes of RAM as `L::GEOMETRY` has lie there, and nothing else uses them.
    pub const unsafe fn new(base: usize) -> Self {
        Self {
            base: base as *mut u8,
            layout: PhantomData,
        }
    }

    /// The bytes of a range, if the device has it.
    fn range(&mut self, offset: usize, length: usize) -> Result<&mut [u8], DeviceError> {
        match offset.checked_add(length) {
            // SAFETY: within the memory that `new` was promised; `self` is borrowed for as long as the slice.
            Some(end) if end <= L::GEOMETRY.bytes() => unsafe {
                Ok(slice::from_raw_parts_mut(self.base.add(offset), length))
            },
            _ => Err(DeviceError),
        }
    }
}

impl<L: Layout> BlockDevice for RamFlash<L> {
    const GEOMETRY: Geometry = L::GEOMETRY;

    fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<(), DeviceError> {
        let bytes = self.range(offset, into.len())?;
        into.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn program(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        for (cell, byte) in self.range(offset, bytes.len())?.iter_mut().zip(bytes) {
            *cell &= byte;
        }
        Ok(())
    }

    fn erase(&mut self, offset: usize) -> Result<(), DeviceError> {
        self.range(offset, L::GEOMETRY.block_size)?.fill(0xff);
        Ok(())
    }
}
