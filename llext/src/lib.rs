//! Loader for ELF extensions on microcontrollers: no_std, no global allocator, streaming.
//!
//! # Purpose
//! A firmware that runs takes in code that it was not built with, and lets go of it again, as often as one likes,
//! with memory exactly as it was before. The loader knows nothing of shells, transports or file systems: bytes come from a
//! [`Source`], memory from a [`Heap`], what extensions may call from a table of [`Exports`], and what a relocation
//! means from a [`machine`]'s table. It never runs a line of an extension: see [`Extension::bringup`] and [`call`].
//!
//! ```
//! # fn run(heap: &'static llext::TlsfHeap, file: &[u8]) -> Result<(), llext::LoadError> {
//! use llext::{Exports, Llext, LoadOptions, SliceSource, machine};
//!
//! let mut llext = Llext::new(heap, Exports::new(&[]), &machine::ARM);
//! let options = LoadOptions { origin: "/ext/hello.elf", ..LoadOptions::default() };
//! let hello = llext.load(&mut SliceSource::new(file), "hello", &options, &mut ())?;
//! let entry = hello.find("hello_world");
//! # let _ = entry; Ok(()) }
//! ```
//!
//! Who knows Zephyr's LLEXT finds its names in [`zephyr`].
//!
//! # Words
//! - An *extension* is a file that is loaded: a linkable one (`ET_REL`), or a shared library or PIE (`ET_DYN`). Its
//!   *sections* lie one after the other in up to four *regions* (text, rodata, data, bss); a section may also stay where
//!   the file is, if the [`source`] lets it. Beside them there is its *descriptor*. All of this is one block of the heap,
//!   unless regions have to be of a [`MemoryKind`] or under a [`Protection`] of their own.
//! - An *export* is what others may use: the records of `.exported_sym` (Zephyr's `struct llext_const_symbol`) if a file has
//!   that section, else its global functions and objects of default visibility.
//! - A *stub* at the end of the text region holds the address of a symbol, and on most machines code that jumps there. A
//!   branch goes through it when its target is out of reach (a *veneer*), and its word is the symbol's entry in the global
//!   offset table. A symbol has one at most, whatever needs it.
//! - *Thread-local* variables exist once, in the regions for data and bss, since one thread calls extensions. Code finds them
//!   by their distance from the thread pointer ([`Llext::with_thread_pointer`]).
//! - *Scratch* is memory that a load takes first and has given back when it returns.
//!
//! # How a load goes
//! `load/mod.rs` has one line a phase: header and section headers are checked and placed ([`elf`]), relocations are
//! checked, and symbols looked up when the first relocation asks for them (as many as are read at once, where the file has to be
//! read); only then regions are taken, filled, relocated and sealed. Tables are walked where they lie in memory, or in chunks.
//!
//! Most tables of relocations have nothing but whole words, which ask for no more memory. Those are trusted, unless sections are patched where
//! they lie: of them nothing but the types is looked at before regions are taken, and the rest is checked as they are applied, in one go
//! instead of two. If one turns out to be unsound, or to need what memory was not taken for (a common symbol, one more extension
//! that this one depends on), or if anything else is wrong, all goes back, and the load begins anew with all checks first: so whoever asks is told all that is
//! wrong at once, as if nothing had been trusted.
//!
//! Symbols resolve in this order: the file's own, the firmware's exports, other extensions' exports in load order,
//! 0 if weak. What is left is undefined, which is an error only if a relocation computes with it: a marker
//! (`R_ARM_NONE` of unwind tables) may name what nobody has.
//!
//! # Invariants
//! 1. *Claim.* No number read from a file is used as offset, size, index or alignment before it is checked, by the one
//!    constructor of the type that carries it on.
//! 2. *Refuse first.* A load that fails leaves heap and registry bit for bit as they were. What can be known
//!    without memory is refused before a region is taken, but for tables that are trusted; after that only a relocated value may
//!    not fit its field, an export or a constructor may point outside, or a read may fail.
//! 3. *Once.* A byte of a section is copied once, from the source to where it runs. A symbol is looked up once a load.
//! 4. *Bounded.* Scratch is four bytes a symbol and eight a section; on the stack, 1,760 bytes hold what was read last. What stays is
//!    the regions and the descriptor: 112 bytes, names, and what `keep_sections` asks for.
//! 5. *In range.* A value that does not fit its field is an error with section, offset, symbol, value and range.
//! 6. *No panic.* No input makes the loader panic: indexes go through `get`, arithmetic saturates or is checked.
//!
//! # Cost
//! | what | memory | time |
//! |---|---|---|
//! | a load | descriptor and regions; scratch meanwhile | section headers × 3, relocations × 2 (× 1 of trusted tables, and their types), symbols that they name × 1 (all where the file has to be read, or to copy names of exports) |
//! | an undefined symbol | – | one look into the firmware's table ([`export`]), then all exports of extensions |
//! | a low part far from its high part (RISC-V) | – | one more pass over its table |
//! | `keep_sections` | 16 bytes and a name a section | one more pass over section headers |
//! | use counts | 4 bytes a dependency | counted when an unload asks |
//! | [`debug::JitObject`] | 360 bytes at most, by whoever tells GDB | one pass over kept sections for each kind |
//! | [`TlsfHeap`] | 1.4 KiB static, 8 bytes a block | constant; statistics walk the blocks |
//! | [`OwnedBlocks`] | 24 bytes a block | constant; per-owner figures walk the blocks |
//!
//! # Unsafe code
//! Denied in the crate, and allowed in `memory/` (blocks as slices), `export/record.rs` (C's records), `loaded/registry.rs`
//! (a list of blocks that hold extensions) and `call.rs` (calls of what was loaded).
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![allow(
    clippy::result_large_err,
    reason = "errors carry names and places by value, since nothing is left to borrow from"
)]

pub mod call;
pub mod debug;
pub mod elf;
mod error;
pub mod export;
pub mod load;
pub mod loaded;
pub mod machine;
pub mod memory;
mod message;
mod name;
mod reload;
pub mod source;
#[cfg(test)]
mod testing;
mod text;
pub mod zephyr;

pub use error::{LoadError, RelocationFault, UnloadError};
pub use export::{AbiId, Export, Exports};
pub use load::{LoadOptions, Report, Requirements, SectionHeader};
pub use loaded::{
    BootstrapError, Extension, ExtensionId, Location, Region, RegionKind, Section, Unloaded,
};
pub use memory::{
    BlockHeap, Buffer, Heap, HeapBlock, HeapError, HeapStats, MemoryKind, OwnedBlocks, Protection,
    SplitHeap, TlsfHeap, Usage,
};
pub use name::Name;
pub use source::{
    FilePlace, InPlace, PersistentSlice, SliceSource, Source, SourceError, SourceFault,
    StreamSource, UNKNOWN_LENGTH, WritableSlice,
};

use loaded::Registry;
use machine::Machine;

/// The loader: what it has loaded, and what those may use.
pub struct Llext<'a> {
    heap: &'a dyn Heap,
    exports: Exports<'a>,
    abi: Option<AbiId>,
    machine: &'static Machine,
    owned: Option<&'a OwnedBlocks>,
    protection: Protection,
    thread_pointer: usize,
    registry: Registry,
}

impl<'a> Llext<'a> {
    /// A loader without extensions, that takes memory from `heap` and gives extensions `exports`.
    pub const fn new(heap: &'a dyn Heap, exports: Exports<'a>, machine: &'static Machine) -> Self {
        Self {
            heap,
            exports,
            abi: None,
            machine,
            owned: None,
            protection: Protection::NONE,
            thread_pointer: 0,
            registry: Registry::new(),
        }
    }

    /// The same, for extensions that allocate: `unload` reclaims from `owned` what they left.
    pub const fn with_allocations(mut self, owned: &'a OwnedBlocks) -> Self {
        self.owned = Some(owned);
        self
    }

    /// The same, with regions that the processor can protect: each has the size and alignment that `protection` asks for, and
    /// memory of its own.
    pub const fn with_protection(mut self, protection: Protection) -> Self {
        self.protection = protection;
        self
    }

    /// The same, where a file is refused whose note says that it was built for exports with another id.
    pub const fn with_abi(mut self, abi: AbiId) -> Self {
        self.abi = Some(abi);
        self
    }

    /// The same, where the code of extensions takes `thread_pointer` for the thread pointer: what `__aeabi_read_tp` gives, or
    /// the register `tp` holds, on whatever thread calls it. An extension's thread-local variables exist once, in its data
    /// and bss, because one thread calls it; code finds them by their distance from the thread pointer.
    pub const fn with_thread_pointer(mut self, thread_pointer: usize) -> Self {
        self.thread_pointer = thread_pointer;
        self
    }

    /// Loads the ELF in `source` under `name`. On any failure everything taken has gone back.
    /// Does not run a line of it: see [`Extension::bringup`].
    ///
    /// If `name` is loaded already, `source` is not read: that extension has one use more, as its
    /// [`use_count`](Extension::use_count) tells (1 is a new one), and as many unloads as loads free it.
    pub fn load(
        &mut self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<&Extension, LoadError> {
        if self.by_name(name).is_some() {
            return self.use_again(name);
        }
        load::load(self, source, name, options, report)
    }

    /// Counts one more use of an extension that is loaded.
    fn use_again(&self, name: &str) -> Result<&Extension, LoadError> {
        let used = self.by_name(name).and_then(Registry::add_use);
        used.ok_or(LoadError::TooLarge {
            what: "use count",
            limit: u16::MAX.into(),
        })
    }

    /// What `load` would need; changes nothing. Every undefined symbol and every relocation that the machine does not have
    /// goes to `report` and is no error here: an undefined function counts as if it lay where the firmware's exports do.
    pub fn dry_run(
        &self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<Requirements, LoadError> {
        load::dry_run(self, source, name, options, report, false)
    }

    /// Takes one load of `name` back. With the last one it is unloaded, unless others use its exports: its memory goes back,
    /// and what it allocated and did not free is reclaimed and reported.
    /// Does not run a line of it: see [`Extension::teardown`].
    pub fn unload(&mut self, name: &str) -> Result<Unloaded, UnloadError> {
        let extension = self.by_name(name).ok_or(UnloadError::NotLoaded)?;
        if extension.use_count() > 1 {
            return Ok(Unloaded {
                uses_left: Registry::drop_use(extension),
                ..Unloaded::default()
            });
        }
        if self.users_of(extension).next().is_some() {
            return Err(UnloadError::InUse);
        }
        let id = extension.id();
        Ok(self.remove(id))
    }

    /// Takes back all memory of the extension `id`, which nobody uses.
    fn remove(&mut self, id: ExtensionId) -> Unloaded {
        let leaked = self
            .owned
            .map(|owned| owned.reclaim(self.heap, id))
            .unwrap_or_default();
        let bytes = self.registry.remove(self.heap, id).unwrap_or_default();
        Unloaded {
            uses_left: 0,
            bytes,
            leaked_blocks: leaked.blocks,
            leaked_bytes: leaked.bytes,
        }
    }

    /// The extension with this name.
    pub fn by_name(&self, name: &str) -> Option<&Extension> {
        self.iter().find(|extension| extension.is_named(name))
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
        self.registry
            .after(extension)
            .filter(|user| user.dependencies().any(|used| used == extension.id()))
    }

    /// Whose memory `address` is, with the nearest exported symbol at or below it.
    pub fn locate(&self, address: usize) -> Option<Location<'_>> {
        loaded::locate(&self.registry, address)
    }

    /// The text region that `address` lies in: code that may run. What stays in a file is none.
    pub fn text_at(&self, address: usize) -> Option<Region> {
        self.iter()
            .filter_map(|extension| extension.region(RegionKind::Text))
            .find(|text| address.wrapping_sub(text.address) < text.size)
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
        load::symbol_at(self, source, extension, address, buffer)
    }

    /// The header of section `index` of the file in `source`; `None` if it has not so many.
    pub fn section_header(
        &self,
        source: &mut dyn Source,
        index: usize,
    ) -> Result<Option<SectionHeader>, LoadError> {
        load::section_header(self, source, load::Which::Index(index))
    }

    /// The header of the first section with this name of the file in `source`.
    pub fn find_section(
        &self,
        source: &mut dyn Source,
        name: &str,
    ) -> Result<Option<SectionHeader>, LoadError> {
        load::section_header(self, source, load::Which::Named(name))
    }

    /// The firmware's exports.
    pub fn exports(&self) -> &Exports<'a> {
        &self.exports
    }

    /// The id of the firmware's exports, if it has one.
    pub fn abi(&self) -> Option<AbiId> {
        self.abi
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
