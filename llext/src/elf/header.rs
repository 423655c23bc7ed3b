//! The ELF header: is it a file that this loader and this machine take?

use super::claim::{Span, Table};
use super::section::{Record, Section};
use super::string::Strings;
use crate::error::LoadError;
use crate::machine::{self, Machine};
use crate::name::Name;
use crate::source::Source;
use core::mem::{offset_of, size_of};
use xmas_elf::P32;
use xmas_elf::header::{Class, Data, HeaderPt1, HeaderPt2_, MAGIC, Version};
use xmas_elf::sections::SHN_XINDEX;

type HeaderPt2 = HeaderPt2_<P32>;

const IDENT: usize = size_of::<HeaderPt1>();
const SIZE: usize = IDENT + size_of::<HeaderPt2>();
/// `ET_REL`
const RELOCATABLE: u16 = 1;
/// `EV_CURRENT`
const CURRENT: u32 = 1;

#[repr(C, align(8))]
struct Bytes([u8; SIZE]);

/// An ELF file whose header has been checked: section headers and section names can be read.
pub(crate) struct File {
    /// Length of the file in bytes.
    pub(crate) len: usize,
    /// The section headers.
    pub(crate) sections: Table<Record>,
    /// The sections' names.
    names: Strings,
}

impl File {
    /// Reads and checks the header of the file in `source`, which must be for `machine`.
    pub(crate) fn open(source: &mut dyn Source, machine: &Machine) -> Result<Self, LoadError> {
        let len = source.len();
        let mut bytes = Bytes([0; SIZE]);
        let head = bytes.0.get_mut(..len.min(SIZE)).unwrap_or_default();
        source.read_at(0, head)?;
        let (ident, rest) = bytes.0.split_at(IDENT);
        check_ident(zero::read(ident), machine)?;
        if len < SIZE {
            return Err(LoadError::Truncated {
                what: "ELF header",
                offset: 0,
                size: SIZE,
                len,
            });
        }
        let header: &HeaderPt2 = zero::read(rest);
        check_kind(header, e_machine(rest), machine)?;
        Self::find_sections(source, len, header)
    }

    /// Finds the table of section headers, where the numbers that do not fit the header are in its first entry.
    fn find_sections(
        source: &mut dyn Source,
        len: usize,
        header: &HeaderPt2,
    ) -> Result<Self, LoadError> {
        let offset = header.sh_offset as usize;
        let what = "section header";
        let first = Table::<Record>::new(Span::claim(len, offset, size_of::<Record>(), what)?);
        let first = first.get(source, 0, Section::new)?;
        let count = match (header.sh_count, &first) {
            (0, Some(first)) => first.size,
            (count, _) => usize::from(count),
        };
        let names = match (header.sh_str_index, &first) {
            (SHN_XINDEX, Some(first)) => first.link as usize,
            (index, _) => usize::from(index),
        };
        let size = count.saturating_mul(size_of::<Record>());
        let sections = Table::new(Span::claim(len, offset, size, "section headers")?);
        let bad_names = LoadError::BadHeader {
            field: "e_shstrndx",
            value: names as u32,
        };
        let names = sections
            .get(source, names, Section::new)?
            .ok_or(bad_names)?;
        let names = Strings::claim(source, len, &names)?.ok_or(bad_names)?;
        Ok(Self {
            len,
            sections,
            names,
        })
    }

    /// The header of section `index`.
    pub(crate) fn section(
        &self,
        source: &mut dyn Source,
        index: usize,
    ) -> Result<Option<Section>, LoadError> {
        self.sections.get(source, index, Section::new)
    }

    /// The names of sections.
    pub(crate) fn names(&self) -> &Strings {
        &self.names
    }

    /// The name of section `index` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn section_name(&self, source: &mut dyn Source, index: usize) -> Name {
        match self.section(source, index) {
            Ok(Some(section)) => self.names.name(source, section.name),
            _ => Name::EMPTY,
        }
    }

    /// The error for a field of section `index` that makes no sense.
    #[cold]
    pub(crate) fn bad_section(
        &self,
        source: &mut dyn Source,
        index: usize,
        field: &'static str,
        value: u32,
    ) -> LoadError {
        LoadError::BadSection {
            index,
            section: self.section_name(source, index),
            field,
            value,
        }
    }
}

fn check_ident(ident: &HeaderPt1, machine: &Machine) -> Result<(), LoadError> {
    if ident.magic != MAGIC {
        return Err(LoadError::NotElf);
    }
    let wanted = match machine.class {
        machine::Class::Elf32 => 32,
        machine::Class::Elf64 => 64,
    };
    let found = match ident.class() {
        Class::ThirtyTwo => 32,
        Class::SixtyFour => 64,
        _ => 0,
    };
    // Records of class 32 are all that is read here, whatever the machine.
    if found != wanted || found != 32 {
        return Err(LoadError::WrongClass { found, wanted });
    }
    match ident.data() {
        Data::LittleEndian => {}
        _ => return Err(LoadError::WrongEndianness),
    }
    match ident.version() {
        Version::Current => Ok(()),
        Version::Other(version) => Err(LoadError::WrongVersion {
            found: u32::from(version),
        }),
        Version::None => Err(LoadError::WrongVersion { found: 0 }),
    }
}

fn check_kind(header: &HeaderPt2, found: u16, machine: &Machine) -> Result<(), LoadError> {
    if header.version != CURRENT {
        return Err(LoadError::WrongVersion {
            found: header.version,
        });
    }
    if found != machine.e_machine {
        return Err(LoadError::WrongMachine {
            found,
            wanted: machine.name,
        });
    }
    if header.type_.0 != RELOCATABLE {
        return Err(LoadError::NotRelocatable {
            found: header.type_.0,
        });
    }
    if usize::from(header.header_size) != SIZE {
        return Err(LoadError::BadHeader {
            field: "e_ehsize",
            value: header.header_size.into(),
        });
    }
    if usize::from(header.sh_entry_size) != size_of::<Record>() {
        return Err(LoadError::BadHeader {
            field: "e_shentsize",
            value: header.sh_entry_size.into(),
        });
    }
    if header.sh_offset == 0 {
        return Err(LoadError::BadHeader {
            field: "e_shoff",
            value: 0,
        });
    }
    Ok(())
}

/// `e_machine` as a number, which `xmas-elf` keeps to itself.
fn e_machine(rest: &[u8]) -> u16 {
    let bytes = rest
        .get(offset_of!(HeaderPt2, machine)..)
        .and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}
