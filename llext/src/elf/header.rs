//! The ELF header: is it a file that this loader and this machine take?

use super::claim::{Span, Table};
use super::class::Class;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use super::section::Section;
use super::string::Strings;
use crate::machine::Machine;
use xmas_elf::sections::SHN_XINDEX;

/// The first word.
const MAGIC: u32 = u32::from_le_bytes(xmas_elf::header::MAGIC);
/// `ELFCLASS32`, `ELFCLASS64`
const CLASSES: [u8; 3] = [0, 32, 64];
/// `ELFDATA2LSB`
const LITTLE_ENDIAN: u8 = 1;
/// `EV_CURRENT`
const CURRENT: u8 = 1;
/// `ET_REL`
const RELOCATABLE: u16 = 1;
/// `ET_DYN`
const LINKED: u16 = 3;
/// `PN_XNUM`: more program headers than the field holds.
const MANY: u16 = 0xffff;

/// The ELF header.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    /// The first four bytes.
    pub(crate) magic: u32,
    /// Class, byte order, version and another byte.
    pub(crate) ident: u32,
    /// `e_type`
    pub(crate) e_type: u16,
    /// `e_machine`
    pub(crate) machine: u16,
    /// `e_version`
    pub(crate) version: u32,
    /// `e_phoff`
    pub(crate) ph_offset: usize,
    /// `e_shoff`
    pub(crate) sh_offset: usize,
    /// `e_ehsize`
    pub(crate) size: u16,
    /// `e_phentsize`
    pub(crate) ph_entry_size: u16,
    /// `e_phnum`
    pub(crate) ph_count: u16,
    /// `e_shentsize`
    pub(crate) sh_entry_size: u16,
    /// `e_shnum`
    pub(crate) sh_count: u16,
    /// `e_shstrndx`
    pub(crate) sh_names: u16,
}

impl Header {
    /// Of a linked file: where its program headers are, and how many.
    fn segments(&self) -> Option<(usize, usize)> {
        (self.e_type == LINKED).then_some((self.ph_offset, self.ph_count.into()))
    }
}

/// An ELF file whose header has been checked: section headers and section names can be read.
pub(crate) struct File<C: Class> {
    /// The section headers.
    pub(crate) sections: Table<C::Section>,
    /// The sections' names.
    pub(crate) names: Strings,
    /// Of a linked file (`ET_DYN`): where its program headers are, and how many.
    pub(crate) segments: Option<(usize, usize)>,
}

impl<C: Class> File<C> {
    /// Reads and checks the header of the file in `reader`, which must be for `machine`.
    pub(crate) fn open(reader: &mut Reader<'_>, machine: &Machine) -> Checked<Self> {
        reader.hold_small()?;
        let size = size_of::<C::Header>();
        let start = Span::claim(reader, 0, reader.len().min(size), Why::NoHeader)?;
        let header = match Table::new(start).get(reader, 0, C::header)? {
            Some(header) => header,
            None => return too_short(reader, start, size),
        };
        check_ident::<C>(reader, &header)?;
        check_kind::<C>(reader, &header, machine)?;
        if header.sh_offset == 0 {
            // A linked file may have been stripped of its section headers.
            return Ok(Self {
                sections: Table::new(Span::EMPTY),
                names: Strings::NONE,
                segments: header.segments(),
            });
        }
        Self::find_sections(reader, &header)
    }

    /// Finds the table of section headers, where the numbers that do not fit the header are in its first entry.
    fn find_sections(reader: &mut Reader<'_>, header: &Header) -> Checked<Self> {
        let (offset, one) = (header.sh_offset, size_of::<C::Section>());
        let (mut count, mut names) = (usize::from(header.sh_count), usize::from(header.sh_names));
        let table = |reader: &mut Reader<'_>, count: usize| {
            let size = count.saturating_mul(one);
            Span::claim(reader, offset, size, Why::NoSectionHeaders).map(Table::<C::Section>::new)
        };
        if (count == 0 || header.sh_names == SHN_XINDEX)
            && let Some(first) = table(reader, 1)?.get(reader, 0, C::section)?
        {
            if count == 0 {
                count = first.size;
            }
            if header.sh_names == SHN_XINDEX {
                names = first.link as usize;
            }
        }
        let sections = table(reader, count)?;
        let strings = match sections.get(reader, names, C::section)? {
            Some(names) => Strings::claim(reader, &names)?,
            None => None,
        };
        match strings {
            Some(strings) => {
                reader.know_sections(sections.span(), strings);
                Ok(Self {
                    sections,
                    names: strings,
                    segments: header.segments(),
                })
            }
            None => reader.refuse(Why::HeaderNames, names, 0),
        }
    }

    /// The header of section `index`.
    pub(crate) fn section(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
    ) -> Checked<Option<Section>> {
        self.sections.get(reader, index, C::section)
    }
}

/// Refuses a file that ends within its header, if it has one.
#[cold]
fn too_short<T>(reader: &mut Reader<'_>, start: Span, size: usize) -> Checked<T> {
    let magic = Table::<[u32; 1]>::new(start).get(reader, 0, |&[magic]| magic)?;
    match magic {
        Some(MAGIC) => reader.refuse(Why::NoHeader, 0, size),
        _ => reader.refuse(Why::NotElf, 0, 0),
    }
}

fn check_ident<C: Class>(reader: &mut Reader<'_>, header: &Header) -> Checked<()> {
    if header.magic != MAGIC {
        return reader.refuse(Why::NotElf, 0, 0);
    }
    let [class, data, version, _] = header.ident.to_le_bytes();
    let found = CLASSES.get(usize::from(class)).copied().unwrap_or(0);
    if found != C::BITS {
        return reader.refuse(Why::WrongClass, found.into(), 0);
    }
    if data != LITTLE_ENDIAN {
        return reader.refuse(Why::WrongEndianness, 0, 0);
    }
    wrong_version(reader, version.into())
}

/// Refuses all versions but one.
fn wrong_version(reader: &mut Reader<'_>, found: u32) -> Checked<()> {
    match found == CURRENT.into() {
        true => Ok(()),
        false => reader.refuse(Why::WrongVersion, found as usize, 0),
    }
}

fn check_kind<C: Class>(
    reader: &mut Reader<'_>,
    header: &Header,
    machine: &Machine,
) -> Checked<()> {
    wrong_version(reader, header.version)?;
    if header.machine != machine.e_machine {
        return reader.refuse(Why::WrongMachine, header.machine.into(), 0);
    }
    match header.e_type {
        RELOCATABLE => {}
        LINKED => return check_linked::<C>(reader, header),
        found => return reader.refuse(Why::NotRelocatable, found.into(), 0),
    }
    let (size, entry_size) = (usize::from(header.size), usize::from(header.sh_entry_size));
    if size != size_of::<C::Header>() {
        return reader.refuse(Why::HeaderSize, size, 0);
    }
    if entry_size != size_of::<C::Section>() {
        return reader.refuse(Why::HeaderSectionSize, entry_size, 0);
    }
    if header.sh_offset == 0 {
        return reader.refuse(Why::HeaderSections, 0, 0);
    }
    Ok(())
}

/// What a linked file needs. Section headers may be missing.
#[cold]
fn check_linked<C: Class>(reader: &mut Reader<'_>, header: &Header) -> Checked<()> {
    let (entry_size, section) = (header.ph_entry_size.into(), header.sh_entry_size.into());
    if entry_size != size_of::<C::Segment>() {
        return reader.refuse(Why::HeaderSegmentSize, entry_size, 0);
    }
    if matches!(header.ph_count, 0 | MANY) {
        return reader.refuse(Why::HeaderSegments, header.ph_count.into(), 0);
    }
    if header.sh_offset != 0 && section != size_of::<C::Section>() {
        return reader.refuse(Why::HeaderSectionSize, section, 0);
    }
    Ok(())
}
