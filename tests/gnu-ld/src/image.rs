//! A linked file, as the memory that it describes.

use object::read::elf::{ElfFile, FileHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, elf};
use std::collections::HashMap;
use std::path::Path;

/// The memory and the symbols of a linked file.
#[derive(Debug)]
pub struct Image {
    sections: HashMap<String, (usize, Vec<u8>)>,
    symbols: HashMap<String, usize>,
    /// Veneers: the address of each, and the name of the symbol that branches reach through it.
    veneers: Vec<(usize, String)>,
    /// Places of its dynamic relocations.
    dynamic: Vec<usize>,
}

impl Image {
    /// Reads a linked file of either class.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let parsed = match bytes.get(4) {
            Some(1) => Self::parse::<elf::FileHeader32<Endianness>>(&bytes),
            _ => Self::parse::<elf::FileHeader64<Endianness>>(&bytes),
        };
        parsed.unwrap_or_else(|error| panic!("{path:?}: {error}"))
    }

    fn parse<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<Self> {
        let file = ElfFile::<H>::parse(bytes)?;
        let mut sections = HashMap::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if sh_flags & u64::from(elf::SHF_ALLOC) != 0 {
                let contents = (section.address() as usize, section.data()?.to_vec());
                sections.insert(section.name()?.to_owned(), contents);
            }
        }
        let named = || {
            file.symbols()
                .filter_map(|s| Some((s.name().ok()?, s.address() as usize)))
        };
        let symbols = named().map(|(name, address)| (name.to_owned(), address));
        let symbols = symbols.collect();
        let veneer = |(name, address)| Some((address, veneer_target(name)?.to_owned()));
        let veneers = named().filter_map(veneer).collect();
        let dynamic = file.dynamic_relocations().into_iter().flatten();
        Ok(Self {
            sections,
            veneers,
            symbols,
            dynamic: dynamic.map(|(place, _)| place as usize).collect(),
        })
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

    /// Addresses of this word, of any section.
    pub fn words(&self, value: usize, word: usize) -> impl Iterator<Item = usize> {
        let wanted = value.to_le_bytes();
        self.sections.values().flat_map(move |(start, bytes)| {
            let found = (0..bytes.len().saturating_sub(word - 1))
                .step_by(word)
                .filter(|at| bytes[*at..*at + word] == wanted[..word]);
            found.map(|at| start + at).collect::<Vec<_>>()
        })
    }

    /// The targets of the veneers that start at `address`, with or without the Thumb bit.
    pub fn veneer_targets(&self, address: usize) -> impl Iterator<Item = usize> {
        let here = move |at: usize| at == address || at == address | 1;
        let veneers = self.veneers.iter().filter(move |(at, _)| here(*at));
        veneers.filter_map(|(_, name)| self.symbol(name))
    }

    /// The value of a symbol.
    pub fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name).copied()
    }

    /// Whether the linker made a veneer for branches to the symbol `target`.
    pub fn has_veneer(&self, target: &str) -> bool {
        self.veneers.iter().any(|(_, name)| name == target)
    }

    /// Addresses in a section whose words of so many bytes have this value.
    pub fn places_of(&self, section: &str, value: usize, word: usize) -> Vec<usize> {
        let (start, bytes) = self.section(section).unwrap_or_default();
        let wanted = &value.to_le_bytes()[..word];
        let offsets = (0..bytes.len()).step_by(word);
        offsets
            .filter(|at| bytes.get(*at..*at + word) == Some(wanted))
            .map(|at| start + at)
            .collect()
    }

    /// Places of the dynamic relocations in a section.
    pub fn dynamic_places(&self, section: &str) -> Vec<usize> {
        let (start, bytes) = self.section(section).unwrap_or_default();
        let span = start..start + bytes.len();
        let places = self.dynamic.iter().copied();
        places.filter(|place| span.contains(place)).collect()
    }
}

/// The target in the name of a veneer: `__TARGET_veneer`, `__TARGET_from_arm` (GNU ld),
/// `__AArch64AbsLongThunk_TARGET` (lld).
fn veneer_target(name: &str) -> Option<&str> {
    let name = name.strip_prefix("__")?;
    let ends = ["_veneer", "_from_arm", "_from_thumb"];
    let gnu = ends.iter().find_map(|end| name.strip_suffix(end));
    gnu.or_else(|| name.split_once("Thunk_").map(|(_, target)| target))
}
