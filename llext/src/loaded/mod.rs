//! Extensions that are loaded. (Skeleton.)

/// Identity of a loaded extension, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionId(pub u16);

impl ExtensionId {
    /// Not an extension: the firmware itself.
    pub const FIRMWARE: Self = Self(0);
}

/// A loaded extension.
pub struct Extension { _todo: () }

/// What a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionKind { /// Code and veneers.
    Text, /// Read-only data.
    Rodata, /// Initialised data.
    Data, /// Zeroed data.
    Bss }

/// One region: its sections lie in it one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region { /// What it holds.
    pub kind: RegionKind, /// Target address.
    pub address: usize, /// Bytes.
    pub size: usize }

/// One section of the file that is in memory (kept with `LoadOptions::keep_sections`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> { /// Its name in the file.
    pub name: &'a str, /// Target address.
    pub address: usize, /// Bytes.
    pub size: usize, /// The region that it lies in.
    pub region: RegionKind }

/// What lies at an address.
pub struct Location<'a> { /// Whose it is.
    pub extension: &'a Extension, /// Which region.
    pub region: Region, /// The nearest export at or below it in the same region, and the distance.
    pub symbol: Option<(&'a str, usize)> }

/// What an unload gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unloaded { /// Bytes of regions and metadata.
    pub bytes: usize, /// Blocks that the extension had allocated and not freed (reclaimed now).
    pub leaked_blocks: usize, /// Their bytes, as asked for.
    pub leaked_bytes: usize }

impl Extension {
    /// Its identity.
    pub fn id(&self) -> ExtensionId { todo!() }
    /// Its name.
    pub fn name(&self) -> &str { todo!() }
    /// The path it was loaded from (`LoadOptions::origin`).
    pub fn origin(&self) -> &str { todo!() }
    /// Its regions (only those that are not empty), in the order text, rodata, data, bss.
    pub fn regions(&self) -> impl Iterator<Item = Region> + '_ { core::iter::empty() }
    /// Its sections, in file order; empty unless kept.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_>> + '_ { core::iter::empty() }
    /// Its exports: names and addresses (Thumb bit included).
    pub fn exports(&self) -> impl Iterator<Item = (&str, usize)> + '_ { core::iter::empty() }
    /// The address of the export `name`.
    pub fn find(&self, name: &str) -> Option<usize> { let _ = name; todo!() }
    /// Ids of the extensions whose exports it uses.
    pub fn dependencies(&self) -> impl Iterator<Item = ExtensionId> + '_ { core::iter::empty() }
    /// The GNU build-id, empty if the file has none.
    pub fn build_id(&self) -> &[u8] { todo!() }
    /// Functions to call before anything else: preinit_array, then init_array, in order.
    pub fn init_functions(&self) -> impl Iterator<Item = usize> + '_ { core::iter::empty() }
    /// Functions to call before unloading: fini_array, in reverse (ELF gABI).
    pub fn fini_functions(&self) -> impl Iterator<Item = usize> + '_ { core::iter::empty() }
    /// Bytes held: regions and metadata.
    pub fn size(&self) -> usize { todo!() }
}
