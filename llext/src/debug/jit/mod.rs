//! What GDB's JIT interface reads of an extension: a small ELF file in the target's memory.
//!
//! GDB watches a symbol `__jit_debug_register_code` of the firmware, and reads from `__jit_debug_descriptor` which object
//! files there are (its manual, "JIT Compilation Interface"). All that one has to say is where each section lies and which
//! file on the host has the debug information: the build-id, by which GDB finds it below its `debug-file-directory`.
//! So the file has no contents and no symbols, and fits in a few hundred bytes:
//!
//! ```text
//!   0  ELF header
//!  52  header 0 of the table of sections: readers pass over it, so that the note with the build-id lies there
//!  92  a header for each section, as if it had no bytes in the file (SHT_NOBITS), with its address
//!      a header for the note, and one for the names
//!      the names
//! ```
//!
//! No more than [`JIT_LIMIT`] bytes are spent. Sections without variables and functions (notes, tables of exports and
//! constructors) are not listed, nor are thread-local variables; of the others, code goes first, then variables, then constants, until the limit.
//! sdk/extension.ld makes four of them, which fit.

use crate::loaded::{Extension, RegionKind, Section};
use crate::machine::Machine;

/// The most that an object takes, in bytes. With GDB's entry for it and the heap's own data, both 32-bit, that is 400.
pub const JIT_LIMIT: usize = 360;

/// Bytes of an ELF header (gABI, chapter 4).
const HEADER: usize = 52;
/// Bytes of a section header.
const SECTION: usize = 40;
/// Bytes of a note before its description: three words, and the owner "GNU".
const NOTE: usize = 16;
/// Headers that every object has behind header 0: for the note, and for the names.
const FIXED: usize = 2;
/// As many sections as fit at best.
const MOST: usize = 4;

const ET_REL: u32 = 1;
const SHT_STRTAB: u32 = 3;
const SHT_NOTE: u32 = 7;
const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u32 = 1;
const SHF_ALLOC: u32 = 2;
const SHF_EXECINSTR: u32 = 4;
const NT_GNU_BUILD_ID: u32 = 3;
const EM_ARM: u16 = 40;
/// `e_flags`: version 5 of the ABI (ELF for the Arm Architecture, section 5.2).
const EF_ARM_EABI_VER5: u32 = 0x0500_0000;

/// What GDB is to read of an extension.
pub struct JitObject<'e> {
    machine: &'static Machine,
    build_id: &'e [u8],
    sections: [Option<Section<'e>>; MOST],
    /// Bytes of the names, each with a NUL, and one NUL in front.
    names: usize,
    left_out: usize,
}

impl<'e> JitObject<'e> {
    /// That of `extension`. `None` if GDB could not find its file: it has no build-id, or its sections were not kept
    /// (`LoadOptions::keep_sections`). Only 32-bit machines have objects.
    pub fn of(extension: &'e Extension, machine: &'static Machine) -> Option<Self> {
        let build_id = extension.build_id();
        if build_id.is_empty() || machine.class.is_64() {
            return None;
        }
        let mut object = Self {
            machine,
            build_id,
            sections: [None; MOST],
            names: 1,
            left_out: 0,
        };
        for rank in [Rank::Code, Rank::Variables, Rank::Constants] {
            extension
                .sections()
                .filter(|section| Rank::of(section) == Some(rank))
                .for_each(|section| object.list(section));
        }
        let is_empty = object.listed().next().is_none();
        (!is_empty).then_some(object)
    }

    /// Lists a section if there is room.
    fn list(&mut self, section: Section<'e>) {
        let name = section.name.len().saturating_add(1);
        let size = self.size().saturating_add(SECTION).saturating_add(name);
        let free = self.sections.iter_mut().find(|place| place.is_none());
        match free.filter(|_| size <= JIT_LIMIT) {
            Some(place) => {
                *place = Some(section);
                self.names = self.names.saturating_add(name);
            }
            None => self.left_out = self.left_out.saturating_add(1),
        }
    }

    fn listed(&self) -> impl Iterator<Item = &Section<'e>> + '_ {
        self.sections.iter().flatten()
    }

    /// How many sections of functions and variables it does not list.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Bytes that [`write`](Self::write) fills.
    pub fn size(&self) -> usize {
        self.names_at().saturating_add(self.names)
    }

    /// Bytes of the note, and of header 0 if that is larger.
    fn note_room(&self) -> usize {
        let note = NOTE.saturating_add(self.build_id.len());
        note.max(SECTION).next_multiple_of(4)
    }

    fn names_at(&self) -> usize {
        let headers = self.listed().count().saturating_add(FIXED);
        headers
            .saturating_mul(SECTION)
            .saturating_add(HEADER)
            .saturating_add(self.note_room())
    }

    /// Writes the file, as far as `into` has room.
    pub fn write(&self, into: &mut [u8]) {
        let mut out = Out(into);
        let (note_at, names_at) = (HEADER as u32, self.names_at() as u32);
        let note = NOTE.saturating_add(self.build_id.len());
        // Header 0 ends where the others begin; with it, those of the note and of the names come on top.
        let table = HEADER
            .saturating_add(self.note_room())
            .saturating_sub(SECTION);
        let count = self.listed().count().saturating_add(FIXED + 1);
        self.write_header(&mut out, table as u32, count as u32);
        out.words(&[4, self.build_id.len() as u32, NT_GNU_BUILD_ID]);
        out.bytes(b"GNU\0");
        out.bytes(self.build_id);
        (note..self.note_room()).for_each(|_| out.bytes(&[0]));
        let mut name = 1;
        for section in self.listed() {
            let (address, size) = (section.address as u32, section.size as u32);
            out.section([
                name,
                SHT_NOBITS,
                flags(section.region),
                address,
                HEADER as u32,
                size,
            ]);
            name = name.wrapping_add(section.name.len() as u32 + 1);
        }
        out.section([0, SHT_NOTE, 0, 0, note_at, note as u32]);
        out.section([0, SHT_STRTAB, 0, 0, names_at, name]);
        out.bytes(&[0]);
        for section in self.listed() {
            out.bytes(section.name.as_bytes());
            out.bytes(&[0]);
        }
    }

    /// Of `count` sections, whose headers begin at `table`; the last one has their names.
    fn write_header(&self, out: &mut Out<'_>, table: u32, count: u32) {
        /// A little-endian ELF32 of version 1.
        const IDENT: [u8; 16] = *b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0";
        let flags = match self.machine.e_machine {
            EM_ARM => EF_ARM_EABI_VER5,
            _ => 0,
        };
        out.bytes(&IDENT);
        out.words(&[
            u32::from(self.machine.e_machine) << 16 | ET_REL,
            1,
            0,
            0,
            table,
            flags,
            HEADER as u32,
            (SECTION as u32) << 16,
            count.wrapping_sub(1) << 16 | count,
        ]);
    }
}

/// What a section holds, as far as debug information describes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Code,
    Variables,
    Constants,
}

impl Rank {
    /// `None`: nothing that has a name in a program, or thread-local variables, for whose addresses GDB asks a thread library.
    fn of(section: &Section<'_>) -> Option<Self> {
        const NAMELESS: [&str; 9] = [
            ".note",
            ".exported_sym",
            ".preinit_array",
            ".init_array",
            ".fini_array",
            ".ARM.ex",
            ".eh_frame",
            ".tdata",
            ".tbss",
        ];
        if section.size == 0
            || NAMELESS
                .iter()
                .any(|&prefix| section.name.as_bytes().starts_with(prefix.as_bytes()))
        {
            return None;
        }
        Some(match section.region {
            RegionKind::Text | RegionKind::File => Self::Code,
            RegionKind::Data | RegionKind::Bss => Self::Variables,
            RegionKind::Rodata => Self::Constants,
        })
    }
}

fn flags(region: RegionKind) -> u32 {
    match region {
        RegionKind::Text | RegionKind::File => SHF_ALLOC | SHF_EXECINSTR,
        RegionKind::Data | RegionKind::Bss => SHF_ALLOC | SHF_WRITE,
        RegionKind::Rodata => SHF_ALLOC,
    }
}

/// What is left of a place to be filled.
struct Out<'o>(&'o mut [u8]);

impl Out<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some((place, rest)) = core::mem::take(&mut self.0).split_at_mut_checked(bytes.len())
        {
            place.copy_from_slice(bytes);
            self.0 = rest;
        }
    }

    fn words(&mut self, words: &[u32]) {
        words
            .iter()
            .for_each(|word| self.bytes(&word.to_le_bytes()));
    }

    /// A section header: name, type, flags, address, offset and size, and nothing linked, aligned to bytes.
    fn section(&mut self, fields: [u32; 6]) {
        self.words(&fields);
        self.words(&[0, 0, 1, 0]);
    }
}

#[cfg(test)]
mod tests;
