//! What an image says about itself: littlefs's superblock, read without mounting it.
//!
//! SPEC.md of littlefs, "0x0ff LFS_TYPE_SUPERBLOCK" and "0x201 LFS_TYPE_INLINESTRUCT": the first
//! metadata block holds a revision (4 bytes), a tag (4), the name `littlefs` (8), a tag (4), then
//! version, block size and block count, each a little-endian 32-bit word.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use fs_image::GEOMETRIES;

const NAME: &[u8] = b"littlefs";
const NAME_AT: usize = 8;
const VERSION_AT: usize = 20;
const BLOCK_SIZE_AT: usize = 24;
const BLOCK_COUNT_AT: usize = 28;
const BYTES: usize = 32;

/// The facts by which an image can be mounted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Version of the format: major and minor, 16 bits each.
    pub version: u32,
    /// Bytes a block.
    pub block_size: u32,
    /// Number of blocks.
    pub block_count: u32,
}

impl Superblock {
    /// Finds the superblock of `file`: block 0, or block 1 for any block size of the table.
    ///
    /// # Errors
    /// The file cannot be read. One that holds no littlefs is no error.
    pub fn read(file: &File) -> io::Result<Option<Superblock>> {
        let len = file.metadata()?.len();
        let second = GEOMETRIES.iter().map(|row| row.block_size as u64);
        for at in std::iter::once(0).chain(second) {
            if at + BYTES as u64 > len {
                continue;
            }
            let mut block = [0; BYTES];
            file.read_exact_at(&mut block, at)?;
            if let Some(found) = Superblock::parse(&block) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn parse(block: &[u8; BYTES]) -> Option<Superblock> {
        if !block.get(NAME_AT..)?.starts_with(NAME) {
            return None;
        }
        let word = |at| {
            block
                .get(at..)?
                .first_chunk()
                .map(|word| u32::from_le_bytes(*word))
        };
        Some(Superblock {
            version: word(VERSION_AT)?,
            block_size: word(BLOCK_SIZE_AT)?,
            block_count: word(BLOCK_COUNT_AT)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    #[test]
    fn a_new_image_tells_its_geometry() {
        for geometry in GEOMETRIES {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("image");
            Image::create(&path, geometry).expect("an image");
            let found = Superblock::read(&File::open(&path).expect("the image"));
            let found = found.expect("it can be read").expect("a superblock");
            assert_eq!(found.block_size as usize, geometry.block_size);
            assert_eq!(found.block_count as usize, geometry.block_count);
            assert_eq!(found.version, u32::from(littlefs2::DISK_VERSION));
        }
    }
}
