//! Why a file is refused: a reason and a few numbers, noted where that is found, and made into an error in one place.
//!
//! A refusal is one call with few arguments: there are many, and each is a path that code has to be kept for. Names of sections
//! and symbols are read when there is an error to be made of them.

use super::claim::{Span, Table};
#[cfg(target_pointer_width = "64")]
use super::class::Elf64;
use super::class::{Class, Elf32};
use super::reader::{Checked, Reader, Refused};
use super::string::Strings;
use crate::error::{LoadError, RelocationFault};
use crate::export::AbiId;
use crate::loaded::RegionKind;
#[cfg(target_pointer_width = "64")]
use crate::machine::Class as Width;
use crate::machine::field::Limits;
use crate::machine::{FieldError, Machine};
use crate::memory::{Heap, MemoryKind};
use crate::name::Name;
use crate::source::{SourceError, SourceFault};

/// In place of a section's index: all of a linked file's image.
pub(crate) const IMAGE: usize = usize::MAX;

/// What kind of error a reason with a text makes, and with it what its numbers are.
enum Kind {
    /// A field of the ELF header: its value.
    Header,
    /// A field of a section header: the section, and the field's value.
    Section,
    /// A field of a program header: its index, and the field's value.
    Segment,
    /// A field of a symbol: the symbol, and the field's value.
    Symbol,
    /// Something that is not all in the file: its offset and its size.
    Truncated,
    /// Something too large: the limit.
    TooLarge,
}

macro_rules! reasons {
    ({ $($name:ident $kind:ident $text:literal)+ } $($own:ident)+) => {
        /// Why a file is refused.
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Why {
            $($name,)+ $($own),+
        }

        /// Kinds and texts of the first reasons; each other one makes an error of its own.
        const KINDS: &[Kind] = &[$(Kind::$kind),+];
        const TEXTS: &[&str] = &[$($text),+];
    };
}

reasons! {
    {
        HeaderNames Header "e_shstrndx"
        HeaderSize Header "e_ehsize"
        HeaderSectionSize Header "e_shentsize"
        HeaderSections Header "e_shoff"
        HeaderSegmentSize Header "e_phentsize"
        HeaderSegments Header "e_phnum"
        SectionType Section "sh_type"
        SectionFlags Section "sh_flags"
        SectionAddress Section "sh_addr"
        SectionOffset Section "sh_offset"
        SectionSize Section "sh_size"
        SectionLink Section "sh_link"
        SectionInfo Section "sh_info"
        SectionAlign Section "sh_addralign"
        SectionEntrySize Section "sh_entsize"
        SegmentType Segment "p_type"
        SegmentAddress Segment "p_vaddr"
        SegmentFileSize Segment "p_filesz"
        SegmentAlign Segment "p_align"
        SymbolName Symbol "st_name"
        SymbolValue Symbol "st_value"
        SymbolSection Symbol "st_shndx"
        NoHeader Truncated "ELF header"
        NoSectionHeaders Truncated "section headers"
        NoSegmentHeaders Truncated "program headers"
        NoSection Truncated "section"
        NoSectionIndexes Truncated "section indexes"
        NoStrings Truncated "string table"
        NoSymbols Truncated "symbol table"
        NoRelocations Truncated "relocations"
        NoNotes Truncated "notes"
        NoSegment Truncated "segment"
        NoDynamic Truncated "dynamic section"
        FunctionArrays TooLarge "function arrays"
        Dependencies TooLarge "number of dependencies"
        KeptSections TooLarge "number of sections"
        Image TooLarge "image"
        Exports TooLarge "table of exports"
        Symbols TooLarge "symbols"
    }
    // A relocation: section, offset in it, and symbol.
    RelocationPlace
    RelocationSymbol
    RelocationNotLoaded
    RelocationPadding
    RelocationHigh
    RelocationReadOnly
    RelocationNotThumb
    // Each of its own.
    NotElf
    WrongClass
    WrongEndianness
    WrongVersion
    WrongMachine
    NotRelocatable
    WrongAbi
    BadDynamic
    NotInPlace
    NotAtAddress
    SeveralSymbolTables
    ThreadLocal
    LongName
    Undefined
    Unsupported
    OutOfRange
    BadExport
    BadFunction
    OutOfMemory
    RegionSize
    SourceShort
    SourceDevice
    SourceMemory
    SourceUsed
    // No file is refused for it: the load begins anew, without trust in what was not checked.
    Distrust
}

/// A reason with its numbers, and where the names are that errors tell.
pub(super) struct Refusal {
    why: Why,
    numbers: [usize; 4],
    /// Of [`Why::OutOfRange`].
    field: FieldError,
    /// Tables of sections and of symbols, each with its names, where they are known.
    sections: Option<(Span, Strings)>,
    symbols: Option<(Span, Strings)>,
}

impl Refusal {
    /// Nothing refused, no names known. (A constant would be copied.)
    #[inline(always)]
    pub(super) fn none() -> Self {
        Self {
            why: Why::NotElf,
            numbers: [0; 4],
            field: FieldError {
                value: 0,
                limits: Limits::NONE,
                round: 0,
            },
            sections: None,
            symbols: None,
        }
    }
}

impl Reader<'_> {
    /// Refuses the file: the reason says what the numbers are.
    #[inline(always)]
    pub(crate) fn refuse<T>(&mut self, why: Why, a: usize, b: usize) -> Checked<T> {
        self.note(why, a, b);
        Err(Refused)
    }

    /// Refuses the file for a reason with more numbers.
    #[inline(always)]
    pub(crate) fn refuse_for<T>(&mut self, why: Why, numbers: [usize; 4]) -> Checked<T> {
        self.note_all(why, &numbers);
        Err(Refused)
    }

    #[cold]
    #[inline(never)]
    fn note(&mut self, why: Why, a: usize, b: usize) {
        self.note_all(why, &[a, b, 0, 0]);
    }

    #[cold]
    #[inline(never)]
    fn note_all(&mut self, why: Why, numbers: &[usize; 4]) {
        self.refusal.why = why;
        self.refusal.numbers = *numbers;
    }

    /// Refuses the file because the source failed.
    #[cold]
    pub(crate) fn failed<T>(&mut self, error: SourceError) -> Checked<T> {
        let (why, code) = match error.reason {
            SourceFault::Short => (Why::SourceShort, 0),
            SourceFault::Device(code) => (Why::SourceDevice, code),
            SourceFault::Memory => (Why::SourceMemory, 0),
            SourceFault::Used => (Why::SourceUsed, 0),
        };
        self.refuse_for(why, [error.offset, error.wanted, code as usize, 0])
    }

    /// Refuses the file because a heap has no block of `needed` bytes.
    #[cold]
    pub(crate) fn out_of_memory(
        &mut self,
        heap: &dyn Heap,
        kind: MemoryKind,
        needed: usize,
    ) -> Checked<()> {
        let stats = heap.stats_of(kind);
        self.refuse_for(Why::OutOfMemory, [needed, stats.largest, stats.free, 0])
    }

    /// Refuses the file because a value does not fit its field: at an offset in a section.
    #[cold]
    pub(crate) fn out_of_range(
        &mut self,
        [section, offset]: [usize; 2],
        symbol: u32,
        r_type: u32,
        field: FieldError,
    ) -> Checked<()> {
        self.refusal.field = field;
        let numbers = [section, offset, symbol as usize, r_type as usize];
        self.refuse_for(Why::OutOfRange, numbers)
    }

    /// Has errors name sections.
    pub(super) fn know_sections(&mut self, headers: Span, names: Strings) {
        self.refusal.sections = Some((headers, names));
    }

    /// Has errors name symbols.
    pub(super) fn know_symbols(&mut self, table: Span, names: Strings) {
        self.refusal.symbols = Some((table, names));
    }

    /// The name of section `index` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn section_name<C: Class>(&mut self, index: usize) -> Name {
        let known = self.refusal.sections;
        let (table, names) = known.unwrap_or((Span::EMPTY, Strings::NONE));
        let section = Table::<C::Section>::new(table).get(self, index, C::section);
        match section {
            Ok(Some(section)) => names.name(self, section.name),
            _ if index == IMAGE => Name::new(b"image"),
            _ => Name::EMPTY,
        }
    }

    /// The name of symbol `index` for a message: empty if it cannot be read.
    fn symbol_name<C: Class>(&mut self, index: usize) -> Name {
        let known = self.refusal.symbols;
        let (table, names) = known.unwrap_or((Span::EMPTY, Strings::NONE));
        let symbol = Table::<C::Symbol>::new(table).get(self, index, C::symbol);
        match symbol {
            Ok(Some(symbol)) => names.name(self, symbol.name),
            _ => Name::EMPTY,
        }
    }

    /// Whether a read failed, which nothing in the file can help.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(
            self.refusal.why,
            Why::SourceShort | Why::SourceDevice | Why::SourceMemory | Why::SourceUsed
        )
    }

    /// The error that the reason makes. (Reading names can fail, which is a reason of its own: it is no longer asked for.)
    #[cold]
    pub(crate) fn reason(&mut self, machine: &'static Machine) -> LoadError {
        match machine.class {
            #[cfg(target_pointer_width = "64")]
            Width::Elf64 => self.reason_of::<Elf64>(machine),
            _ => self.reason_of::<Elf32>(machine),
        }
    }

    fn reason_of<C: Class>(&mut self, machine: &'static Machine) -> LoadError {
        let Refusal { why, numbers, .. } = self.refusal;
        let [a, b, ..] = numbers;
        let row = why as usize;
        let (Some(kind), Some(&text)) = (KINDS.get(row), TEXTS.get(row)) else {
            return self.own_reason::<C>(machine, why, numbers);
        };
        let value = b as u32;
        match kind {
            Kind::Header => LoadError::BadHeader {
                field: text,
                value: a as u32,
            },
            Kind::Section => LoadError::BadSection {
                index: a,
                section: self.section_name::<C>(a),
                field: text,
                value,
            },
            Kind::Segment => LoadError::BadSegment {
                index: a,
                field: text,
                value: b,
            },
            Kind::Symbol => LoadError::BadSymbol {
                index: a,
                symbol: self.symbol_name::<C>(a),
                field: text,
                value,
            },
            Kind::Truncated => LoadError::Truncated {
                what: text,
                offset: a,
                size: b,
                len: self.len(),
            },
            Kind::TooLarge => LoadError::TooLarge {
                what: text,
                limit: a,
            },
        }
    }

    /// The error of a reason of its own kind.
    fn own_reason<C: Class>(
        &mut self,
        machine: &'static Machine,
        why: Why,
        [a, b, c, d]: [usize; 4],
    ) -> LoadError {
        match why {
            Why::WrongClass => LoadError::WrongClass {
                found: a as u8,
                wanted: C::BITS,
            },
            Why::WrongEndianness => LoadError::WrongEndianness,
            Why::WrongVersion => LoadError::WrongVersion { found: a as u32 },
            Why::WrongMachine => LoadError::WrongMachine {
                found: a as u16,
                wanted: machine.name,
            },
            Why::NotRelocatable => LoadError::NotRelocatable { found: a as u16 },
            Why::WrongAbi => LoadError::WrongAbi {
                found: AbiId(a as u32),
                wanted: AbiId(b as u32),
            },
            Why::BadDynamic => LoadError::BadDynamic {
                tag: a as u32,
                value: b,
            },
            Why::NotInPlace | Why::NotAtAddress => LoadError::NotInPlace {
                section: self.section_name::<C>(a),
                address: (why == Why::NotAtAddress).then_some(b),
            },
            Why::SeveralSymbolTables => LoadError::SeveralSymbolTables,
            Why::ThreadLocal => LoadError::ThreadLocal {
                section: Name::new(b"PT_TLS"),
            },
            Why::LongName => LoadError::LongName {
                symbol: self.symbol_name::<C>(a),
                limit: b,
            },
            Why::Undefined => LoadError::Undefined(a),
            Why::Unsupported => LoadError::Unsupported {
                count: a,
                section: self.section_name::<C>(b),
                offset: c,
                r_type: d as u32,
                machine,
            },
            Why::OutOfRange => LoadError::OutOfRange {
                section: self.section_name::<C>(a),
                offset: b,
                symbol: self.symbol_name::<C>(c),
                relocation: machine.row(d as u32).map_or("", |row| row.name),
                field: self.refusal.field,
            },
            Why::BadExport => LoadError::BadExport {
                index: a,
                address: b,
            },
            Why::BadFunction => LoadError::BadFunction { address: a },
            Why::OutOfMemory => LoadError::OutOfMemory {
                needed: a,
                available: b,
                free: c,
            },
            Why::RegionSize => LoadError::TooLarge {
                what: RegionKind::from_index(a as u32).name(),
                limit: b,
            },
            Why::SourceShort | Why::SourceDevice | Why::SourceMemory | Why::SourceUsed => {
                LoadError::Source(SourceError {
                    offset: a,
                    wanted: b,
                    reason: source_fault(why, c as i32),
                })
            }
            Why::NotElf => LoadError::NotElf,
            _ => LoadError::BadRelocation {
                section: self.section_name::<C>(a),
                offset: b,
                fault: fault(why, c as u32),
            },
        }
    }
}

/// What is wrong with a relocation that has this symbol.
fn fault(why: Why, symbol: u32) -> RelocationFault {
    match why {
        Why::RelocationSymbol => RelocationFault::Symbol(symbol),
        Why::RelocationNotLoaded => RelocationFault::NotLoaded(symbol),
        Why::RelocationPadding => RelocationFault::Padding,
        Why::RelocationHigh => RelocationFault::NoHigh,
        Why::RelocationReadOnly => RelocationFault::ReadOnly,
        Why::RelocationNotThumb => RelocationFault::NotThumb,
        _ => RelocationFault::Place,
    }
}

/// Why the source failed, with this code.
fn source_fault(why: Why, code: i32) -> SourceFault {
    match why {
        Why::SourceDevice => SourceFault::Device(code),
        Why::SourceMemory => SourceFault::Memory,
        Why::SourceUsed => SourceFault::Used,
        _ => SourceFault::Short,
    }
}
