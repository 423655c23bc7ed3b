//! The ELF header: is it a file that this loader and this machine take?

use super::claim::{Span, Table};
use super::class::Class;
use super::section::Section;
use super::string::Strings;
use crate::elf::reader::{Checked, Reader};
use crate::error::LoadError;
use crate::machine::Machine;
use crate::name::Name;
use core::mem::size_of;
use xmas_elf::header::{Class as Width, Data, HeaderPt1, HeaderPt2, MAGIC, Version};
use xmas_elf::sections::SHN_XINDEX;

const IDENT: usize = size_of::<HeaderPt1>();
/// `e_machine` follows `e_type`, which follows the identification.
const MACHINE: usize = 2;
/// `ET_REL`
const RELOCATABLE: u16 = 1;
/// `EV_CURRENT`
const CURRENT: u32 = 1;

/// Room for the header of either class.
#[repr(C, align(8))]
struct Bytes([u8; 64]);

/// An ELF file whose header has been checked: section headers and section names can be read.
pub(crate) struct File<C: Class> {
    /// The section headers.
    pub(crate) sections: Table<C::Section>,
    /// The sections' names.
    pub(crate) names: Strings,
}

impl<C: Class> File<C> {
    const HEADER: usize = IDENT + size_of::<C::Header>();

    /// Reads and checks the header of the file in `reader`, which must be for `machine`.
    pub(crate) fn open(reader: &mut Reader<'_>, machine: &Machine) -> Checked<Self> {
        let (len, size) = (reader.len(), Self::HEADER);
        let mut bytes = Bytes([0; 64]);
        let head = bytes.0.get_mut(..len.min(size)).unwrap_or_default();
        reader.read_at(0, head)?;
        let (ident, rest) = bytes.0.split_at(IDENT);
        check_ident::<C>(reader, zero::read(ident))?;
        let _ = Span::claim(reader, 0, size, "ELF header")?;
        let header = C::header(zero::read(rest));
        let e_machine = rest
            .get(MACHINE..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u16::from_le_bytes(*bytes));
        check_kind::<C>(reader, header, e_machine, machine)?;
        Self::find_sections(reader, header)
    }

    /// Finds the table of section headers, where the numbers that do not fit the header are in its first entry.
    fn find_sections(reader: &mut Reader<'_>, header: HeaderPt2<'_>) -> Checked<Self> {
        let (offset, one) = (header.sh_offset() as usize, size_of::<C::Section>());
        let (mut count, mut names) = (
            usize::from(header.sh_count()),
            usize::from(header.sh_str_index()),
        );
        let table = |reader: &mut Reader<'_>, count: usize| {
            let size = count.saturating_mul(one);
            Span::claim(reader, offset, size, "section headers").map(Table::<C::Section>::new)
        };
        if count == 0 || names == usize::from(SHN_XINDEX) {
            let first = table(reader, 1)?.get(reader, 0, Section::new::<C>)?;
            if let Some(first) = first {
                count = if count == 0 { first.size } else { count };
                if names == usize::from(SHN_XINDEX) {
                    names = first.link as usize;
                }
            }
        }
        let sections = table(reader, count)?;
        let strings = match sections.get(reader, names, Section::new::<C>)? {
            Some(names) => Strings::claim(reader, &names)?,
            None => None,
        };
        match strings {
            Some(names) => Ok(Self { sections, names }),
            None => bad_header(reader, "e_shstrndx", names),
        }
    }

    /// The header of section `index`.
    pub(crate) fn section(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
    ) -> Checked<Option<Section>> {
        self.sections.get(reader, index, Section::new::<C>)
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
        value: usize,
    ) -> Checked<T> {
        let section = self.section_name(reader, index);
        reader.refuse(LoadError::BadSection {
            index,
            section,
            field,
            value: value as u32,
        })
    }
}

#[cold]
fn bad_header<T>(reader: &mut Reader<'_>, field: &'static str, value: usize) -> Checked<T> {
    let value = value as u32;
    reader.refuse(LoadError::BadHeader { field, value })
}

fn check_ident<C: Class>(reader: &mut Reader<'_>, ident: &HeaderPt1) -> Checked<()> {
    if ident.magic != MAGIC {
        return reader.refuse(LoadError::NotElf);
    }
    let found = match ident.class() {
        Width::ThirtyTwo => 32,
        Width::SixtyFour => 64,
        _ => 0,
    };
    if found != C::BITS {
        let wanted = C::BITS;
        return reader.refuse(LoadError::WrongClass { found, wanted });
    }
    match ident.data() {
        Data::LittleEndian => {}
        _ => return reader.refuse(LoadError::WrongEndianness),
    }
    let found = match ident.version() {
        Version::Current => return Ok(()),
        Version::Other(version) => u32::from(version),
        Version::None => 0,
    };
    reader.refuse(LoadError::WrongVersion { found })
}

fn check_kind<C: Class>(
    reader: &mut Reader<'_>,
    header: HeaderPt2<'_>,
    e_machine: u16,
    machine: &Machine,
) -> Checked<()> {
    if header.version() != CURRENT {
        let found = header.version();
        return reader.refuse(LoadError::WrongVersion { found });
    }
    if e_machine != machine.e_machine {
        return reader.refuse(LoadError::WrongMachine {
            found: e_machine,
            wanted: machine.name,
        });
    }
    if header.type_().0 != RELOCATABLE {
        let found = header.type_().0;
        return reader.refuse(LoadError::NotRelocatable { found });
    }
    let header_size = usize::from(header.header_size());
    if header_size != File::<C>::HEADER {
        return bad_header(reader, "e_ehsize", header_size);
    }
    let entry_size = usize::from(header.sh_entry_size());
    if entry_size != size_of::<C::Section>() {
        return bad_header(reader, "e_shentsize", entry_size);
    }
    if header.sh_offset() == 0 {
        return bad_header(reader, "e_shoff", 0);
    }
    Ok(())
}
