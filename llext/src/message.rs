//! The errors' texts: one place for them all, for `ufmt` on the target and `core::fmt` on hosts.

use crate::error::{LoadError, RelocationFault, UnloadError};
use crate::export::AbiId;
use crate::machine::FieldError;
use crate::source::{SourceError, SourceFault};
use crate::text::Arg::{Dec, Hex, Int, Text};
use crate::text::write;
use core::fmt;
use ufmt::{Formatter, uDisplay, uWrite};

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
            Self::WrongMachine { found, wanted } => describe_machine(*found, wanted, put),
            Self::NotRelocatable { found } => {
                write(
                    "not a relocatable file but {}",
                    &[Text(type_name(*found))],
                    put,
                );
            }
            _ => self.describe_load(put),
        }
    }

    /// The texts that name no section and no symbol.
    fn describe_load(&self, put: &mut dyn FnMut(&str)) {
        match self {
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
            Self::WrongAbi { found, wanted } => write(
                "built for exports {}, this firmware has {}",
                &[Hex(found.0 as usize), Hex(wanted.0 as usize)],
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
            _ => self.describe_table(put),
        }
    }

    /// The texts on sections and symbols.
    fn describe_table(&self, put: &mut dyn FnMut(&str)) {
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
            Self::NotInPlace {
                section,
                address: None,
            } => write(
                "section {} cannot stay in the file",
                &[Text(section.as_str())],
                put,
            ),
            Self::NotInPlace {
                section,
                address: Some(address),
            } => write(
                "section {} does not lie in place at {}",
                &[Text(section.as_str()), Hex(*address)],
                put,
            ),
            Self::BadSegment {
                index,
                field,
                value,
            } => write(
                "bad program header {}: {} is {}",
                &[Dec(*index), Text(field), Hex(*value)],
                put,
            ),
            Self::BadDynamic { tag, value } => write(
                "bad dynamic section: entry {} is {}",
                &[Hex(*tag as usize), Hex(*value)],
                put,
            ),
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
            _ => self.describe_place(put),
        }
    }

    /// The texts on relocations and on what they have made.
    fn describe_place(&self, put: &mut dyn FnMut(&str)) {
        match self {
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
                        Text(machine.name),
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

fn describe_machine(found: u16, wanted: &str, put: &mut dyn FnMut(&str)) {
    match crate::elf::machine_name(found) {
        Some(name) => write(
            "wrong machine: built for {}, this is {}",
            &[Text(name), Text(wanted)],
            put,
        ),
        None => write(
            "wrong machine: built for e_machine {}, this is {}",
            &[Dec(found.into()), Text(wanted)],
            put,
        ),
    }
}

fn describe_field(field: &FieldError, put: &mut dyn FnMut(&str)) {
    let (value, min, max) = (field.value, field.min(), field.max());
    let [shown, least, most] = [value, min, max].map(Int);
    if min > max {
        write("value {} cannot be encoded", &[shown], put);
    } else if (min..=max).contains(&value) {
        let align = Dec(field.align());
        write("value {} is no multiple of {}", &[shown, align], put);
    } else {
        write("value {} is not in {}..={}", &[shown, least, most], put);
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
            Self::ReadOnly => put("in a section that stays where it may not be written"),
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
                    &[wanted, offset, Int(code as isize)],
                    put,
                );
            }
            SourceFault::Memory => {
                write("no memory to receive a file of {} bytes", &[wanted], put);
            }
            SourceFault::Used => put("an earlier load has changed the file's bytes"),
        }
    }
}

impl AbiId {
    fn describe(&self, put: &mut dyn FnMut(&str)) {
        write("{}", &[Hex(self.0 as usize)], put);
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

text!(AbiId, LoadError, UnloadError, SourceError, RelocationFault);

impl core::error::Error for LoadError {}
impl core::error::Error for UnloadError {}
impl core::error::Error for SourceError {}
