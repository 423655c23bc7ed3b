//! Why the loader refused, in words and with the place.
//!
//! Every text is the WHY of a line `error: WHAT: WHY`; `hint` is what to do about it.

use crate::machine::FieldError;
use crate::name::Name;
use crate::source::{SourceError, SourceFault};
use crate::text::Arg::{Dec, Hex, Int, Text};
use crate::text::write;
use core::fmt;
use ufmt::{Formatter, uDisplay, uWrite};

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
    /// Not a linkable file (`ET_REL`).
    NotRelocatable {
        /// `e_type`.
        found: u16,
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
        machine: &'static str,
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
    /// An extension of this name is loaded.
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
            Self::NotRelocatable { .. } => "link with `ld -r`, or load the compiler's .o file",
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

impl LoadError {
    /// Passes the text on to `put`, piece by piece.
    fn describe(&self, put: &mut dyn FnMut(&str)) {
        match self {
            Self::Source(error) => error.describe(put),
            Self::NotElf => put("not an ELF file"),
            Self::WrongClass { found: 0, wanted } => {
                write(
                    "wrong class: a {}-bit ELF file is needed",
                    &[Dec((*wanted).into())],
                    put,
                );
            }
            Self::WrongClass { found, wanted } => write(
                "wrong class: a {}-bit ELF file, {}-bit is needed",
                &[Dec((*found).into()), Dec((*wanted).into())],
                put,
            ),
            Self::WrongEndianness => {
                put("wrong endianness: a big-endian file, little-endian is needed");
            }
            Self::WrongVersion { found } => {
                write("unknown ELF version {}", &[Dec(*found as usize)], put)
            }
            Self::WrongMachine { found, wanted } => match crate::elf::machine_name(*found) {
                Some(name) => write(
                    "wrong machine: built for {}, this is {}",
                    &[Text(name), Text(wanted)],
                    put,
                ),
                None => write(
                    "wrong machine: built for e_machine {}, this is {}",
                    &[Dec((*found).into()), Text(wanted)],
                    put,
                ),
            },
            Self::NotRelocatable { found } => {
                write(
                    "not a relocatable file but {}",
                    &[Text(type_name(*found))],
                    put,
                );
            }
            Self::BadHeader { field, value } => {
                write(
                    "bad ELF header: {} is {}",
                    &[Text(field), Dec(*value as usize)],
                    put,
                );
            }
            Self::Truncated {
                what,
                offset,
                size,
                len,
            } => write(
                "truncated: {} of {} bytes at {} in a file of {} bytes",
                &[Text(what), Dec(*size), Hex(*offset), Dec(*len)],
                put,
            ),
            Self::SeveralSymbolTables => put("more than one symbol table"),
            Self::Undefined(1) => put("1 undefined symbol"),
            Self::Undefined(count) => write("{} undefined symbols", &[Dec(*count)], put),
            Self::TooLarge { what, limit } => {
                write(
                    "{} too large: the limit is {}",
                    &[Text(what), Dec(*limit)],
                    put,
                );
            }
            Self::OutOfMemory {
                needed,
                available,
                free,
            } => write(
                "out of memory: {} bytes needed, {} available in one block ({} free)",
                &[Dec(*needed), Dec(*available), Dec(*free)],
                put,
            ),
            Self::NameTaken => put("an extension of this name is loaded"),
            Self::InvalidName => put("not a name for an extension"),
            _ => self.describe_place(put),
        }
    }

    /// The texts that name a section, a symbol or an address.
    fn describe_place(&self, put: &mut dyn FnMut(&str)) {
        match self {
            Self::BadSection {
                index,
                section,
                field,
                value,
            } => write(
                "bad section {} {}: {} is {}",
                &[
                    Dec(*index),
                    Text(section.as_str()),
                    Text(field),
                    Hex(*value as usize),
                ],
                put,
            ),
            Self::ThreadLocal { section } => {
                write(
                    "thread-local data in {} is not supported",
                    &[Text(section.as_str())],
                    put,
                );
            }
            Self::BadSymbol {
                index,
                symbol,
                field,
                value,
            } => write(
                "bad symbol {} {}: {} is {}",
                &[
                    Dec(*index),
                    Text(symbol.as_str()),
                    Text(field),
                    Hex(*value as usize),
                ],
                put,
            ),
            Self::LongName { symbol, limit } => write(
                "symbol {} has a name of more than {} bytes",
                &[Text(symbol.as_str()), Dec(*limit)],
                put,
            ),
            Self::Unsupported {
                count,
                section,
                offset,
                r_type,
                machine,
            } => {
                write(
                    "unsupported {} relocation type {} at {}+{}",
                    &[
                        Text(machine),
                        Dec(*r_type as usize),
                        Text(section.as_str()),
                        Hex(*offset),
                    ],
                    put,
                );
                if *count > 1 {
                    write(" and {} more", &[Dec(count.saturating_sub(1))], put);
                }
            }
            Self::BadRelocation {
                section,
                offset,
                fault,
            } => {
                write(
                    "bad relocation at {}+{}: ",
                    &[Text(section.as_str()), Hex(*offset)],
                    put,
                );
                fault.describe(put);
            }
            Self::OutOfRange {
                section,
                offset,
                symbol,
                relocation,
                field,
            } => {
                write(
                    "relocation out of range: {} at {}+{} to {}: ",
                    &[
                        Text(relocation),
                        Text(section.as_str()),
                        Hex(*offset),
                        Text(symbol.as_str()),
                    ],
                    put,
                );
                describe_field(field, put);
            }
            Self::BadExport { index, address } => write(
                "record {} of .exported_sym holds {}, outside of the extension",
                &[Dec(*index), Hex(*address)],
                put,
            ),
            Self::BadFunction { address } => write(
                "an init or fini array holds {}, outside of the extension's text",
                &[Hex(*address)],
                put,
            ),
            _ => {}
        }
    }
}

fn describe_field(field: &FieldError, put: &mut dyn FnMut(&str)) {
    let (value, min, max) = (field.value, field.min, field.max);
    if (min..=max).contains(&value) {
        write(
            "value {} is no multiple of {}",
            &[Int(value), Dec(field.align.into())],
            put,
        );
    } else {
        write(
            "value {} is not in {}..={}",
            &[Int(value), Int(min), Int(max)],
            put,
        );
    }
}

fn type_name(e_type: u16) -> &'static str {
    match e_type {
        2 => "an executable",
        3 => "a shared object",
        4 => "a core file",
        _ => "of an unknown type",
    }
}

impl RelocationFault {
    fn describe(&self, put: &mut dyn FnMut(&str)) {
        match self {
            Self::Place => put("outside of the section"),
            Self::Symbol(index) => write("no symbol {}", &[Dec(*index as usize)], put),
            Self::NotLoaded(index) => {
                write(
                    "symbol {} lies in a section that is not loaded",
                    &[Dec(*index as usize)],
                    put,
                );
            }
            Self::Padding => put("alignment padding that the linker should have shrunk"),
            Self::NoHigh => put("a low part without its high part"),
            Self::NotThumb => put("a Thumb call to a function in ARM code"),
        }
    }
}

impl SourceError {
    fn describe(&self, put: &mut dyn FnMut(&str)) {
        let (wanted, offset) = (Dec(self.wanted), Hex(self.offset));
        match self.reason {
            SourceFault::Short => write(
                "truncated: {} bytes at {} are past the end",
                &[wanted, offset],
                put,
            ),
            SourceFault::Device(code) => {
                write(
                    "reading {} bytes at {} failed with {}",
                    &[wanted, offset, Int(code.into())],
                    put,
                );
            }
        }
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

impl UnloadError {
    fn describe(&self, put: &mut dyn FnMut(&str)) {
        put(match self {
            Self::NotLoaded => "no such extension",
            Self::InUse => "other extensions use it",
        });
    }
}

/// `ufmt` and `core::fmt` (for hosts) over the one text of `describe`.
macro_rules! text {
    ($($error:ty),+) => {$(
        impl uDisplay for $error {
            fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
                let mut result = Ok(());
                self.describe(&mut |piece| {
                    if result.is_ok() {
                        result = out.write_str(piece);
                    }
                });
                result
            }
        }

        impl fmt::Display for $error {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut result = Ok(());
                self.describe(&mut |piece| {
                    if result.is_ok() {
                        result = out.write_str(piece);
                    }
                });
                result
            }
        }
    )+};
}

text!(LoadError, UnloadError, SourceError, RelocationFault);

impl core::error::Error for LoadError {}
impl core::error::Error for UnloadError {}
impl core::error::Error for SourceError {}
