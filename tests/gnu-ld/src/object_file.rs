//! A relocatable file: what GNU ld is asked to do with it.

use object::elf::{self, FileHeader32, Rel32, SectionHeader32};
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym, SymbolTable};
use object::{LittleEndian as LE, pod};

/// A relocatable file of class 32.
pub struct ObjectFile {
    bytes: Vec<u8>,
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

/// Where a relocation applies.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Offset in the section, in bytes.
    pub offset: usize,
    /// The relocation's type.
    pub r_type: u32,
}

/// Flags of sections that GNU ld rewrites.
const REWRITTEN: u32 = elf::SHF_MERGE | elf::SHF_STRINGS | elf::SHF_LINK_ORDER;

type Header = FileHeader32<LE>;

impl ObjectFile {
    /// The file with these contents.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Its contents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The machine in its header.
    pub fn e_machine(&self) -> u16 {
        self.header().e_machine.get(LE)
    }

    fn header(&self) -> &Header {
        Header::parse(&*self.bytes).expect("an ELF header of class 32")
    }

    fn sections(&self) -> SectionTable<'_, Header> {
        self.header()
            .sections(LE, &*self.bytes)
            .expect("a section table")
    }

    fn symbols<'s>(&'s self, sections: &SectionTable<'s, Header>) -> SymbolTable<'s, Header> {
        sections
            .symbols(LE, &*self.bytes, elf::SHT_SYMTAB)
            .expect("a symbol table")
    }

    /// The sections that occupy memory, in file order.
    pub fn alloc_sections(&self) -> Vec<AllocSection> {
        let sections = self.sections();
        let occupying = sections
            .enumerate()
            .filter(|(_, s)| s.sh_flags(LE) & elf::SHF_ALLOC != 0);
        let described = occupying.map(|(index, section)| AllocSection {
            index: index.0,
            name: String::from_utf8_lossy(sections.section_name(LE, section).expect("a name"))
                .into(),
            size: section.sh_size(LE) as usize,
            in_file: section.sh_type(LE) != elf::SHT_NOBITS,
        });
        described.collect()
    }

    /// Names of the global and weak symbols that other files may define.
    pub fn undefined(&self) -> Vec<String> {
        self.symbol_names(elf::SHN_UNDEF)
    }

    /// Names of the tentative definitions.
    pub fn common(&self) -> Vec<String> {
        self.symbol_names(elf::SHN_COMMON)
    }

    /// Names of the symbols, other than local ones, with this section index.
    fn symbol_names(&self, shndx: u16) -> Vec<String> {
        let symbols = self.symbols(&self.sections());
        let wanted = symbols.iter().filter(|symbol| {
            symbol.st_bind() != elf::STB_LOCAL && symbol.st_shndx.get(LE) == shndx
        });
        let name = |symbol: &elf::Sym32<LE>| symbol.name(LE, symbols.strings()).expect("a name");
        wanted
            .map(|symbol| String::from_utf8_lossy(name(symbol)).into())
            .collect()
    }

    /// Where section `index` is relocated.
    pub fn places(&self, index: usize) -> Vec<Place> {
        let mut places = Vec::new();
        for section in self
            .sections()
            .iter()
            .filter(|s| s.sh_info(LE) as usize == index)
        {
            if let Ok(Some((rels, _))) = section.rel(LE, &*self.bytes) {
                places.extend(rels.iter().map(place));
            }
        }
        places
    }

    /// The file again, for GNU ld: every section that occupies memory has a name of its own,
    /// [`unique_name`], so that a linker script can place it, and no mark that makes GNU ld rewrite it
    /// (merge its strings, drop entries of an exception index).
    pub fn with_unique_names(&self) -> Vec<u8> {
        let sections = self.sections();
        let mut names = vec![0];
        let mut headers = Vec::new();
        for (index, section) in sections.enumerate() {
            let mut header: SectionHeader32<LE> = *section;
            let flags = header.sh_flags.get(LE);
            header.sh_name.set(LE, names.len() as u32);
            if flags & elf::SHF_ALLOC != 0 {
                header.sh_flags.set(LE, flags & !REWRITTEN);
                if section.sh_type(LE) == elf::SHT_ARM_EXIDX {
                    header.sh_type.set(LE, elf::SHT_PROGBITS);
                }
                names.extend(unique_name(index.0).bytes());
            } else {
                names.extend(sections.section_name(LE, section).expect("a name"));
            }
            names.push(0);
            headers.push(header);
        }
        let mut bytes = self.bytes.clone();
        let strings = self.header().shstrndx(LE, &*self.bytes).expect("an index") as usize;
        headers[strings].sh_offset.set(LE, bytes.len() as u32);
        headers[strings].sh_size.set(LE, names.len() as u32);
        let table = self.header().e_shoff.get(LE) as usize;
        let headers = pod::bytes_of_slice(&headers);
        bytes[table..table + headers.len()].copy_from_slice(headers);
        bytes.extend(names);
        bytes
    }
}

fn place(rel: &Rel32<LE>) -> Place {
    Place {
        offset: rel.r_offset.get(LE) as usize,
        r_type: rel.r_info.get(LE) & 0xff,
    }
}

/// The name under which GNU ld gets section `index`.
pub fn unique_name(index: usize) -> String {
    format!(".s{index}")
}
