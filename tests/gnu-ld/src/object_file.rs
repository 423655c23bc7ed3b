//! A relocatable file: what GNU ld is asked to do with it.

use llext::machine::Class;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{ElfFile, FileHeader, Rela, SectionHeader, Sym};
use object::{Endianness, SectionIndex, SymbolIndex};

/// A relocatable file.
pub struct ObjectFile {
    bytes: Vec<u8>,
    class: Class,
    contents: Contents,
}

/// What the tests want to know of a file.
#[derive(Default)]
struct Contents {
    e_machine: u16,
    sections: Vec<AllocSection>,
    /// All sections' names and relocations, in file order.
    names: Vec<String>,
    places: Vec<Vec<Place>>,
    undefined: Vec<String>,
    common: Vec<String>,
    /// Where the section table is, and which section has the sections' names.
    table: usize,
    strings: usize,
    /// Those names; Clang has the symbols' names there too.
    text: Vec<u8>,
}

/// A section that occupies memory.
#[derive(Clone, Debug)]
pub struct AllocSection {
    /// Its index in the file.
    pub index: usize,
    /// Its name in the file.
    pub name: String,
    /// Size in bytes.
    pub size: usize,
    /// Whether the file holds its bytes.
    pub in_file: bool,
}

/// A relocation.
#[derive(Clone, Debug)]
pub struct Place {
    /// Offset in the section, in bytes.
    pub offset: usize,
    /// The relocation's type.
    pub r_type: u32,
    /// The symbol's name.
    pub symbol: String,
    /// Its value in the file.
    pub value: usize,
    /// The section that it is in.
    pub section: usize,
    /// The addend; 0 where it lies in the place.
    pub addend: isize,
    /// The bytes from there on, as far as there are eight.
    pub before: Vec<u8>,
}

/// Flags of sections that GNU ld rewrites.
const REWRITTEN: u32 = elf::SHF_MERGE | elf::SHF_STRINGS | elf::SHF_LINK_ORDER;

impl ObjectFile {
    /// The file with these contents.
    pub fn new(bytes: Vec<u8>) -> Self {
        let (class, contents) = match bytes.get(4) {
            Some(1) => (Class::Elf32, read::<FileHeader32<Endianness>>(&bytes)),
            _ => (Class::Elf64, read::<FileHeader64<Endianness>>(&bytes)),
        };
        Self {
            bytes,
            class,
            contents: contents.expect("a relocatable file"),
        }
    }

    /// Its contents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The machine in its header.
    pub fn e_machine(&self) -> u16 {
        self.contents.e_machine
    }

    /// The sections that occupy memory, in file order.
    pub fn alloc_sections(&self) -> &[AllocSection] {
        &self.contents.sections
    }

    /// Names of the global and weak symbols that other files may define.
    pub fn undefined(&self) -> &[String] {
        &self.contents.undefined
    }

    /// Names of the tentative definitions.
    pub fn common(&self) -> &[String] {
        &self.contents.common
    }

    /// Where section `index` is relocated.
    pub fn places(&self, index: usize) -> &[Place] {
        &self.contents.places[index]
    }

    /// The file again, for GNU ld: every section that occupies memory has a name of its own,
    /// [`unique_name`], so that a linker script can place it, and no mark that makes GNU ld rewrite it
    /// (merge its strings, drop entries of an exception index).
    pub fn with_unique_names(&self) -> Vec<u8> {
        let Contents {
            sections,
            names: old_names,
            ..
        } = &self.contents;
        let mut file = self.bytes.clone();
        let mut names = self.contents.text.clone();
        for (index, old_name) in old_names.iter().enumerate() {
            let header = self.header(index);
            let occupies = sections.iter().any(|section| section.index == index);
            let start = names.len() as u32;
            put(&mut file, header, start);
            if occupies {
                let [kind, flags] = [header + 4, header + 8].map(|at| get(&file, at));
                put(&mut file, header + 8, flags & !REWRITTEN);
                if kind == elf::SHT_ARM_EXIDX {
                    put(&mut file, header + 4, elf::SHT_PROGBITS);
                }
                names.extend(unique_name(index).bytes());
            } else {
                names.extend(old_name.bytes());
            }
            names.push(0);
        }
        let header = self.header(self.contents.strings);
        // sh_offset and sh_size; what is above 32 bits is 0 in both.
        let (offset, size) = match self.class {
            Class::Elf32 => (16, 20),
            Class::Elf64 => (24, 32),
        };
        let end = file.len() as u32;
        put(&mut file, header + offset, end);
        put(&mut file, header + size, names.len() as u32);
        file.extend(names);
        file
    }

    /// Where the header of section `index` is.
    fn header(&self, index: usize) -> usize {
        let size = match self.class {
            Class::Elf32 => 40,
            Class::Elf64 => 64,
        };
        self.contents.table + index * size
    }
}

fn get(file: &[u8], at: usize) -> u32 {
    let bytes = file[at..at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes)
}

fn put(file: &mut [u8], at: usize, word: u32) {
    file[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

fn read<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<Contents> {
    let file = ElfFile::<H>::parse(bytes)?;
    let (header, end, sections) = (file.elf_header(), file.endian(), file.elf_section_table());
    let mut contents = Contents {
        e_machine: header.e_machine(end),
        table: header.e_shoff(end).into() as usize,
        strings: header.shstrndx(end, bytes)? as usize,
        ..Default::default()
    };
    let strings = sections.section(SectionIndex(contents.strings))?;
    contents.text = strings.data(end, bytes)?.to_vec();
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    for (index, section) in sections.enumerate() {
        let name = text(sections.section_name(end, section).unwrap_or_default());
        if section.sh_flags(end).into() as u32 & elf::SHF_ALLOC != 0 {
            contents.sections.push(AllocSection {
                index: index.0,
                name: name.clone(),
                size: section.sh_size(end).into() as usize,
                in_file: section.sh_type(end) != elf::SHT_NOBITS,
            });
        }
        contents.names.push(name);
        contents.places.push(Vec::new());
    }
    for section in sections.iter() {
        let places = places(&file, section)?;
        if let Some(known) = contents.places.get_mut(section.sh_info(end) as usize) {
            known.extend(places);
        }
    }
    let symbols = file.elf_symbol_table();
    for symbol in symbols.iter().filter(|s| s.st_bind() != elf::STB_LOCAL) {
        let name = text(symbol.name(end, symbols.strings())?);
        match symbol.st_shndx(end) {
            elf::SHN_UNDEF => contents.undefined.push(name),
            elf::SHN_COMMON => contents.common.push(name),
            _ => {}
        }
    }
    Ok(contents)
}

/// The relocations in `section`, if it is one of those.
fn places<H: FileHeader<Endian = Endianness>>(
    file: &ElfFile<'_, H>,
    section: &H::SectionHeader,
) -> object::Result<Vec<Place>> {
    let (end, data, symbols) = (file.endian(), file.data(), file.elf_symbol_table());
    let symbol_of = |symbol: u32| {
        let symbol = symbols.symbol(SymbolIndex(symbol as usize)).ok()?;
        let name = symbol.name(end, symbols.strings()).ok()?;
        let value: u64 = symbol.st_value(end).into();
        let name = String::from_utf8_lossy(name).into_owned();
        Some((name, value as usize, symbol.st_shndx(end).into()))
    };
    let rels = section
        .rel(end, data)?
        .into_iter()
        .flat_map(|(rels, _)| rels);
    let rels = rels.map(|rel| (H::Rela::from(*rel), false));
    let relas = section
        .rela(end, data)?
        .into_iter()
        .flat_map(|(relas, _)| relas);
    let relas = relas.map(|rela| (*rela, true));
    let records: Vec<_> = rels.chain(relas).collect();
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let relocated = SectionIndex(section.sh_info(end) as usize);
    let relocated = file.elf_section_table().section(relocated);
    let contents = relocated
        .and_then(|section| section.data(end, data))
        .unwrap_or_default();
    let place = |(rela, has_addend): (H::Rela, bool)| {
        let (symbol, value, section) = symbol_of(rela.r_sym(end, false)).unwrap_or_default();
        let (offset, addend): (u64, i64) = (rela.r_offset(end).into(), rela.r_addend(end).into());
        let before = contents.get(offset as usize..).unwrap_or_default();
        Place {
            offset: offset as usize,
            r_type: rela.r_type(end, false),
            symbol,
            value,
            section,
            addend: if has_addend { addend as isize } else { 0 },
            before: before.iter().take(8).copied().collect(),
        }
    };
    Ok(records.into_iter().map(place).collect())
}

/// The name under which GNU ld gets section `index`.
pub fn unique_name(index: usize) -> String {
    format!(".s{index}")
}
