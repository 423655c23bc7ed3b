//! The section headers of a file, for those who want to look at what no load keeps.

use crate::Llext;
use crate::elf::claim::{Chunk, WindowRoom, Windows};
#[cfg(target_pointer_width = "64")]
use crate::elf::class::Elf64;
use crate::elf::class::{Class, Elf32};
use crate::elf::header::File;
use crate::elf::reader::{Checked, Reader, Refused};
use crate::elf::section::Section;
use crate::error::LoadError;
use crate::machine::Class as Width;
use crate::source::Source;

/// Bytes of the longest name that is looked for, and one.
const NAME_LIMIT: usize = 256;

/// A section header as a file has it. Nothing in it is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectionHeader {
    /// Its place among the section headers.
    pub index: usize,
    /// `sh_name`: offset of its name in the table of such names.
    pub name: u32,
    /// `sh_type`
    pub kind: u32,
    /// `sh_flags`, of which ELF uses the low half alone.
    pub flags: u32,
    /// `sh_addr`
    pub address: usize,
    /// `sh_offset`, in bytes.
    pub offset: usize,
    /// `sh_size`, in bytes.
    pub size: usize,
    /// `sh_link`
    pub link: u32,
    /// `sh_info`
    pub info: u32,
    /// `sh_addralign`, in bytes.
    pub align: usize,
    /// `sh_entsize`, in bytes.
    pub entry_size: u32,
}

impl SectionHeader {
    /// What `section` says, the one with this index.
    pub(super) fn new(index: usize, section: &Section) -> Self {
        Self {
            index,
            name: section.name,
            kind: section.kind,
            flags: section.flags,
            address: section.address,
            offset: section.offset,
            size: section.size,
            link: section.link,
            info: section.info,
            align: section.align,
            entry_size: section.entry_size,
        }
    }
}

/// Which section header is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Which<'n> {
    /// The one with this index.
    Index(usize),
    /// The first one of a section with this name.
    Named(&'n str),
}

/// The section header of the file in `source` that is wanted, if there is one.
pub(crate) fn section_header(
    llext: &Llext<'_>,
    source: &mut dyn Source,
    which: Which<'_>,
) -> Result<Option<SectionHeader>, LoadError> {
    let mut room = WindowRoom::new();
    let windows = Windows::new(&mut room);
    let mut reader = Reader::new(source, &windows);
    let found = match llext.machine.class {
        Width::Elf32 => find::<Elf32>(llext, &mut reader, which),
        #[cfg(target_pointer_width = "64")]
        Width::Elf64 => find::<Elf64>(llext, &mut reader, which),
        #[cfg(not(target_pointer_width = "64"))]
        Width::Elf64 => Ok(None),
    };
    found.map_err(|Refused| reader.reason(llext.machine))
}

fn find<C: Class>(
    llext: &Llext<'_>,
    reader: &mut Reader<'_>,
    which: Which<'_>,
) -> Checked<Option<SectionHeader>> {
    let file = File::<C>::open(reader, llext.machine)?;
    let name = match which {
        Which::Named(name) => name.as_bytes(),
        Which::Index(index) => {
            let section = file.section(reader, index)?;
            return Ok(section.map(|section| SectionHeader::new(index, &section)));
        }
    };
    let (mut cursor, mut chunk, mut index) = (file.sections.cursor(), Chunk::new(), 0usize);
    let mut buffer = [0; NAME_LIMIT];
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(None);
        }
        for record in batch {
            let section = C::section(record);
            // The null section has no name, not even an empty one.
            if index != 0 && file.names.read(reader, section.name, &mut buffer)? == name {
                return Ok(Some(SectionHeader::new(index, &section)));
            }
            index = index.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::ARM;
    use crate::testing::*;
    use crate::{SliceSource, SourceFault};

    #[test]
    fn headers_are_found_by_name_and_index() {
        let mut elf = Elf::new(&ARM);
        elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 12]);
        elf.section(".data", SHT_PROGBITS, A | W, 8, &[0; 20]);
        let image = elf.build();
        let arena = Arena::new();
        let llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let data = llext.find_section(&mut image.source(), ".data");
        let data = data.unwrap().expect("a section");
        let told = (data.index, data.kind, data.flags, data.size, data.align);
        assert_eq!(told, (2, SHT_PROGBITS, A | W, 20, 8));
        assert_eq!(
            image.bytes.get(data.offset..data.offset + 20),
            Some(&[0; 20][..])
        );
        let again = llext.section_header(&mut image.source(), 2);
        assert_eq!(again, Ok(Some(data)));
        let null = llext.section_header(&mut image.source(), 0);
        assert_eq!(null, Ok(Some(SectionHeader::default())));
        assert_eq!(llext.section_header(&mut image.source(), 99), Ok(None));
        for name in [".dat", ".data2", &"x".repeat(300)] {
            let found = llext.find_section(&mut image.source(), name);
            assert_eq!(found, Ok(None), "{name}");
        }
        let mut failing = FailingSource {
            source: SliceSource::new(&image.bytes),
            fail_at: 0,
        };
        let failed = llext.find_section(&mut failing, ".data");
        assert!(matches!(
            failed,
            Err(LoadError::Source(error)) if error.reason == SourceFault::Device(-5)
        ));
    }
}
