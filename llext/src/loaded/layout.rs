//! Where a debugger finds what is loaded, in memory that Rust lays out as it likes.

use super::extension::Head;
use super::registry::Registry;
use crate::Llext;
use crate::memory::Held;
use core::mem::{offset_of, size_of};

/// Offsets in bytes. A debugger that knows where an [`Llext`] and this are can walk the list without debug information of the
/// firmware: gdb/llext.py does. What fields mean is said where they are declared (loaded/extension.rs).
#[repr(C)]
#[derive(Debug)]
pub struct Layout {
    /// Of the [`Llext`]: the address of the first extension, 0 if there is none.
    pub first: u16,
    /// Of an extension: the address of the next one.
    pub next: u16,
    /// Its id, 4 bytes.
    pub id: u16,
    /// Whether a call of it faulted, 1 byte.
    pub faulted: u16,
    /// Its five regions, in the order of `RegionKind`.
    pub regions: u16,
    /// From one region to the next.
    pub region_size: u16,
    /// Of a region: its address.
    pub region_address: u16,
    /// Of a region: its size in bytes, in as many bits of a word as [`region_bits`](Self::region_bits) says.
    pub region_length: u16,
    /// Bits of a region's size.
    pub region_bits: u16,
    /// Of an extension: the offset of its build-id in the region for rodata, 4 bytes.
    pub build_id: u16,
    /// The length of the build-id, 1 byte.
    pub build_id_length: u16,
    /// The region of its exports, 1 byte; they are in the tail if that is the number of no region.
    pub exports_region: u16,
    /// How many exports, 4 bytes.
    pub exports: u16,
    /// How many extensions it uses, 2 bytes.
    pub dependencies: u16,
    /// How many sections were kept, 2 bytes.
    pub sections: u16,
    /// Length of its name, 1 byte.
    pub name: u16,
    /// Length of the path it came from, 1 byte.
    pub origin: u16,
    /// Its tail: a word for each dependency, four for each kept section (offset of the name in the tail; three bits of region, and
    /// the index above; offset in the region; size), two for each export that is here, name, path, and texts with a NUL.
    pub tail: u16,
}

impl Layout {
    /// That of this build.
    pub const THIS: Self = Self {
        first: (offset_of!(Llext<'static>, registry) + Registry::FIRST) as u16,
        next: offset_of!(Head, next) as u16,
        id: offset_of!(Head, id) as u16,
        faulted: offset_of!(Head, faulted) as u16,
        regions: offset_of!(Head, regions) as u16,
        region_size: size_of::<Held>() as u16,
        region_address: Held::ADDRESS as u16,
        region_length: Held::SIZE as u16,
        region_bits: Held::LIMIT.trailing_zeros() as u16,
        build_id: offset_of!(Head, build_id_offset) as u16,
        build_id_length: offset_of!(Head, build_id_len) as u16,
        exports_region: offset_of!(Head, exports_section) as u16,
        exports: offset_of!(Head, exports_count) as u16,
        dependencies: offset_of!(Head, dependencies) as u16,
        sections: offset_of!(Head, sections) as u16,
        name: offset_of!(Head, name) as u16,
        origin: offset_of!(Head, origin) as u16,
        tail: size_of::<Head>() as u16,
    };
}
