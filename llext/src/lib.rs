//! Loader for ELF extensions on microcontrollers. (The design page: to be written with the code.)
#![cfg_attr(not(test), no_std)]

pub mod debug;
pub mod elf;
mod error;
mod export;
pub mod load;
pub mod loaded;
pub mod machine;
pub mod memory;
pub mod source;

pub use error::{LoadError, UnloadError};
pub use export::{Export, Exports};
pub use load::{LoadOptions, Report, Requirements};
pub use loaded::{Extension, ExtensionId, Location, Region, RegionKind, Section, Unloaded};
pub use memory::{Heap, HeapBlock, HeapStats, OwnedBlocks, TlsfHeap, Usage};
pub use source::{SliceSource, Source, SourceError, SourceFault};

/// The loader: what it has loaded, and what those may use.
pub struct Llext<'a> {
    heap: &'a dyn Heap,
    exports: Exports<'a>,
    machine: &'static machine::Machine,
    // registry …
}

impl<'a> Llext<'a> {
    /// A loader without extensions, that takes memory from `heap` and gives extensions `exports`.
    pub const fn new(heap: &'a dyn Heap, exports: Exports<'a>, machine: &'static machine::Machine) -> Self {
        Self { heap, exports, machine }
    }

    /// The same, for extensions that allocate: `unload` reclaims from `owned` what they left.
    pub const fn with_allocations(self, owned: &'a OwnedBlocks) -> Self { let _ = owned; self }

    /// Loads the ELF in `source` under `name`. On any failure everything taken has gone back.
    /// Does not run a line of it: see `Extension::init_functions`.
    pub fn load(&mut self, source: &mut dyn Source, name: &str, options: &LoadOptions<'_>, report: &mut dyn Report)
    -> Result<&Extension, LoadError> { todo!() }

    /// What `load` would need and would complain of (everything, through `report`); changes nothing.
    pub fn dry_run(&self, source: &mut dyn Source, name: &str, options: &LoadOptions<'_>, report: &mut dyn Report)
    -> Result<Requirements, LoadError> { todo!() }

    /// Unloads `name`, unless others use it. Memory it allocated and did not free is reclaimed and reported.
    pub fn unload(&mut self, name: &str) -> Result<Unloaded, UnloadError> { todo!() }

    /// The extension with this name.
    pub fn by_name(&self, name: &str) -> Option<&Extension> { todo!() }
    /// The extension with this id.
    pub fn by_id(&self, id: ExtensionId) -> Option<&Extension> { todo!() }
    /// All extensions, in the order they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Extension> + '_ { core::iter::empty() }
    /// Extensions that use exports of `name`.
    pub fn users_of<'s>(&'s self, extension: &'s Extension) -> impl Iterator<Item = &'s Extension> + 's { core::iter::empty() }
    /// Whose memory `address` is, with the nearest exported symbol at or below it.
    pub fn locate(&self, address: usize) -> Option<Location<'_>> { todo!() }
    /// The firmware's exports.
    pub fn exports(&self) -> &Exports<'a> { &self.exports }
    /// The heap that extensions live in.
    pub fn heap(&self) -> &'a dyn Heap { self.heap }
}
