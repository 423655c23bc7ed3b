//! What the unit tests share: hand-built ELF files, a heap at a chosen address, sources and heaps that fail.

use crate::loaded::RegionKind;
use crate::machine::{ARM, Machine};
use crate::memory::{Heap, HeapBlock, HeapStats, MemoryKind, TlsfHeap};
use crate::source::{Source, SourceError, SourceFault};
use crate::{Export, Exports, Extension, Llext, LoadError, LoadOptions, SliceSource};
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;
use std::boxed::Box;
use std::ffi::CString;
use std::string::String;
use std::vec::Vec;
use ufmt::uWrite;

pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_RELA: u32 = 4;
pub(crate) const SHT_NOTE: u32 = 7;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHT_REL: u32 = 9;
pub(crate) const SHT_INIT_ARRAY: u32 = 14;
pub(crate) const SHT_FINI_ARRAY: u32 = 15;
pub(crate) const SHT_PREINIT_ARRAY: u32 = 16;
pub(crate) const SHT_SYMTAB_SHNDX: u32 = 18;
pub(crate) const W: u32 = 1;
pub(crate) const A: u32 = 2;
pub(crate) const X: u32 = 4;
pub(crate) const TLS: u32 = 0x400;
pub(crate) const NOTYPE: u8 = 0;
pub(crate) const OBJECT: u8 = 1;
pub(crate) const FUNC: u8 = 2;
pub(crate) const LOCAL: u8 = 0;
pub(crate) const GLOBAL: u8 = 0x10;
pub(crate) const WEAK: u8 = 0x20;
pub(crate) const ABS: u16 = 0xfff1;
pub(crate) const COMMON: u16 = 0xfff2;

/// A section of a file to be built.
#[derive(Clone)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) bytes: Vec<u8>,
    /// Size, where it is not that of the bytes (NOBITS).
    pub(crate) size: u32,
    pub(crate) align: u32,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) entry_size: u32,
}

/// A file to be built. Sections are numbered from 1 in the order in which they are added, symbols likewise.
#[derive(Clone)]
pub(crate) struct Elf {
    pub(crate) machine: u16,
    pub(crate) sections: Vec<Section>,
    symbols: Vec<u8>,
    names: Vec<u8>,
    relocations: Vec<(usize, bool, Vec<u8>)>,
}

impl Elf {
    pub(crate) fn new(machine: &Machine) -> Self {
        Self {
            machine: machine.e_machine,
            sections: Vec::new(),
            symbols: vec![0; 16],
            names: vec![0],
            relocations: Vec::new(),
        }
    }

    /// Adds a section with contents (or zeros that are not in the file) and returns its index.
    pub(crate) fn section(
        &mut self,
        name: &'static str,
        kind: u32,
        flags: u32,
        align: u32,
        bytes: &[u8],
    ) -> u16 {
        self.sections.push(Section {
            name,
            kind,
            flags,
            bytes: if kind == SHT_NOBITS {
                Vec::new()
            } else {
                bytes.to_vec()
            },
            size: bytes.len() as u32,
            align,
            link: 0,
            info: 0,
            entry_size: 0,
        });
        self.sections.len() as u16
    }

    /// Adds a symbol and returns its index. `info` is binding and type.
    pub(crate) fn symbol(
        &mut self,
        name: &str,
        info: u8,
        section: u16,
        value: u32,
        size: u32,
    ) -> u32 {
        let at = self.names.len() as u32;
        self.names.extend(name.bytes());
        self.names.push(0);
        for word in [at, value, size] {
            self.symbols.extend(word.to_le_bytes());
        }
        self.symbols.extend([info, 0]);
        self.symbols.extend(section.to_le_bytes());
        (self.symbols.len() / 16 - 1) as u32
    }

    /// Adds a relocation to `section`: a RELA if there is an addend.
    pub(crate) fn relocate(
        &mut self,
        section: u16,
        offset: u32,
        symbol: u32,
        r_type: u32,
        addend: Option<i32>,
    ) {
        let key = (usize::from(section), addend.is_some());
        let found = self
            .relocations
            .iter()
            .position(|entry| (entry.0, entry.1) == key);
        let at = found.unwrap_or_else(|| {
            self.relocations.push((key.0, key.1, Vec::new()));
            self.relocations.len() - 1
        });
        let bytes = &mut self.relocations[at].2;
        bytes.extend(offset.to_le_bytes());
        bytes.extend((symbol << 8 | r_type).to_le_bytes());
        if let Some(addend) = addend {
            bytes.extend(addend.to_le_bytes());
        }
    }

    /// The file.
    pub(crate) fn build(&self) -> Image {
        let mut all = self.clone();
        let symtab = all.sections.len() + all.relocations.len() + 1;
        for (target, is_rela, bytes) in core::mem::take(&mut all.relocations) {
            let (kind, entry_size) = if is_rela {
                (SHT_RELA, 12)
            } else {
                (SHT_REL, 8)
            };
            all.section(".rel", kind, 0, 4, &bytes);
            let section = all.sections.last_mut().unwrap();
            (section.link, section.info, section.entry_size) =
                (symtab as u32, target as u32, entry_size);
        }
        let symbols = core::mem::take(&mut all.symbols);
        all.section(".symtab", SHT_SYMTAB, 0, 4, &symbols);
        let section = all.sections.last_mut().unwrap();
        (section.link, section.entry_size) = (symtab as u32 + 1, 16);
        let names = core::mem::take(&mut all.names);
        all.section(".strtab", SHT_STRTAB, 0, 1, &names);
        let mut names = vec![0];
        let mut at = Vec::new();
        for section in &all.sections {
            at.push(names.len() as u32);
            names.extend(section.name.bytes());
            names.push(0);
        }
        at.push(0);
        all.section("", SHT_STRTAB, 0, 1, &names);
        all.lay_out(&at)
    }

    /// Header, section headers, contents.
    fn lay_out(&self, names: &[u32]) -> Image {
        let count = self.sections.len() as u16 + 1;
        let mut bytes = vec![0x7f, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for half in [
            1,
            self.machine,
            1,
            0,
            0,
            0,
            0,
            0,
            52,
            0,
            0,
            0,
            52,
            0,
            0,
            40,
            count,
            count - 1,
        ] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.resize(52 + 40, 0);
        let mut contents = 52 + 40 * u32::from(count);
        let mut bodies: Vec<u8> = Vec::new();
        for (section, name) in self.sections.iter().zip(names) {
            let Section {
                kind,
                flags,
                size,
                link,
                info,
                align,
                entry_size,
                ..
            } = *section;
            for word in [
                *name, kind, flags, 0, contents, size, link, info, align, entry_size,
            ] {
                bytes.extend(word.to_le_bytes());
            }
            bodies.extend_from_slice(&section.bytes);
            contents += section.bytes.len() as u32;
        }
        bytes.extend(bodies);
        Image { bytes }
    }
}

/// A file that can be spoiled.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
}

impl Image {
    pub(crate) fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Overwrites word `field` of the header of section `index`.
    pub(crate) fn section(self, index: usize, field: usize, value: u32) -> Self {
        self.put(52 + index * 40 + field * 4, &value.to_le_bytes())
    }

    pub(crate) fn source(&self) -> SliceSource<'_> {
        SliceSource::new(&self.bytes)
    }
}

/// Bytes of the heap of an [`Arena`].
pub(crate) const ARENA: usize = 64 * 1024;
/// Target address of that heap.
pub(crate) const BASE: usize = 0x2100_0000;

/// A heap over memory of its own, which the target sees at [`BASE`].
pub(crate) struct Arena {
    pub(crate) heap: TlsfHeap,
    /// From a box that nobody borrows while the heap points into it.
    memory: NonNull<[Page]>,
}

#[derive(Clone)]
#[repr(align(4096))]
struct Page(#[allow(dead_code, reason = "seen through the heap")] [u8; 4096]);

impl Arena {
    pub(crate) fn new() -> Self {
        Self::of(ARENA)
    }

    /// One of so many bytes, a multiple of 4096.
    #[allow(unsafe_code)]
    pub(crate) fn of(size: usize) -> Self {
        let memory = Box::leak(vec![Page([0xa5; 4096]); size / 4096].into_boxed_slice());
        let (memory, heap) = (NonNull::from(memory), TlsfHeap::new());
        // SAFETY: the memory lives as long as the heap (see `drop`) and is used through the heap alone.
        unsafe { heap.init_mapped(memory.cast(), size, BASE) }.expect("a heap");
        Self { heap, memory }
    }

    /// All of the heap's blocks, to be compared.
    pub(crate) fn blocks(&self) -> Vec<HeapBlock> {
        let mut blocks = Vec::new();
        self.heap.blocks(&mut |block| blocks.push(block));
        blocks
    }
}

impl Drop for Arena {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: it was leaked from a box, and nothing that the heap gave out is in use any more.
        drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
    }
}

/// A heap that has no memory left at the `fail_at`th request.
pub(crate) struct FailingHeap<'h> {
    pub(crate) heap: &'h TlsfHeap,
    pub(crate) fail_at: Cell<usize>,
    /// Whether it may be asked for one block for all regions.
    pub(crate) one: bool,
}

#[allow(unsafe_code)]
// SAFETY: what it hands out is the inner heap's.
unsafe impl Heap for FailingHeap<'_> {
    fn allocate(&self, kind: MemoryKind, size: usize, align: usize) -> Option<NonNull<u8>> {
        let left = self.fail_at.get().checked_sub(1)?;
        self.fail_at.set(left);
        self.heap.allocate(kind, size, align)
    }

    unsafe fn free(&self, kind: MemoryKind, block: NonNull<u8>, size: usize, align: usize) {
        // SAFETY: passed on.
        unsafe { self.heap.free(kind, block, size, align) }
    }

    fn address(&self, at: NonNull<u8>) -> usize {
        self.heap.address(at)
    }

    fn bounds(&self, kind: MemoryKind) -> Range<usize> {
        self.heap.bounds(kind)
    }

    fn is_one(&self) -> bool {
        self.one
    }

    fn stats(&self) -> HeapStats {
        self.heap.stats()
    }

    fn blocks(&self, each: &mut dyn FnMut(HeapBlock)) {
        self.heap.blocks(each);
    }
}

/// A source whose `fail_at`th read fails.
pub(crate) struct FailingSource<'s> {
    pub(crate) source: SliceSource<'s>,
    pub(crate) fail_at: usize,
}

impl Source for FailingSource<'_> {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        match self.fail_at.checked_sub(1) {
            Some(left) => self.fail_at = left,
            None => {
                return Err(SourceError {
                    offset,
                    wanted: into.len(),
                    reason: SourceFault::Device(-5),
                });
            }
        }
        self.source.read_at(offset, into)
    }
}

/// A source that says that it has `len` bytes.
pub(crate) struct ShortSource<'s> {
    pub(crate) source: SliceSource<'s>,
    pub(crate) len: usize,
}

impl Source for ShortSource<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        self.source.read_at(offset, into)
    }
}

/// Text in memory.
#[derive(Default)]
pub(crate) struct Text(pub(crate) String);

impl uWrite for Text {
    type Error = core::convert::Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0.push_str(text);
        Ok(())
    }
}

/// Exports with these names (in any order) and addresses. They live until the end of the tests.
pub(crate) fn exports(symbols: &[(&str, usize)]) -> Exports<'static> {
    let mut symbols = symbols.to_vec();
    symbols.sort();
    let record = |&(name, address): &(&str, usize)| {
        let name = Box::leak(CString::new(name).unwrap().into_boxed_c_str());
        Export::new(name, core::ptr::without_provenance(address))
    };
    Exports::new(Box::leak(
        symbols.iter().map(record).collect::<Box<[Export]>>(),
    ))
}

/// Loads `image` for ARM into an empty arena without exports and says why not.
pub(crate) fn refusal(image: &Image) -> LoadError {
    let arena = Arena::new();
    let blocks = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let options = LoadOptions::default();
    let error = llext
        .load(&mut image.source(), "x", &options, &mut ())
        .err()
        .expect("a refusal");
    assert_eq!(arena.blocks(), blocks, "{error}");
    assert_eq!(llext.iter().count(), 0);
    error
}

/// The bytes of a region as they are now.
pub(crate) fn contents(extension: &Extension, kind: RegionKind) -> Vec<u8> {
    let region = extension
        .regions()
        .find(|region| region.kind == kind)
        .expect("the region");
    let mut bytes = vec![0; region.size];
    assert!(extension.read(region.address, &mut bytes));
    bytes
}

/// The little-endian word at `offset`.
pub(crate) fn word(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap())
}
