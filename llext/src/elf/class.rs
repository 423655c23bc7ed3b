//! The two classes of ELF files behind one trait. Records are `xmas-elf`'s structs; what the loader reads from them is a
//! claim (invariant 1), as wide as an address here.

use xmas_elf::P32;
#[cfg(target_pointer_width = "64")]
use xmas_elf::P64;
use xmas_elf::header::{HeaderPt2, HeaderPt2_};
use xmas_elf::sections::{Rel, Rela, SectionHeader, SectionHeader_};
#[cfg(target_pointer_width = "64")]
use xmas_elf::symbol_table::Entry64;
use xmas_elf::symbol_table::{Entry, Entry32};
use zero::Pod;

/// A class: the layouts of its records.
pub(crate) trait Class: 'static {
    /// Bits of an address.
    const BITS: u8;
    /// Bytes of an address.
    const WORD: usize = Self::BITS as usize / 8;
    /// The ELF header behind its first 16 bytes.
    type Header: Pod + 'static;
    /// A section header.
    type Section: Pod + 'static;
    /// A symbol.
    type Symbol: Pod + Entry + 'static;
    /// A relocation whose place holds the addend.
    type Rel: Record;
    /// A relocation with an addend.
    type Rela: Record;

    /// The fields of an ELF header.
    fn header(record: &Self::Header) -> HeaderPt2<'_>;
    /// The fields of a section header.
    fn section(record: &Self::Section) -> SectionHeader<'_>;
    /// Adds `s` to the addend, or to the word at `offset` of `bytes` if that holds the addend, and writes the sum there.
    /// False, and nothing done, if there is no such word, or if both are odd: then it matters (on ARM) whether bit 0
    /// of `s` is the Thumb bit.
    fn add_to_word(bytes: &mut [u8], offset: usize, addend: Option<isize>, s: usize) -> bool;
}

/// A relocation as it lies in the file.
pub(crate) trait Record: Pod + 'static {
    /// Offset of the place in the section, in bytes.
    fn offset(&self) -> usize;
    /// Index of the symbol.
    fn symbol(&self) -> u32;
    /// The psABI's number.
    fn r_type(&self) -> u32;
    /// The addend, unless the place itself holds it.
    fn addend(&self) -> Option<isize>;
}

/// 32 bit.
pub(crate) struct Elf32;
/// 64 bit.
#[cfg(target_pointer_width = "64")]
pub(crate) struct Elf64;

macro_rules! class {
    ($class:ident, $bits:literal, $word:ident, $symbol:ident, $header:ident, $section:ident, $signed:ty, $unsigned:ty) => {
        impl Class for $class {
            const BITS: u8 = $bits;
            type Header = HeaderPt2_<$word>;
            type Section = SectionHeader_<$word>;
            type Symbol = $symbol;
            type Rel = Rel<$word>;
            type Rela = Rela<$word>;

            fn header(record: &Self::Header) -> HeaderPt2<'_> {
                HeaderPt2::$header(record)
            }

            #[inline(always)]
            fn section(record: &Self::Section) -> SectionHeader<'_> {
                SectionHeader::$section(record)
            }

            #[inline(always)]
            fn add_to_word(
                bytes: &mut [u8],
                offset: usize,
                addend: Option<isize>,
                s: usize,
            ) -> bool {
                let place = bytes.get_mut(offset..).and_then(|at| at.first_chunk_mut());
                let Some(place) = place else {
                    return false;
                };
                let a = match addend {
                    Some(a) => a as $unsigned,
                    None => <$unsigned>::from_le_bytes(*place),
                };
                if s as $unsigned & a & 1 != 0 {
                    return false;
                }
                *place = a.wrapping_add(s as $unsigned).to_le_bytes();
                true
            }
        }

        impl Record for Rel<$word> {
            #[inline(always)]
            fn offset(&self) -> usize {
                self.get_offset() as usize
            }

            #[inline(always)]
            fn symbol(&self) -> u32 {
                self.get_symbol_table_index()
            }

            #[inline(always)]
            fn r_type(&self) -> u32 {
                self.get_type() as u32
            }

            #[inline(always)]
            fn addend(&self) -> Option<isize> {
                None
            }
        }

        impl Record for Rela<$word> {
            #[inline(always)]
            fn offset(&self) -> usize {
                self.get_offset() as usize
            }

            #[inline(always)]
            fn symbol(&self) -> u32 {
                self.get_symbol_table_index()
            }

            #[inline(always)]
            fn r_type(&self) -> u32 {
                self.get_type() as u32
            }

            #[inline(always)]
            fn addend(&self) -> Option<isize> {
                Some(self.get_addend() as $signed as isize)
            }
        }
    };
}

class!(Elf32, 32, P32, Entry32, Header32, Sh32, i32, u32);
#[cfg(target_pointer_width = "64")]
class!(Elf64, 64, P64, Entry64, Header64, Sh64, i64, u64);
