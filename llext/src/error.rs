//! Why the loader refused, in words and with the place.
//!
//! The text of each (in `message.rs`) is the WHY of a line `error: WHAT: WHY`; `hint` is what to do about it.

use crate::export::AbiId;
use crate::machine::{FieldError, Machine};
use crate::name::Name;
use crate::source::SourceError;

/// Why a load was refused. Nothing of the system has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The source failed.
    Source(SourceError),
    /// The first four bytes are not those of an ELF file.
    NotElf,
    /// An ELF file of another class: the bits of its addresses, and those that the machine has.
    WrongClass {
        /// Bits of the file's addresses; 0 if the file does not say.
        found: u8,
        /// Bits of the machine's addresses.
        wanted: u8,
    },
    /// A big-endian file.
    WrongEndianness,
    /// A version of ELF that nobody knows.
    WrongVersion {
        /// `e_version`.
        found: u32,
    },
    /// A file for another machine.
    WrongMachine {
        /// `e_machine`; see [`machine_name`](crate::elf::machine_name).
        found: u16,
        /// The machine that extensions run on.
        wanted: &'static str,
    },
    /// Neither a linkable file (`ET_REL`) nor a shared library or position-independent executable (`ET_DYN`).
    NotRelocatable {
        /// `e_type`.
        found: u16,
    },
    /// Built for a firmware with other exports: see [`AbiId`].
    WrongAbi {
        /// What the file's note says.
        found: AbiId,
        /// The firmware's own.
        wanted: AbiId,
    },
    /// A field of the ELF header makes no sense.
    BadHeader {
        /// The field's name in the ELF specification.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// The file ends before something that it says it holds.
    Truncated {
        /// What should be there.
        what: &'static str,
        /// Its offset in the file, in bytes.
        offset: usize,
        /// Its size in bytes.
        size: usize,
        /// Length of the file in bytes.
        len: usize,
    },
    /// A field of a section header makes no sense.
    BadSection {
        /// The section's index.
        index: usize,
        /// The section's name, if that can be read.
        section: Name,
        /// The field's name in the ELF specification.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// A field of a program header makes no sense (linked files).
    BadSegment {
        /// The program header's index; their number if one is missing.
        index: usize,
        /// The field's name in the ELF specification.
        field: &'static str,
        /// What it holds.
        value: usize,
    },
    /// An entry of the dynamic section makes no sense, or asks for something that the loader does not do (linked files).
    BadDynamic {
        /// `d_tag`
        tag: u32,
        /// `d_val` or `d_ptr`
        value: usize,
    },
    /// A section that was to be used where it lies (`LoadOptions::pre_located`, `detached`), but cannot be: the source has no memory
    /// of its own, it lies elsewhere than the file says, or it has no bytes in the file.
    NotInPlace {
        /// The section.
        section: Name,
        /// Where it was to be (`sh_addr`); `None` if anywhere in the source's memory would have done.
        address: Option<usize>,
    },
    /// More than one symbol table.
    SeveralSymbolTables,
    /// A thread-local section: extensions have no thread-local storage.
    ThreadLocal {
        /// The section.
        section: Name,
    },
    /// A field of a symbol makes no sense.
    BadSymbol {
        /// The symbol's index.
        index: usize,
        /// The symbol's name, if that can be read.
        symbol: Name,
        /// The field's name in the ELF specification.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// A name that is too long to be looked up.
    LongName {
        /// Its first letters.
        symbol: Name,
        /// The most bytes that a name may have.
        limit: usize,
    },
    /// Symbols that are used and defined nowhere; `Report::undefined` named each.
    Undefined(usize),
    /// Relocations that the machine's table does not have; `Report::unsupported` named each. This is the first.
    Unsupported {
        /// How many there are.
        count: usize,
        /// The section that is relocated.
        section: Name,
        /// Offset in the section, in bytes.
        offset: usize,
        /// The psABI's number.
        r_type: u32,
        /// The machine.
        machine: &'static Machine,
    },
    /// A relocation entry makes no sense.
    BadRelocation {
        /// The section that is relocated.
        section: Name,
        /// Offset in the section, in bytes.
        offset: usize,
        /// What is wrong.
        fault: RelocationFault,
    },
    /// A value that does not fit the field it is for.
    OutOfRange {
        /// The section that is relocated.
        section: Name,
        /// Offset in the section, in bytes.
        offset: usize,
        /// The symbol.
        symbol: Name,
        /// The psABI's name of the relocation.
        relocation: &'static str,
        /// The value and the range it should lie in.
        field: FieldError,
    },
    /// A record of `.exported_sym` does not point into the extension.
    BadExport {
        /// The record's index.
        index: usize,
        /// The address that it holds.
        address: usize,
    },
    /// A function of an init or fini array does not lie in the extension's text.
    BadFunction {
        /// The address.
        address: usize,
    },
    /// Something is larger than the loader handles.
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Not enough memory.
    OutOfMemory {
        /// Bytes that were needed in one block.
        needed: usize,
        /// The largest block that is free, in bytes.
        available: usize,
        /// All free bytes.
        free: usize,
    },
    /// An extension of this name is loaded: what a dry run finds, where a load would count one use more.
    NameTaken,
    /// Not a name for an extension.
    InvalidName,
}

/// What is wrong with a relocation entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelocationFault {
    /// The place does not lie in the section.
    Place,
    /// There is no symbol of that index.
    Symbol(u32),
    /// The symbol lies in a section that is not loaded (debug information).
    NotLoaded(u32),
    /// Code padding that would have to shrink (`R_RISCV_ALIGN`).
    Padding,
    /// A low part without the high part that it completes (`R_RISCV_PCREL_LO12_*`).
    NoHigh,
    /// The place may not be written: its section stays where it lies.
    ReadOnly,
    /// A call from T32 code to a function in A32 code.
    NotThumb,
}

impl LoadError {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotElf => {
                "load the output of the compiler or of `ld -r`, not an archive or a raw binary"
            }
            Self::WrongClass { .. } | Self::WrongMachine { .. } | Self::WrongEndianness => {
                "build the extension for this board: see `version` for its machine"
            }
            Self::WrongAbi { .. } => {
                "build it again for this firmware; `llext load --force` ignores the difference"
            }
            Self::NotRelocatable { .. } => {
                "link with `ld -r` or -shared, or load the compiler's .o file"
            }
            Self::BadDynamic { tag: 35, .. } => "link without -z pack-relative-relocs",
            Self::Truncated { .. } => "copy the file again: it is shorter than its headers say",
            Self::SeveralSymbolTables => "link the objects again with `ld -r`",
            Self::ThreadLocal { .. } => "make the variable static instead of thread-local",
            Self::Undefined(_) => {
                "load the extension that defines them first, or link it in with `ld -r`"
            }
            Self::BadRelocation {
                fault: RelocationFault::Padding,
                ..
            } => "build with -mno-relax",
            Self::BadRelocation {
                fault: RelocationFault::NotThumb,
                ..
            } => "build all of it with -mthumb",
            Self::OutOfRange { .. } => "build with -mlong-calls or the medany code model",
            Self::OutOfMemory { .. } => "unload something: `llext heap` shows what is in use",
            Self::Unsupported {
                machine, r_type, ..
            } => machine.hint(*r_type)?,
            Self::NameTaken => "unload it first, or give the new one another name",
            Self::InvalidName => {
                "a name is 1 to 63 printable ASCII characters without spaces, `/` or quotes"
            }
            Self::BadFunction { .. } => {
                "constructors and destructors must be functions of the extension itself"
            }
            _ => return None,
        })
    }
}

impl From<SourceError> for LoadError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

/// Why an unload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnloadError {
    /// Nothing of that name is loaded.
    NotLoaded,
    /// Others use its exports: `Llext::users_of` names them.
    InUse,
}

impl UnloadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotLoaded => "`llext list` shows what is loaded",
            Self::InUse => "unload its users first",
        })
    }
}
