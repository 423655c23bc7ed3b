//! A loaded extension: its regions, and one small descriptor in the heap.

use crate::elf::string::until_nul;
use crate::memory::{Held, MemoryKind};
use core::cell::Cell;
use core::ptr::NonNull;

/// Identity of a loaded extension, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtensionId(pub u32);

impl ExtensionId {
    /// Not an extension: the firmware itself.
    pub const FIRMWARE: Self = Self(0);
}

/// What a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// Code and veneers.
    Text,
    /// Read-only data.
    Rodata,
    /// Initialised data.
    Data,
    /// Zeroed data.
    Bss,
    /// No memory that was taken, but the file itself: sections of any kind lie there that stay in place.
    File,
}

impl RegionKind {
    /// Those that memory is taken for, in the order of `Extension::regions` and `Requirements::regions`.
    pub const ALL: [Self; 4] = [Self::Text, Self::Rodata, Self::Data, Self::Bss];

    /// Those, and the file.
    #[cfg(test)]
    pub(crate) const PLACES: [Self; 5] =
        [Self::Text, Self::Rodata, Self::Data, Self::Bss, Self::File];

    /// "text", "rodata", "data", "bss", "file".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Rodata => "rodata",
            Self::Data => "data",
            Self::Bss => "bss",
            Self::File => "file",
        }
    }

    /// The memory that such regions lie in.
    pub(crate) const fn memory(self) -> MemoryKind {
        match self {
            Self::Text => MemoryKind::Instruction,
            Self::Rodata => MemoryKind::ReadOnly,
            Self::Data | Self::Bss | Self::File => MemoryKind::Data,
        }
    }

    /// Whether code may lie there.
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Text | Self::File)
    }

    /// The kind whose number this is, as `self as u32` gives it.
    pub(crate) const fn from_index(index: u32) -> Self {
        match index & 7 {
            0 => Self::Text,
            1 => Self::Rodata,
            2 => Self::Data,
            3 => Self::Bss,
            _ => Self::File,
        }
    }
}

/// One region: its sections lie in it one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// What it holds.
    pub kind: RegionKind,
    /// Target address of its first byte.
    pub address: usize,
    /// Size in bytes.
    pub size: usize,
}

/// One section of the file that is in memory (kept with `LoadOptions::keep_sections`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its index in the file.
    pub index: usize,
    /// Its name in the file.
    pub name: &'a str,
    /// Target address of its first byte.
    pub address: usize,
    /// Size in bytes.
    pub size: usize,
    /// The region that it lies in.
    pub region: RegionKind,
}

/// A loaded extension.
///
/// It lives in the heap: a head of fixed size and a tail with what varies (names, dependencies, kept sections).
#[repr(C)]
pub struct Extension {
    pub(crate) head: Head,
    tail: [u8],
}

/// The part of fixed size. Its fields are flat, and not those of the types below, so that no byte is lost to padding.
pub(crate) struct Head {
    /// The extension that was loaded next; the registry's.
    pub(super) next: Option<NonNull<Extension>>,
    pub(super) id: ExtensionId,
    /// Set while a load finds that it depends on this extension.
    pub(super) marked: Cell<bool>,
    /// A call into it ended in a fault.
    pub(super) faulted: Cell<bool>,
    /// How many loads of this name no unload has taken back yet: one at least.
    pub(super) uses: Cell<u16>,
    pub(super) regions: [Held; 5],
    /// Size in bytes of the block that this lies in, and above it the logarithm of its alignment.
    pub(super) block: u32,
    /// Bytes of an address in the file.
    word: u8,
    pub(super) exports_section: Option<RegionKind>,
    exports_offset: u32,
    pub(super) exports_count: u32,
    arrays_start: u32,
    array_ends: [u16; 3],
    pub(super) build_id_offset: u32,
    pub(super) build_id_len: u8,
    pub(super) dependencies: u16,
    pub(super) sections: u16,
    pub(super) name: u8,
    pub(super) origin: u8,
}

impl Head {
    /// The head of an extension that is in no list yet.
    #[inline(always)]
    pub(crate) fn new(
        regions: [Held; 5],
        word: usize,
        exports: ExportTable,
        (arrays, build_id): (Arrays, BuildId),
        tail: Tail,
    ) -> Self {
        Self {
            next: None,
            id: ExtensionId::FIRMWARE,
            marked: Cell::new(false),
            faulted: Cell::new(false),
            uses: Cell::new(1),
            regions,
            block: 0,
            word: word as u8,
            exports_section: exports.section,
            exports_offset: exports.offset,
            exports_count: exports.count,
            arrays_start: arrays.start,
            array_ends: arrays.ends,
            build_id_offset: build_id.offset,
            build_id_len: build_id.len,
            dependencies: tail.dependencies,
            sections: tail.sections,
            name: tail.name,
            origin: tail.origin,
        }
    }

    fn exports(&self) -> ExportTable {
        ExportTable {
            section: self.exports_section,
            offset: self.exports_offset,
            count: self.exports_count,
        }
    }

    fn tail(&self) -> Tail {
        Tail {
            dependencies: self.dependencies,
            sections: self.sections,
            name: self.name,
            origin: self.origin,
        }
    }
}

// What a load holds beside its regions and names, on the targets.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Head>() <= 112);

/// Where the exports are.
#[derive(Clone, Copy, Default)]
pub(crate) struct ExportTable {
    /// The region that holds `.exported_sym`, or `None`: the records are in the tail.
    pub(crate) section: Option<RegionKind>,
    /// Offset of the first record there, in bytes.
    pub(crate) offset: u32,
    /// Number of records: pairs of words, name and address.
    pub(crate) count: u32,
}

/// The function arrays: one after the other in the data region, in words.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrays {
    /// Offset of the first word in the data region, in bytes.
    pub(crate) start: u32,
    /// Where preinit, init and fini end, in words from there.
    pub(crate) ends: [u16; 3],
}

/// Where the GNU build-id is.
#[derive(Clone, Copy, Default)]
pub(crate) struct BuildId {
    /// Offset in the rodata region, in bytes.
    pub(crate) offset: u32,
    /// Length in bytes, 0 if there is none.
    pub(crate) len: u8,
}

/// Lengths of the tail's parts, in the order in which they lie there. Its words are as wide as a `usize`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tail {
    /// Ids of the extensions that this one uses, a word each.
    pub(crate) dependencies: u16,
    /// Kept sections, `KEPT_SECTION` bytes each.
    pub(crate) sections: u16,
    /// The extension's name, in bytes.
    pub(crate) name: u8,
    /// The path it came from, in bytes.
    pub(crate) origin: u8,
}

/// Bytes of a word of the tail.
const WORD: usize = size_of::<usize>();
/// Bytes of a kept section's record: offset of its name in the tail; region, and above its three bits the section's
/// index; offset in the region; size.
const KEPT_SECTION: usize = 4 * WORD;
/// Bytes of an export's record in the tail: offset of its name in the tail, and address.
const EXPORT: usize = 2 * WORD;

impl Tail {
    /// Where the kept sections begin.
    fn sections_at(&self) -> usize {
        usize::from(self.dependencies).wrapping_mul(WORD)
    }

    /// Where the records of exports begin, if they are in the tail.
    pub(crate) fn exports_at(&self) -> usize {
        self.sections_at()
            .wrapping_add(usize::from(self.sections).wrapping_mul(KEPT_SECTION))
    }

    /// Where the texts begin: name, origin, and then names of exports and sections, each with a NUL. (No product here
    /// is too large: a file has 2²⁴ symbols at most, and there are no more exports.)
    #[inline(never)]
    pub(crate) fn texts_at(&self, exports: &ExportTable) -> usize {
        self.texts_from(exports)
    }

    /// The same without a call, for searches by name.
    #[inline(always)]
    fn texts_from(&self, exports: &ExportTable) -> usize {
        let exports = if exports.section.is_none() {
            exports.count as usize
        } else {
            0
        };
        self.exports_at().wrapping_add(exports.wrapping_mul(EXPORT))
    }
}

impl Extension {
    /// Its identity.
    pub fn id(&self) -> ExtensionId {
        self.head.id
    }

    /// How often it has been loaded and not been unloaded: 1 after its first load.
    pub fn use_count(&self) -> u16 {
        self.head.uses.get()
    }

    /// Whether a call into it ended in a fault, as whoever called it has said: its data may be half changed.
    pub fn is_faulted(&self) -> bool {
        self.head.faulted.get()
    }

    /// Remembers that a call into it ended in a fault, until it is unloaded.
    pub fn set_faulted(&self) {
        self.head.faulted.set(true);
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let start = self.head.tail().texts_at(&self.head.exports());
        self.text(start, usize::from(self.head.name))
    }

    /// Whether that is `name`. Compares bytes: to make a text of them first costs several times as much.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        if usize::from(self.head.name) != name.len() {
            return false;
        }
        let start = self.head.tail().texts_from(&self.head.exports());
        let own = self.tail.get(start..).unwrap_or_default();
        own.iter().zip(name.as_bytes()).all(|(a, b)| a == b)
    }

    /// The path it was loaded from (`LoadOptions::origin`).
    pub fn origin(&self) -> &str {
        let start = self.head.tail().texts_at(&self.head.exports());
        self.text(
            start.saturating_add(usize::from(self.head.name)),
            usize::from(self.head.origin),
        )
    }

    /// Its regions (only those that are not empty), in the order text, rodata, data, bss.
    pub fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        (0..RegionKind::ALL.len())
            .filter_map(|index| self.region(RegionKind::from_index(index as u32)))
    }

    /// The file, if sections of it have stayed where they lay: that is memory of whoever gave it.
    pub fn file(&self) -> Option<Region> {
        self.region(RegionKind::File)
    }

    /// Its sections, in file order; empty unless kept.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_>> + '_ {
        let at = self.head.tail().sections_at();
        (0..usize::from(self.head.sections)).filter_map(move |index| {
            let record = at.saturating_add(index.saturating_mul(KEPT_SECTION));
            let word = |index: usize| self.tail_word(record.saturating_add(index * WORD));
            let place = word(1)?;
            let region = RegionKind::from_index(place as u32 & 7);
            Some(Section {
                index: place >> 3,
                name: self.c_text(word(0)?),
                address: self.held(region).address().wrapping_add(word(2)?),
                size: word(3)?,
                region,
            })
        })
    }

    /// Its exports: names and addresses (Thumb bit included).
    pub fn exports(&self) -> impl Iterator<Item = (&str, usize)> + '_ {
        (0..self.export_count()).filter_map(|index| self.export(index))
    }

    /// The address of the export `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.export_address(self.position(name.as_bytes())?)
    }

    /// Ids of the extensions whose exports it uses.
    pub fn dependencies(&self) -> impl Iterator<Item = ExtensionId> + '_ {
        (0..usize::from(self.head.dependencies)).filter_map(|index| {
            Some(ExtensionId(
                self.tail_word(index.saturating_mul(WORD))? as u32
            ))
        })
    }

    /// The GNU build-id, empty if the file has none.
    pub fn build_id(&self) -> &[u8] {
        let (offset, len) = (self.head.build_id_offset, self.head.build_id_len);
        self.held(RegionKind::Rodata)
            .bytes(offset as usize, len.into())
    }

    /// Functions to call before anything else: preinit_array, then init_array, in order.
    pub fn init_functions(&self) -> impl Iterator<Item = usize> + '_ {
        let [_, end, _] = self.head.array_ends;
        (0..end).filter_map(|index| self.array_word(index))
    }

    /// Functions to call before unloading: fini_array, in reverse (ELF gABI).
    pub fn fini_functions(&self) -> impl Iterator<Item = usize> + '_ {
        let [_, start, end] = self.head.array_ends;
        (start..end)
            .rev()
            .filter_map(|index| self.array_word(index))
    }

    /// Bytes held: regions and metadata, as they were asked for.
    pub fn size(&self) -> usize {
        let own = Held::size_in(self.head.block);
        match self.is_one_block() {
            true => own,
            false => self
                .regions()
                .fold(own, |sum, region| sum.saturating_add(region.size)),
        }
    }

    /// Whether the regions lie behind it, in its own block.
    pub(super) fn is_one_block(&self) -> bool {
        Held::size_in(self.head.block) != self.metadata_size()
    }

    /// Copies `into.len()` bytes from target address `address` on; false if they do not all lie in one region.
    pub fn read(&self, address: usize, into: &mut [u8]) -> bool {
        self.place(address)
            .is_some_and(|(kind, offset)| self.held(kind).read(offset, into))
    }

    /// Bytes of the descriptor.
    pub(crate) fn metadata_size(&self) -> usize {
        size_of_val(self)
    }

    /// The region that `address` lies in, and where.
    pub(crate) fn place(&self, address: usize) -> Option<(RegionKind, usize)> {
        place(&self.head.regions, address)
    }

    pub(crate) fn held(&self, kind: RegionKind) -> &Held {
        let [.., file] = &self.head.regions;
        self.head.regions.get(kind as usize).unwrap_or(file)
    }

    pub(crate) fn export_count(&self) -> usize {
        self.head.exports_count as usize
    }

    /// The place of the export `name`: by its name, or by its id if the record has one instead.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        #[cfg(feature = "slid")]
        let id = crate::export::slid::of(name, usize::from(self.head.word));
        (0..self.export_count()).find(|&index| {
            let Some([label, _]) = self.record(index) else {
                return false;
            };
            match self.name_at(label) {
                Some(candidate) => candidate.as_bytes() == name,
                #[cfg(feature = "slid")]
                None => label == id,
                #[cfg(not(feature = "slid"))]
                None => false,
            }
        })
    }

    /// Name and address of an export by its place; `None` too if it has an id instead of a name.
    pub(crate) fn export(&self, index: usize) -> Option<(&str, usize)> {
        let [label, address] = self.record(index)?;
        Some((self.name_at(label)?, address))
    }

    /// The address of an export by its place.
    pub(crate) fn export_address(&self, index: usize) -> Option<usize> {
        self.record(index).map(|[_, address]| address)
    }

    /// The record of an export: where its name is, or its id, and its address.
    fn record(&self, index: usize) -> Option<[usize; 2]> {
        if index >= self.export_count() {
            return None;
        }
        match self.head.exports_section {
            None => {
                let records = self.head.tail().exports_at();
                let record = records.checked_add(index.checked_mul(EXPORT)?)?;
                let address = self.tail_word(record.checked_add(WORD)?)?;
                Some([self.tail_word(record)?, address])
            }
            Some(kind) => {
                let (held, word) = (self.held(kind), usize::from(self.head.word));
                let record = index.checked_mul(2 * word)?;
                let record = record.checked_add(self.head.exports_offset as usize)?;
                let address = held.word(record.checked_add(word)?, word)?;
                Some([held.word(record, word)?, address])
            }
        }
    }

    /// The name that a record says where to find: in the tail, or in a region.
    fn name_at(&self, label: usize) -> Option<&str> {
        if self.head.exports_section.is_none() {
            return Some(self.c_text(label));
        }
        let (region, offset) = self.place(label)?;
        let name = until_nul(self.held(region).bytes(offset, usize::MAX));
        core::str::from_utf8(name).ok()
    }

    /// A word of the function arrays that is a function: 0 and −1 are fillers.
    fn array_word(&self, index: u16) -> Option<usize> {
        let word = usize::from(self.head.word);
        let offset = usize::from(index)
            .saturating_mul(word)
            .saturating_add(self.head.arrays_start as usize);
        let address = self.held(RegionKind::Data).word(offset, word)?;
        (!is_filler(address, word)).then_some(address)
    }

    fn tail_word(&self, offset: usize) -> Option<usize> {
        let word = self.tail.get(offset..)?.first_chunk()?;
        Some(usize::from_le_bytes(*word))
    }

    #[inline(never)]
    fn text(&self, start: usize, len: usize) -> &str {
        let bytes = self
            .tail
            .get(start..start.saturating_add(len))
            .unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The NUL-terminated text at `start` of the tail.
    fn c_text(&self, start: usize) -> &str {
        let bytes = until_nul(self.tail.get(start..).unwrap_or_default());
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// The region that `address` lies in, and where.
#[inline(never)]
pub(crate) fn place(regions: &[Held], address: usize) -> Option<(RegionKind, usize)> {
    let mut regions = (0..).zip(regions);
    regions.find_map(|(kind, held)| Some((RegionKind::from_index(kind), held.offset_of(address)?)))
}

/// Whether a word of so many bytes in a function array is none of a function: 0 or −1.
pub(crate) fn is_filler(address: usize, word: usize) -> bool {
    let bits = word.saturating_mul(8) as u32;
    let ones = usize::MAX.checked_shr(usize::BITS.saturating_sub(bits));
    address == 0 || Some(address) == ones
}
