//! A linked file, as the memory that it describes.

use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, elf};
use std::collections::HashMap;
use std::path::Path;

/// The memory and the symbols of a linked file.
#[derive(Debug)]
pub struct Image {
    sections: HashMap<String, (usize, Vec<u8>)>,
    symbols: HashMap<String, usize>,
}

impl Image {
    /// Reads a linked file.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let file: ElfFile32 = ElfFile32::parse(&*bytes).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let mut sections = HashMap::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if sh_flags & u64::from(elf::SHF_ALLOC) != 0 {
                let name = section.name().expect("a section's name").to_owned();
                let data = section.data().expect("a section's bytes").to_vec();
                sections.insert(name, (section.address() as usize, data));
            }
        }
        let named = file
            .symbols()
            .filter_map(|s| Some((s.name().ok()?.to_owned(), s.address())));
        let symbols = named
            .map(|(name, address)| (name, address as usize))
            .collect();
        Self { sections, symbols }
    }

    /// The bytes of a section, with its address.
    pub fn section(&self, name: &str) -> Option<(usize, &[u8])> {
        self.sections
            .get(name)
            .map(|(address, bytes)| (*address, &bytes[..]))
    }

    /// `size` bytes at `address`, of every section that has them: sections may overlap.
    pub fn all_bytes(&self, address: usize, size: usize) -> impl Iterator<Item = &[u8]> {
        self.sections.values().filter_map(move |(start, bytes)| {
            let offset = address.checked_sub(*start)?;
            bytes.get(offset..offset.checked_add(size)?)
        })
    }

    /// The value of a symbol.
    pub fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name).copied()
    }
}
