//! littlefs on both sides of the cable: the geometries that the target's storage and the host's
//! packer share.
//!
//! A littlefs image can be mounted only with the block size and block count that it was made with,
//! so both sides take them from this one table. A board names its geometry in `board.toml`
//! (`[storage] geometry`), its `Storage` implementation takes the same [`Geometry`] constant:
//!
//! ```
//! use fs_image::PSRAM_8M;
//! const BLOCK_SIZE: usize = PSRAM_8M.block_size;
//! assert_eq!(BLOCK_SIZE * PSRAM_8M.block_count, PSRAM_8M.bytes());
//! ```
//!
//! The caches are not stored in an image, with one exception that makes them part of this table:
//! littlefs keeps a file of up to [`CacheSize`] bytes inside its directory, and whoever opens it
//! needs a cache of at least that size.
//!
//! The library has no features and no dependency but `typenum`. The packer is the binary
//! `fs-image`, behind the feature `packer`, because littlefs2's bindings need libclang.
//!
//! To add a geometry: add a constant and list it in [`GEOMETRIES`].
#![no_std]
#![forbid(unsafe_code)]

use typenum::{U32, U512, Unsigned};

/// Bytes of littlefs's read, write and file caches, as `littlefs2::driver::Storage::CACHE_SIZE`
/// wants it. Files of up to this size take no block of their own.
pub type CacheSize = U512;

/// Size of the block allocator's bitmap in units of 8 bytes, as
/// `littlefs2::driver::Storage::LOOKAHEAD_SIZE` wants it: one bit a block, so that the largest
/// geometry is scanned in one pass.
pub type LookaheadSize = U32;

/// How a block device is laid out. All sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The name that `board.toml` and the packer know it by.
    pub name: &'static str,
    /// Reads have this alignment and a multiple of this length.
    pub read_size: usize,
    /// Writes have this alignment and a multiple of this length.
    pub write_size: usize,
    /// The unit of erasing. Stored in the image.
    pub block_size: usize,
    /// Number of blocks. Stored in the image.
    pub block_count: usize,
    /// Erase cycles after which a metadata block moves on; -1 where nothing wears out.
    pub block_cycles: isize,
}

impl Geometry {
    /// Size of the whole image.
    pub const fn bytes(&self) -> usize {
        self.block_size * self.block_count
    }
}

/// 8 MiB of RAM that stands in for flash (mps2-an385: the first half of the PSRAM).
pub const PSRAM_8M: Geometry = Geometry {
    name: "psram-8m",
    read_size: 16,
    write_size: 16,
    block_size: 4096,
    block_count: 2048,
    block_cycles: -1,
};

/// 32 MiB of CFI NOR flash with 256 KiB erase blocks (rv32-virt: QEMU's `if=pflash,unit=1`, two
/// 16-bit chips side by side).
pub const CFI_32M: Geometry = Geometry {
    name: "cfi-32m",
    read_size: 16,
    write_size: 16,
    block_size: 256 * 1024,
    block_count: 128,
    block_cycles: 500,
};

/// Every geometry there is.
pub const GEOMETRIES: &[Geometry] = &[PSRAM_8M, CFI_32M];

/// The geometry called `name`.
pub fn geometry(name: &str) -> Option<&'static Geometry> {
    GEOMETRIES.iter().find(|geometry| geometry.name == name)
}

// What littlefs demands of its configuration, checked for every row when the crate is compiled.
const _: () = {
    let mut row = 0;
    while row < GEOMETRIES.len() {
        let geometry = &GEOMETRIES[row];
        assert!(geometry.block_size >= 128);
        assert!(geometry.block_size.is_multiple_of(CacheSize::USIZE));
        assert!(CacheSize::USIZE.is_multiple_of(geometry.read_size));
        assert!(CacheSize::USIZE.is_multiple_of(geometry.write_size));
        assert!(geometry.block_count <= LookaheadSize::USIZE * 8 * 8);
        assert!(geometry.block_cycles == -1 || geometry.block_cycles > 0);
        row += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_geometry_is_found_by_its_name() {
        for row in GEOMETRIES {
            assert_eq!(geometry(row.name), Some(row));
        }
        assert_eq!(geometry("floppy"), None);
    }

    #[test]
    fn every_geometry_has_at_least_four_mebibytes() {
        for row in GEOMETRIES {
            assert!(row.bytes() >= 4 << 20, "{} is too small", row.name);
        }
    }
}
