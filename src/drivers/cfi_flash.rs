//! NOR flash with Intel's command set (CFI primary command set 0001; Intel StrataFlash J3 data sheet):
//! two 16-bit chips side by side on a 32-bit bus.
//!
//! Both chips get each command in the same bus cycle, and both statuses come back in one word. While no
//! command runs the device reads as memory.

use core::{hint, marker::PhantomData, slice};

use fs_image::Geometry;

use super::mmio::Mmio;
use crate::storage::{BlockDevice, DeviceError, Layout};

const BLOCK_ERASE: u32 = 0x20;
const CLEAR_STATUS: u32 = 0x50;
const CONFIRM: u32 = 0xd0;
const WRITE_TO_BUFFER: u32 = 0xe8;
const READ_ARRAY: u32 = 0xff;

const READY: u32 = 1 << 7;
/// Erase, program, voltage, and block-lock errors.
const FAILED: u32 = 1 << 5 | 1 << 4 | 1 << 3 | 1 << 1;

/// Bytes of a bus word.
const WORD: usize = 4;
/// Words of one chip's write buffer that are used. Every chip with the command has this much, and a
/// write within so large an aligned block never crosses a buffer's boundary.
const BUFFER_WORDS: usize = 16;
/// The same in bytes of the device.
const BUFFER: usize = BUFFER_WORDS * WORD;

/// The word that gives the same to both chips.
const fn both(chip: u32) -> u32 {
    chip << 16 | chip
}

/// Two chips of this kind.
pub struct CfiFlash<L> {
    base: usize,
    bus: Mmio,
    layout: PhantomData<L>,
}

impl<L: Layout> CfiFlash<L> {
    /// The device at `base`.
    ///
    /// # Safety
    /// See [`Mmio::new`]; the device is as large as `L::GEOMETRY`, and has blocks of that size.
    pub const unsafe fn new(base: usize) -> Self {
        Self {
            base,
            // SAFETY: the caller's promise.
            bus: unsafe { Mmio::new(base) },
            layout: PhantomData,
        }
    }

    fn check(offset: usize, length: usize) -> Result<(), DeviceError> {
        let inside = offset
            .checked_add(length)
            .is_some_and(|end| end <= L::GEOMETRY.bytes());
        let aligned = offset.is_multiple_of(WORD) && length.is_multiple_of(WORD);
        if inside && aligned {
            Ok(())
        } else {
            Err(DeviceError)
        }
    }

    /// Waits for the command at `offset`, and lets the device read as memory again.
    fn finish(&self, offset: usize) -> Result<(), DeviceError> {
        let status = self.wait(offset);
        self.bus.write32(offset, both(CLEAR_STATUS));
        self.bus.write32(offset, both(READ_ARRAY));
        if status & both(FAILED) == 0 {
            Ok(())
        } else {
            Err(DeviceError)
        }
    }

    /// The status, as soon as both chips are ready.
    fn wait(&self, offset: usize) -> u32 {
        loop {
            let status = self.bus.read32(offset);
            if status & both(READY) == both(READY) {
                return status;
            }
            hint::spin_loop();
        }
    }

    /// Writes up to [`BUFFER`] bytes that lie within one aligned block of this size.
    fn program_buffer(&self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        let words = bytes.chunks_exact(WORD);
        let Some(last) = words.len().checked_sub(1) else {
            return Ok(());
        };
        // The chips say with the status that a buffer is free, or are asked again.
        loop {
            self.bus.write32(offset, both(WRITE_TO_BUFFER));
            if self.bus.read32(offset) & both(READY) == both(READY) {
                break;
            }
        }
        self.bus.write32(offset, both(last as u32));
        for (index, word) in words.enumerate() {
            let value = word
                .iter()
                .rev()
                .fold(0, |value, &byte| value << 8 | u32::from(byte));
            self.bus.write32(offset + index * WORD, value);
        }
        self.bus.write32(offset, both(CONFIRM));
        self.finish(offset)
    }
}

impl<L: Layout> BlockDevice for CfiFlash<L> {
    const GEOMETRY: Geometry = L::GEOMETRY;

    fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<(), DeviceError> {
        Self::check(offset, into.len())?;
        // SAFETY: between commands the device is memory, of the size that `new` was promised; no command
        // starts while `self` is borrowed.
        let bytes = unsafe { slice::from_raw_parts((self.base + offset) as *const u8, into.len()) };
        into.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn program(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        Self::check(offset, bytes.len())?;
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BUFFER - at % BUFFER));
            self.program_buffer(at, now)?;
            at += now.len();
            rest = later;
        }
        Ok(())
    }

    fn erase(&mut self, offset: usize) -> Result<(), DeviceError> {
        Self::check(offset, L::GEOMETRY.block_size)?;
        self.bus.write32(offset, both(BLOCK_ERASE));
        self.bus.write32(offset, both(CONFIRM));
        self.finish(offset)
    }
}
