//! The ELF header: is it a file that this loader and this machine take?

use super::claim::{Span, Table};
use super::section::{Record, Section};
use super::string::Strings;
use crate::elf::reader::{Checked, Reader};
use crate::error::LoadError;
use crate::machine::{self, Machine};
use crate::name::Name;
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
    /// The section headers.
    pub(crate) sections: Table<Record>,
    /// The sections' names.
    names: Strings,
}

impl File {
    /// Reads and checks the header of the file in `reader`, which must be for `machine`.
    pub(crate) fn open(reader: &mut Reader<'_>, machine: &Machine) -> Checked<Self> {
        let len = reader.len();
        let mut bytes = Bytes([0; SIZE]);
        let head = bytes.0.get_mut(..len.min(SIZE)).unwrap_or_default();
        reader.read_at(0, head)?;
        let (ident, rest) = bytes.0.split_at(IDENT);
        check_ident(reader, zero::read(ident), machine)?;
        if len < SIZE {
            return reader.refuse(LoadError::Truncated {
                what: "ELF header",
                offset: 0,
                size: SIZE,
                len,
            });
        }
        let header: &HeaderPt2 = zero::read(rest);
        check_kind(reader, header, e_machine(rest), machine)?;
        Self::find_sections(reader, header)
    }

    /// Finds the table of section headers, where the numbers that do not fit the header are in its first entry.
    fn find_sections(reader: &mut Reader<'_>, header: &HeaderPt2) -> Checked<Self> {
        let offset = header.sh_offset as usize;
        let what = "section header";
        let first = Table::<Record>::new(Span::claim(reader, offset, size_of::<Record>(), what)?);
        let first = first.get(reader, 0, Section::new)?;
        let count = match (header.sh_count, &first) {
            (0, Some(first)) => first.size,
            (count, _) => usize::from(count),
        };
        let names = match (header.sh_str_index, &first) {
            (SHN_XINDEX, Some(first)) => first.link as usize,
            (index, _) => usize::from(index),
        };
        let size = count.saturating_mul(size_of::<Record>());
        let sections = Table::new(Span::claim(reader, offset, size, "section headers")?);
        let strings = match sections.get(reader, names, Section::new)? {
            Some(names) => Strings::claim(reader, &names)?,
            None => None,
        };
        match strings {
            Some(names) => Ok(Self { sections, names }),
            None => reader.refuse(LoadError::BadHeader {
                field: "e_shstrndx",
                value: names as u32,
            }),
        }
    }

    /// The header of section `index`.
    pub(crate) fn section(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
    ) -> Checked<Option<Section>> {
        self.sections.get(reader, index, Section::new)
    }

    /// The names of sections.
    pub(crate) fn names(&self) -> &Strings {
        &self.names
    }

    /// The name of section `index` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn section_name(&self, reader: &mut Reader<'_>, index: usize) -> Name {
        match self.section(reader, index) {
            Ok(Some(section)) => self.names.name(reader, section.name),
            _ => Name::EMPTY,
        }
    }

    /// Refuses the file for a field of section `index` that makes no sense.
    #[cold]
    pub(crate) fn bad_section<T>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        field: &'static str,
        value: u32,
    ) -> Checked<T> {
        let section = self.section_name(reader, index);
        reader.refuse(LoadError::BadSection {
            index,
            section,
            field,
            value,
        })
    }
}

fn check_ident(reader: &mut Reader<'_>, ident: &HeaderPt1, machine: &Machine) -> Checked<()> {
    if ident.magic != MAGIC {
        return reader.refuse(LoadError::NotElf);
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
        return reader.refuse(LoadError::WrongClass { found, wanted });
    }
    match ident.data() {
        Data::LittleEndian => {}
        _ => return reader.refuse(LoadError::WrongEndianness),
    }
    match ident.version() {
        Version::Current => Ok(()),
        Version::Other(version) => reader.refuse(LoadError::WrongVersion {
            found: u32::from(version),
        }),
        Version::None => reader.refuse(LoadError::WrongVersion { found: 0 }),
    }
}

fn check_kind(
    reader: &mut Reader<'_>,
    header: &HeaderPt2,
    found: u16,
    machine: &Machine,
) -> Checked<()> {
    if header.version != CURRENT {
        return reader.refuse(LoadError::WrongVersion {
            found: header.version,
        });
    }
    if found != machine.e_machine {
        return reader.refuse(LoadError::WrongMachine {
            found,
            wanted: machine.name,
        });
    }
    if header.type_.0 != RELOCATABLE {
        return reader.refuse(LoadError::NotRelocatable {
            found: header.type_.0,
        });
    }
    if usize::from(header.header_size) != SIZE {
        return reader.refuse(LoadError::BadHeader {
            field: "e_ehsize",
            value: header.header_size.into(),
        });
    }
    if usize::from(header.sh_entry_size) != size_of::<Record>() {
        return reader.refuse(LoadError::BadHeader {
            field: "e_shentsize",
            value: header.sh_entry_size.into(),
        });
    }
    if header.sh_offset == 0 {
        return reader.refuse(LoadError::BadHeader {
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
