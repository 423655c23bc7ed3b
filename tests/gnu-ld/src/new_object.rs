//! Relocatable files written by the tests: any machine, any relocation type, without an assembler
//! that would have to know the type's name.

use llext::machine::Class;

/// What the header of a machine's files says.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The machine.
    pub e_machine: u16,
    /// The class.
    pub class: Class,
    /// `e_flags`.
    pub e_flags: u32,
    /// Whether addends lie in the places (REL) or in the relocations (RELA).
    pub in_place: bool,
    /// What the files say of the processor beside that, if the linkers want to know.
    pub attributes: Option<Attributes>,
}

/// A section of build attributes.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Name of the section.
    pub name: &'static str,
    /// Its type.
    pub kind: u32,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// A relocatable file. Little-endian.
#[derive(Debug, Default)]
pub struct NewObject {
    sections: Vec<NewSection>,
    symbols: Vec<NewSymbol>,
}

/// A section that occupies memory.
#[derive(Debug, Default)]
pub struct NewSection {
    /// Its name.
    pub name: String,
    /// Its bytes; none: NOBITS of `size`.
    pub bytes: Vec<u8>,
    /// Size of a NOBITS section in bytes.
    pub size: u64,
    /// `SHF_TLS`, `SHF_EXECINSTR`: flags beside `SHF_ALLOC`.
    pub flags: u32,
    /// Its type, if it does not occupy memory.
    pub apart: Option<u32>,
    /// Its relocations.
    pub relocations: Vec<NewRelocation>,
}

/// A relocation.
#[derive(Clone, Copy, Debug)]
pub struct NewRelocation {
    /// Where in the section, in bytes.
    pub offset: usize,
    /// The psABI's number.
    pub r_type: u32,
    /// Which symbol: what [`NewObject::symbol`] gave; 0 for none.
    pub symbol: usize,
    /// The addend, where it does not lie in the place.
    pub addend: isize,
}

/// Where a symbol is defined.
#[derive(Clone, Copy, Debug)]
pub enum Definition {
    /// Nowhere in this file.
    Undefined,
    /// At a fixed address.
    Absolute,
    /// In a section: what [`NewObject::section`] gave.
    Section(usize),
}

/// A symbol.
#[derive(Debug)]
pub struct NewSymbol {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub definition: Definition,
    /// Its value.
    pub value: usize,
    /// `STT_FUNC`, `STT_TLS`, …
    pub kind: u8,
    /// Whether it is global; local ones come first.
    pub global: bool,
}

const SHF_ALLOC: u32 = 2;
/// `SHF_EXECINSTR`.
pub const EXECUTABLE: u32 = 4;
/// `SHF_WRITE | SHF_TLS`.
pub const THREAD_LOCAL: u32 = 0x401;
/// `STT_FUNC`.
pub const FUNCTION: u8 = 2;
/// `STT_TLS`.
pub const TLS: u8 = 6;

const SHN_ABS: u16 = 0xfff1;
const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
const RELA: u32 = 4;
const NOBITS: u32 = 8;
const REL: u32 = 9;

impl NewObject {
    /// Adds a section and says its index.
    pub fn section(&mut self, section: NewSection) -> usize {
        self.sections.push(section);
        self.sections.len()
    }

    /// Adds a symbol and says its index. Local symbols come before global ones.
    pub fn symbol(&mut self, symbol: NewSymbol) -> usize {
        self.symbols.push(symbol);
        self.symbols.len()
    }

    /// The file.
    pub fn write(mut self, format: &Format) -> Vec<u8> {
        if let Some(Attributes { name, kind, bytes }) = format.attributes {
            let (name, bytes) = (name.into(), bytes.into());
            self.section(NewSection {
                name,
                bytes,
                apart: Some(kind),
                ..Default::default()
            });
        }
        let mut file = Writer::new(*format);
        let count = self.sections.len();
        let (symtab, strtab) = (2 * count + 1, 2 * count + 2);
        let mut names = Strings::new();
        file.header(symtab + 3);
        let mut headers = vec![Header::default()];
        for section in &self.sections {
            headers.push(file.contents(section, names.add(&section.name)));
        }
        for (index, section) in self.sections.iter().enumerate() {
            let name = names.add(&format!(".rel{}", section.name));
            headers.push(file.relocations(section, name, (symtab, index + 1)));
        }
        let mut strings = Strings::new();
        headers.push(file.symbols(&self.symbols, &mut strings, names.add(".symtab"), strtab));
        let own_name = [names.add(".strtab"), names.add(".shstrtab")];
        for (name, bytes) in own_name.into_iter().zip([strings.0, names.0]) {
            let table = NewSection {
                bytes,
                apart: Some(STRTAB),
                ..Default::default()
            };
            headers.push(file.contents(&table, name));
        }
        file.headers(&headers)
    }
}

/// A string table.
struct Strings(Vec<u8>);

impl Strings {
    fn new() -> Self {
        Self(vec![0])
    }

    fn add(&mut self, text: &str) -> usize {
        let at = self.0.len();
        self.0.extend(text.bytes());
        self.0.push(0);
        at
    }
}

/// A section header.
#[derive(Default)]
struct Header {
    name: usize,
    kind: u32,
    flags: u32,
    offset: usize,
    size: usize,
    link: usize,
    info: usize,
    entry: usize,
}

struct Writer {
    format: Format,
    bytes: Vec<u8>,
}

impl Writer {
    fn new(format: Format) -> Self {
        Self {
            format,
            bytes: Vec::new(),
        }
    }

    fn is_64(&self) -> bool {
        self.format.class == Class::Elf64
    }

    fn half(&mut self, value: usize) {
        self.bytes.extend((value as u16).to_le_bytes());
    }

    fn word(&mut self, value: usize) {
        self.bytes.extend((value as u32).to_le_bytes());
    }

    /// Addresses and sizes: as wide as the class.
    fn wide(&mut self, values: &[usize]) {
        let width = if self.is_64() { 8 } else { 4 };
        for value in values {
            self.bytes.extend(&value.to_le_bytes()[..width]);
        }
    }

    /// The ELF header; `headers` writes the address of the section table into it.
    fn header(&mut self, section_count: usize) {
        let ident = [
            0x7f,
            b'E',
            b'L',
            b'F',
            if self.is_64() { 2 } else { 1 },
            1,
            1,
            0,
        ];
        self.bytes.extend(ident);
        self.bytes.extend([0; 8]);
        self.half(1); // ET_REL
        self.half(self.format.e_machine.into());
        self.word(1);
        self.wide(&[0; 3]);
        self.word(self.format.e_flags as usize);
        let (header, entry) = if self.is_64() { (64, 64) } else { (52, 40) };
        for value in [header, 0, 0, entry, section_count, section_count - 1] {
            self.half(value);
        }
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn contents(&mut self, section: &NewSection, name: usize) -> Header {
        self.align();
        let offset = self.bytes.len();
        self.bytes.extend(&section.bytes);
        let in_file = section.bytes.len();
        let size = in_file.max(section.size as usize);
        let (kind, flags) = match section.apart {
            Some(kind) => (kind, section.flags),
            None if in_file == 0 => (NOBITS, SHF_ALLOC | section.flags),
            None => (PROGBITS, SHF_ALLOC | section.flags),
        };
        Header {
            name,
            kind,
            flags,
            offset,
            size,
            ..Default::default()
        }
    }

    fn relocations(
        &mut self,
        section: &NewSection,
        name: usize,
        (link, info): (usize, usize),
    ) -> Header {
        self.align();
        let offset = self.bytes.len();
        let mut records: Vec<_> = section.relocations.iter().collect();
        records.sort_by_key(|relocation| relocation.offset);
        for relocation in records {
            let shift = if self.is_64() { 32 } else { 8 };
            self.wide(&[relocation.offset]);
            self.wide(&[relocation.symbol << shift | relocation.r_type as usize]);
            if !self.format.in_place {
                self.wide(&[relocation.addend as usize]);
            }
        }
        let kind = if self.format.in_place { REL } else { RELA };
        let words = if self.format.in_place { 2 } else { 3 };
        let entry = words * if self.is_64() { 8 } else { 4 };
        let size = self.bytes.len() - offset;
        Header {
            name,
            kind,
            flags: 0,
            offset,
            size,
            link,
            info,
            entry,
        }
    }

    fn symbols(
        &mut self,
        symbols: &[NewSymbol],
        strings: &mut Strings,
        name: usize,
        link: usize,
    ) -> Header {
        self.align();
        let offset = self.bytes.len();
        let entry = if self.is_64() { 24 } else { 16 };
        self.bytes.resize(offset + entry, 0);
        for symbol in symbols {
            let section = match symbol.definition {
                Definition::Undefined => 0,
                Definition::Absolute => SHN_ABS.into(),
                Definition::Section(index) => index,
            };
            let info = u8::from(symbol.global) << 4 | symbol.kind;
            let name = strings.add(&symbol.name);
            self.word(name);
            if !self.is_64() {
                self.wide(&[symbol.value, 0]);
            }
            self.bytes.extend([info, 0]);
            self.half(section);
            if self.is_64() {
                self.wide(&[symbol.value, 0]);
            }
        }
        let locals = symbols.iter().take_while(|symbol| !symbol.global).count();
        let size = self.bytes.len() - offset;
        Header {
            name,
            kind: SYMTAB,
            flags: 0,
            offset,
            size,
            link,
            info: 1 + locals,
            entry,
        }
    }

    fn headers(mut self, headers: &[Header]) -> Vec<u8> {
        self.align();
        let table = self.bytes.len();
        for header in headers {
            self.word(header.name);
            self.word(header.kind as usize);
            self.wide(&[header.flags as usize, 0, header.offset, header.size]);
            self.word(header.link);
            self.word(header.info);
            self.wide(&[1, header.entry]);
        }
        let width = if self.is_64() { 8 } else { 4 };
        // e_shoff follows e_entry and e_phoff.
        let at = 24 + 2 * width;
        self.bytes[at..at + width].copy_from_slice(&table.to_le_bytes()[..width]);
        self.bytes
    }
}
