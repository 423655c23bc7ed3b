//! The two classes of ELF files behind one trait: where the fields of their records are.
//!
//! Records are arrays of little-endian words, taken apart in the order of the ELF specification. Their sizes, and the
//! offsets that `xmas-elf` tells, are held to `xmas-elf`'s structs below. (The structs themselves cost: with section types
//! as its enum, a section header took 74 instructions to be looked at, and takes 31.)
//! What is read from them is a claim (invariant 1), as wide as an address here.

use super::header::Header;
use super::image::Segment;
use super::reloc::Relocation;
use super::section::Section;
use super::symbol::Symbol;
use crate::memory::Places;
use core::mem::offset_of;
use xmas_elf::P32;
use xmas_elf::header::{HeaderPt1, HeaderPt2_};
use xmas_elf::program::ProgramHeader32;
use xmas_elf::sections::{Rel, Rela, SectionHeader_};
use xmas_elf::symbol_table::Entry32;

/// A record of a table.
pub(crate) trait Record: Copy + 'static {
    /// `bytes` as such records; see [`records`](crate::memory::records).
    fn view(bytes: &[u8]) -> Option<&[Self]>;
}

impl<const N: usize> Record for [u32; N] {
    #[inline(always)]
    fn view(bytes: &[u8]) -> Option<&[Self]> {
        crate::memory::records(bytes)
    }
}

/// A class: the layouts of its records.
pub(crate) trait Class: 'static {
    /// Bits of an address.
    const BITS: u8;
    /// Bytes of an address.
    const WORD: usize = size_of::<Self::Word>();
    /// An address as bytes.
    type Word;
    /// The ELF header.
    type Header: Record;
    /// A section header.
    type Section: Record;
    /// A symbol.
    type Symbol: Record;
    /// A relocation whose place holds the addend.
    type Rel: Reloc;
    /// A relocation with an addend.
    type Rela: Reloc;
    /// A program header.
    type Segment: Record;
    /// An entry of the dynamic section.
    type Dynamic: Record;

    /// The fields of an ELF header.
    fn header(record: &Self::Header) -> Header;
    /// The fields of a section header.
    fn section(record: &Self::Section) -> Section;
    /// The type of a section.
    fn kind(record: &Self::Section) -> u32;
    /// The fields of a symbol.
    fn symbol(record: &Self::Symbol) -> Symbol;
    /// The fields of a program header.
    fn segment(record: &Self::Segment) -> Segment;
    /// Tag and value of an entry of the dynamic section.
    fn dynamic(record: &Self::Dynamic) -> (usize, usize);
    /// Adds `s` to the addend, or to the word at `offset` of a section if that holds the addend, and writes the sum there.
    /// False, and nothing done, if there is no such word, or if both are odd: then it matters (on ARM) whether bit 0
    /// of `s` is the Thumb bit.
    fn add_to_word(
        words: &mut Places<'_, Self::Word>,
        offset: usize,
        addend: Option<isize>,
        s: usize,
    ) -> bool;
}

/// A relocation as it lies in the file.
pub(crate) trait Reloc: Record {
    /// All fields.
    fn fields(&self) -> Relocation;
    /// Offset of the place.
    fn offset(&self) -> usize;
    /// Index of the symbol, if its type is `r_type`; else an index that no symbol has.
    fn symbol_if(&self, r_type: u32) -> usize;
}

/// 32 bit.
pub(crate) struct Elf32;
/// 64 bit.
#[cfg(target_pointer_width = "64")]
pub(crate) struct Elf64;

/// Holds the records of a class to the structs of `xmas-elf`.
macro_rules! like_xmas_elf {
    ($class:ty, $word:ty, $symbol:ty, $segment:ty, $sh_offset:literal) => {
        const _: () = {
            type Rest = HeaderPt2_<$word>;
            let ident = size_of::<HeaderPt1>();
            assert!(size_of::<<$class as Class>::Header>() == ident + size_of::<Rest>());
            assert!(ident + offset_of!(Rest, type_) == 16 && offset_of!(Rest, machine) == 2);
            assert!(ident + offset_of!(Rest, version) == 20);
            assert!(ident + offset_of!(Rest, sh_offset) == $sh_offset);
            let sizes = offset_of!(Rest, header_size);
            assert!(offset_of!(Rest, sh_entry_size) == sizes + 6);
            assert!(offset_of!(Rest, sh_count) == sizes + 8);
            assert!(offset_of!(Rest, sh_str_index) == sizes + 10);
            assert!(size_of::<<$class as Class>::Section>() == size_of::<SectionHeader_<$word>>());
            assert!(size_of::<<$class as Class>::Symbol>() == size_of::<$symbol>());
            assert!(size_of::<<$class as Class>::Rel>() == size_of::<Rel<$word>>());
            assert!(size_of::<<$class as Class>::Rela>() == size_of::<Rela<$word>>());
            assert!(size_of::<<$class as Class>::Segment>() == size_of::<$segment>());
            assert!(size_of::<<$class as Class>::Dynamic>() == 2 * size_of::<$word>());
            assert!(ident + offset_of!(Rest, ph_offset) == $sh_offset - size_of::<$word>());
            assert!(offset_of!(Rest, ph_entry_size) == sizes + 2);
            assert!(offset_of!(Rest, ph_count) == sizes + 4);
        };
    };
}

like_xmas_elf!(Elf32, P32, Entry32, ProgramHeader32, 32);
#[cfg(target_pointer_width = "64")]
like_xmas_elf!(
    Elf64,
    xmas_elf::P64,
    xmas_elf::symbol_table::Entry64,
    xmas_elf::program::ProgramHeader64,
    40
);

/// Both halves of a word.
const fn halves(word: u32) -> [u16; 2] {
    [word as u16, (word >> 16) as u16]
}

macro_rules! add_to_word {
    ($word:ty) => {
        #[inline(always)]
        fn add_to_word(
            words: &mut Places<'_, Self::Word>,
            offset: usize,
            addend: Option<isize>,
            s: usize,
        ) -> bool {
            let Some(place) = words.get_mut(offset) else {
                return false;
            };
            let a = match addend {
                Some(a) => a as $word,
                None => <$word>::from_le_bytes(*place),
            };
            if s as $word & a & 1 != 0 {
                return false;
            }
            *place = a.wrapping_add(s as $word).to_le_bytes();
            true
        }
    };
}

impl Class for Elf32 {
    const BITS: u8 = 32;
    type Word = [u8; 4];
    type Header = [u32; 13];
    type Section = [u32; 10];
    type Symbol = [u32; 4];
    type Rel = [u32; 2];
    type Rela = [u32; 3];
    type Segment = [u32; 8];
    type Dynamic = [u32; 2];

    fn header(record: &Self::Header) -> Header {
        let [
            magic,
            ident,
            _,
            _,
            kind,
            version,
            _,
            segments,
            at,
            _,
            sizes,
            counts,
            names,
        ] = *record;
        let fields = [magic, ident, kind, version, sizes, counts, names];
        Header::new(fields, at as usize, segments as usize)
    }

    #[inline(always)]
    fn section(record: &Self::Section) -> Section {
        let [
            name,
            kind,
            flags,
            address,
            offset,
            size,
            link,
            info,
            align,
            entry_size,
        ] = *record;
        Section {
            name,
            kind,
            flags,
            address: address as usize,
            offset: offset as usize,
            size: size as usize,
            link,
            info,
            align: align as usize,
            entry_size,
        }
    }

    #[inline(always)]
    fn kind(record: &Self::Section) -> u32 {
        let [_, kind, ..] = *record;
        kind
    }

    #[inline(always)]
    fn symbol(record: &Self::Symbol) -> Symbol {
        let [name, value, size, rest] = *record;
        Symbol::new(name, rest, value as usize, size as usize)
    }

    fn segment(record: &Self::Segment) -> Segment {
        let [kind, offset, address, _, file_size, size, flags, align] = *record;
        Segment {
            kind,
            flags,
            offset: offset as usize,
            address: address as usize,
            file_size: file_size as usize,
            size: size as usize,
            align: align as usize,
        }
    }

    fn dynamic(record: &Self::Dynamic) -> (usize, usize) {
        let [tag, value] = *record;
        (tag as usize, value as usize)
    }

    add_to_word!(u32);
}

impl Reloc for [u32; 2] {
    #[inline(always)]
    fn fields(&self) -> Relocation {
        let [offset, info] = *self;
        Relocation {
            offset: offset as usize,
            symbol: info >> 8,
            r_type: info & 0xff,
            addend: None,
        }
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        let [offset, ..] = *self;
        offset as usize
    }

    #[inline(always)]
    fn symbol_if(&self, r_type: u32) -> usize {
        let [_, info] = *self;
        symbol_of(info, r_type)
    }
}

/// The high 24 bits of `info` if the low ones are `r_type`; else a number of more bits.
#[inline(always)]
fn symbol_of(info: u32, r_type: u32) -> usize {
    (info.rotate_right(8) ^ r_type << 24) as usize
}

impl Reloc for [u32; 3] {
    #[inline(always)]
    fn fields(&self) -> Relocation {
        let [offset, info, addend] = *self;
        Relocation {
            offset: offset as usize,
            symbol: info >> 8,
            r_type: info & 0xff,
            addend: Some(addend as i32 as isize),
        }
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        let [offset, ..] = *self;
        offset as usize
    }

    #[inline(always)]
    fn symbol_if(&self, r_type: u32) -> usize {
        let [_, info, _] = *self;
        symbol_of(info, r_type)
    }
}

/// The 64-bit number of two words.
#[cfg(target_pointer_width = "64")]
const fn long(low: u32, high: u32) -> usize {
    low as usize | (high as usize) << 32
}

#[cfg(target_pointer_width = "64")]
impl Class for Elf64 {
    const BITS: u8 = 64;
    type Word = [u8; 8];
    type Header = [u32; 16];
    type Section = [u32; 16];
    type Symbol = [u32; 6];
    type Rel = [u32; 4];
    type Rela = [u32; 6];
    type Segment = [u32; 14];
    type Dynamic = [u32; 4];

    fn header(record: &Self::Header) -> Header {
        let [magic, ident, _, _, kind, version, rest @ ..] = *record;
        let [_, _, ph_low, ph_high, low, high, _, sizes, counts, names] = rest;
        let fields = [magic, ident, kind, version, sizes, counts, names];
        Header::new(fields, long(low, high), long(ph_low, ph_high))
    }

    fn section(record: &Self::Section) -> Section {
        let [
            name,
            kind,
            flags,
            _,
            address,
            address_high,
            at,
            at_high,
            size,
            size_high,
            rest @ ..,
        ] = *record;
        let [link, info, align, align_high, entry_size, _] = rest;
        Section {
            name,
            kind,
            flags,
            address: long(address, address_high),
            offset: long(at, at_high),
            size: long(size, size_high),
            link,
            info,
            align: long(align, align_high),
            entry_size,
        }
    }

    fn kind(record: &Self::Section) -> u32 {
        let [_, kind, ..] = *record;
        kind
    }

    fn symbol(record: &Self::Symbol) -> Symbol {
        let [name, rest, value, value_high, size, size_high] = *record;
        Symbol::new(name, rest, long(value, value_high), long(size, size_high))
    }

    fn segment(record: &Self::Segment) -> Segment {
        let [
            kind,
            flags,
            low,
            high,
            address,
            address_high,
            _,
            _,
            rest @ ..,
        ] = *record;
        let [
            file_size,
            file_size_high,
            size,
            size_high,
            align,
            align_high,
        ] = rest;
        Segment {
            kind,
            flags,
            offset: long(low, high),
            address: long(address, address_high),
            file_size: long(file_size, file_size_high),
            size: long(size, size_high),
            align: long(align, align_high),
        }
    }

    fn dynamic(record: &Self::Dynamic) -> (usize, usize) {
        let [tag, tag_high, value, value_high] = *record;
        (long(tag, tag_high), long(value, value_high))
    }

    add_to_word!(u64);
}

#[cfg(target_pointer_width = "64")]
impl Reloc for [u32; 4] {
    fn fields(&self) -> Relocation {
        let [offset, offset_high, r_type, symbol] = *self;
        Relocation {
            offset: long(offset, offset_high),
            symbol,
            r_type,
            addend: None,
        }
    }

    fn offset(&self) -> usize {
        let [low, high, ..] = *self;
        long(low, high)
    }

    fn symbol_if(&self, wanted: u32) -> usize {
        let [_, _, r_type, symbol] = *self;
        long(symbol, r_type ^ wanted)
    }
}

#[cfg(target_pointer_width = "64")]
impl Reloc for [u32; 6] {
    fn fields(&self) -> Relocation {
        let [offset, offset_high, r_type, symbol, addend, addend_high] = *self;
        Relocation {
            offset: long(offset, offset_high),
            symbol,
            r_type,
            addend: Some(long(addend, addend_high) as isize),
        }
    }

    fn offset(&self) -> usize {
        let [low, high, ..] = *self;
        long(low, high)
    }

    fn symbol_if(&self, wanted: u32) -> usize {
        let [_, _, r_type, symbol, ..] = *self;
        long(symbol, r_type ^ wanted)
    }
}

impl Header {
    /// The header of these fields: the first two words; type and machine; version; sizes and counts of tables; and
    /// where section headers and program headers are.
    fn new(fields: [u32; 7], sh_offset: usize, ph_offset: usize) -> Self {
        let [magic, ident, kind, version, sizes, counts, names] = fields;
        let (
            [e_type, machine],
            [size, ph_entry_size],
            [ph_count, sh_entry_size],
            [sh_count, sh_names],
        ) = (halves(kind), halves(sizes), halves(counts), halves(names));
        Self {
            magic,
            ident,
            e_type,
            machine,
            version,
            ph_offset,
            sh_offset,
            size,
            ph_entry_size,
            ph_count,
            sh_entry_size,
            sh_count,
            sh_names,
        }
    }
}
