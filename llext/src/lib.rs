//! Loader for ELF extensions on microcontrollers. (The design page: to be written with the code.)
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![allow(
    clippy::result_large_err,
    reason = "errors carry names and places by value, since nothing is left to borrow from"
)]

pub mod debug;
pub mod elf;
mod error;
mod export;
pub mod load;
pub mod loaded;
pub mod machine;
pub mod memory;
mod name;
pub mod source;
#[cfg(test)]
mod testing;

pub use error::{LoadError, RelocationFault, UnloadError};
pub use export::{Export, Exports};
pub use load::{LoadOptions, Report, Requirements};
pub use loaded::{Extension, ExtensionId, Location, Region, RegionKind, Section, Unloaded};
pub use memory::{Heap, HeapBlock, HeapStats, OwnedBlocks, TlsfHeap, Usage};
pub use name::Name;
pub use source::{SliceSource, Source, SourceError, SourceFault};

use loaded::Registry;
use machine::Machine;

/// The loader: what it has loaded, and what those may use.
pub struct Llext<'a> {
    heap: &'a dyn Heap,
    exports: Exports<'a>,
    machine: &'static Machine,
    owned: Option<&'a OwnedBlocks>,
    registry: Registry,
}

impl<'a> Llext<'a> {
    /// A loader without extensions, that takes memory from `heap` and gives extensions `exports`.
    pub const fn new(heap: &'a dyn Heap, exports: Exports<'a>, machine: &'static Machine) -> Self {
        Self {
            heap,
            exports,
            machine,
            owned: None,
            registry: Registry::new(),
        }
    }

    /// The same, for extensions that allocate: `unload` reclaims from `owned` what they left.
    pub const fn with_allocations(mut self, owned: &'a OwnedBlocks) -> Self {
        self.owned = Some(owned);
        self
    }

    /// Loads the ELF in `source` under `name`. On any failure everything taken has gone back.
    /// Does not run a line of it: see [`Extension::init_functions`].
    pub fn load(
        &mut self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<&Extension, LoadError> {
        load::load(self, source, name, options, report)
    }

    /// What `load` would need and would complain of (everything, through `report`); changes nothing.
    pub fn dry_run(
        &self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<Requirements, LoadError> {
        load::dry_run(self, source, name, options, report)
    }

    /// Unloads `name`, unless others use it. Memory it allocated and did not free is reclaimed and reported.
    /// Does not run a line of it: see [`Extension::fini_functions`].
    pub fn unload(&mut self, name: &str) -> Result<Unloaded, UnloadError> {
        let id = self.by_name(name).ok_or(UnloadError::NotLoaded)?.id();
        if self
            .registry
            .iter()
            .any(|user| user.dependencies().any(|used| used == id))
        {
            return Err(UnloadError::InUse);
        }
        let leaked = self
            .owned
            .map(|owned| owned.reclaim(self.heap, id))
            .unwrap_or_default();
        let bytes = self.registry.remove(self.heap, id).unwrap_or_default();
        Ok(Unloaded {
            bytes,
            leaked_blocks: leaked.blocks,
            leaked_bytes: leaked.bytes,
        })
    }

    /// The extension with this name.
    pub fn by_name(&self, name: &str) -> Option<&Extension> {
        self.iter().find(|extension| extension.name() == name)
    }

    /// The extension with this id.
    pub fn by_id(&self, id: ExtensionId) -> Option<&Extension> {
        self.iter().find(|extension| extension.id() == id)
    }

    /// All extensions, in the order they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Extension> + '_ {
        self.registry.iter()
    }

    /// Extensions that use exports of `extension`.
    pub fn users_of<'s>(
        &'s self,
        extension: &'s Extension,
    ) -> impl Iterator<Item = &'s Extension> + 's {
        self.iter()
            .filter(|user| user.dependencies().any(|used| used == extension.id()))
    }

    /// Whose memory `address` is, with the nearest exported symbol at or below it.
    pub fn locate(&self, address: usize) -> Option<Location<'_>> {
        loaded::locate(&self.registry, address)
    }

    /// The function or object of `extension` (static ones too) that covers `address`, and the distance in bytes from
    /// where it begins. Looked up in `source`, the file that `extension` was loaded from; `None` if that is not the same
    /// file any more. The name is read into `buffer` and cut to its length.
    pub fn symbol_at<'b>(
        &self,
        source: &mut dyn Source,
        extension: &Extension,
        address: usize,
        buffer: &'b mut [u8],
    ) -> Result<Option<(&'b str, usize)>, LoadError> {
        loaded::symbol_at(self.heap, source, extension, address, buffer)
    }

    /// The firmware's exports.
    pub fn exports(&self) -> &Exports<'a> {
        &self.exports
    }

    /// The heap that extensions live in.
    pub fn heap(&self) -> &'a dyn Heap {
        self.heap
    }

    /// The machine that extensions run on.
    pub fn machine(&self) -> &'static Machine {
        self.machine
    }
}

impl Drop for Llext<'_> {
    /// Gives all memory back. No function of an extension is run.
    fn drop(&mut self) {
        while let Some(id) = self.registry.first() {
            if let Some(owned) = self.owned {
                owned.reclaim(self.heap, id);
            }
            self.registry.remove(self.heap, id);
        }
    }
}
