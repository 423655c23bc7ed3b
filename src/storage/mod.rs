//! Files: littlefs on whatever flash a board has.
//!
//! A board's flash implements [`BlockDevice`]; `lfs` makes of it what littlefs wants, and checks every
//! offset on the way; `files` makes of littlefs what the commands want. Paths that begin with `host:` are the host's
//! (`host`), those that begin with `flash:` lie in memory (`mapped`).

mod files;
#[cfg(feature = "host-files")]
mod host;
mod lfs;
#[cfg(feature = "mapped-files")]
mod mapped;

use fs_image::Geometry;

pub use files::{Buffers, Volume};

/// Flash, or what stands in for it: erased in blocks, then written once.
///
/// Offsets are in bytes from the device's start. Whoever calls keeps within the geometry: its size, and
/// its units for reads, writes and erasing.
pub trait BlockDevice {
    /// How the device is laid out.
    const GEOMETRY: Geometry;

    /// Reads from `offset`.
    fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<(), DeviceError>;
    /// Writes at `offset`, where the device was erased; durable on return.
    fn program(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError>;
    /// Erases the block at `offset`: all its bytes read 0xFF.
    fn erase(&mut self, offset: usize) -> Result<(), DeviceError>;
}

/// A geometry as a type: how a board says which one its device has.
pub trait Layout {
    /// The geometry.
    const GEOMETRY: Geometry;
}

/// [`fs_image::PSRAM_8M`].
pub struct Psram8M;

impl Layout for Psram8M {
    const GEOMETRY: Geometry = fs_image::PSRAM_8M;
}

/// [`fs_image::CFI_32M`].
pub struct Cfi32M;

impl Layout for Cfi32M {
    const GEOMETRY: Geometry = fs_image::CFI_32M;
}

/// The device says that an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceError;
