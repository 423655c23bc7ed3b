//! One load: what must hold of it, whatever the file.

use crate::heap::CheckedHeap;
use crate::source::Stream;
use llext::machine::{self, Class, Machine};
use llext::{
    Export, Exports, Extension, InPlace, Llext, LoadError, LoadOptions, PersistentSlice, Report,
    SectionHeader, SliceSource, Source, WritableSlice,
};
use std::ptr::NonNull;

/// Where the target's memory lies: code of the firmware is far from it for a branch, and near for a pointer.
pub const BASE: usize = 0x2100_0000;

/// How every load here is done, but for what some add to it.
pub fn options() -> LoadOptions<'static> {
    LoadOptions {
        origin: "/ext/x.elf",
        keep_sections: true,
        ..LoadOptions::default()
    }
}

/// What the firmware offers. The names are those that the corpus uses.
pub fn exports() -> Exports<'static> {
    const fn record(name: &'static std::ffi::CStr, address: usize) -> Export {
        Export::new(name, std::ptr::without_provenance(address))
    }
    static RECORDS: [Export; 9] = [
        record(c"abort", 0x2101),
        record(c"far", 0x101),
        record(c"memcpy", 0x2000_0001),
        record(c"note", 0x1101),
        record(c"odd_data", 0x2000_0201),
        record(c"outside_data", 0x2000_0300),
        record(c"printk", 0x1001),
        record(c"puts", 0x20ff_0000),
        record(c"stdout", 0x2000_0100),
    ];
    Exports::new(&RECORDS)
}

/// The machine that a file says it is for; ARM if it does not say, which the loader then has to find out.
pub fn machine_of(file: &[u8]) -> &'static Machine {
    let class = match file.get(4) {
        Some(2) => Class::Elf64,
        _ => Class::Elf32,
    };
    let number = file
        .get(18..20)
        .map_or(0, |half| u16::from_le_bytes([half[0], half[1]]));
    machine::for_elf(number, class).unwrap_or(&machine::ARM)
}

/// Counts what a report tells.
#[derive(Default)]
struct Told {
    undefined: usize,
    unsupported: usize,
}

impl Report for Told {
    fn undefined(&mut self, _name: &str) {
        self.undefined += 1;
    }

    fn unsupported(&mut self, _section: &str, _offset: usize, _r_type: u32) {
        self.unsupported += 1;
    }
}

/// What a load made: its regions' addresses and bytes, or why not.
type Outcome = Result<Vec<(usize, Vec<u8>)>, Box<LoadError>>;

/// What a load asks for that is seldom asked for. A file's length chooses, so that a mutation tries another.
struct Rarities {
    /// Code and data come from one memory.
    is_one: bool,
    /// How the file is loaded from memory and from a stream.
    copied: LoadOptions<'static>,
    /// How it is loaded where it lies.
    in_place: LoadOptions<'static>,
}

impl Rarities {
    fn of(file: &[u8]) -> Self {
        /// Those that a host would leave to another processor.
        fn is_odd(section: &SectionHeader) -> bool {
            !section.index.is_multiple_of(2)
        }
        let usual = Self {
            is_one: file.len().is_multiple_of(2),
            copied: options(),
            in_place: options(),
        };
        let mut changed = options();
        match file.len() / 2 % 4 {
            0 => return usual,
            1 => {
                changed.relocate_local = false;
                return Self {
                    copied: changed,
                    in_place: changed,
                    ..usual
                };
            }
            2 => changed.pre_located = true,
            _ => changed.detached = Some(&is_odd),
        }
        Self {
            in_place: changed,
            ..usual
        }
    }
}

/// Loads `file` from memory, from a stream, and where it lies: nothing is left behind, and a dry run knew of it. The first two
/// give the same bytes if they give the same addresses, or an error.
pub fn load(file: &[u8]) {
    let rarities = Rarities::of(file);
    for is_writable in [false, true] {
        where_it_lies(file, is_writable, &rarities);
    }
    let copied = |source: &mut dyn Source| {
        outcome(file, source, rarities.is_one, &rarities.copied, |_| false)
    };
    let from_memory = copied(&mut SliceSource::new(file));
    let from_stream = copied(&mut Stream::new(file));
    match (from_memory, from_stream) {
        // Common symbols that nobody asks for are only placed where the table has to be read anyway.
        (Ok(one), Ok(other)) if layout(&one) != layout(&other) => {}
        (Ok(one), Ok(other)) => assert_eq!(one, other),
        // A file that is wrong in two places may be refused for either.
        (Err(_), Err(_)) => {}
        // A symbol that nobody asks for is only looked at (and placed, if it is common) where the table has to be read anyway.
        (Ok(_), Err(error)) if is_of_a_symbol(&error) => {}
        (one, other) => panic!("{one:?}, {other:?}"),
    }
}

/// Loads a copy of `file` that sections may stay in, within a branch's reach of the target's memory.
fn where_it_lies(file: &[u8], is_writable: bool, rarities: &Rarities) {
    const PLACE: usize = BASE - 0x10_0000;
    let options = &rarities.in_place;
    let mut file = file.to_vec();
    if options.pre_located {
        locate(&mut file, PLACE);
    }
    // Aligned for every word.
    let mut words = vec![0u64; file.len().div_ceil(8)];
    let at = NonNull::from(words.as_mut_slice()).cast::<u8>();
    // SAFETY: there is room for the file; the words live until everything is unloaded, and nobody else uses them.
    let bytes = unsafe {
        at.copy_from_nonoverlapping(NonNull::from(file.as_slice()).cast(), file.len());
        InPlace::new(at, file.len(), PLACE, is_writable)
    };
    let is_one = rarities.is_one;
    // That it is refused is no wonder: a file that is relocated in place may lie too far from what it calls.
    let _ = match is_writable {
        // The dry run reads it piece by piece.
        true => {
            let source = &mut WritableSlice::mapped(bytes);
            outcome(&file, source, is_one, options, is_of_a_symbol)
        }
        false => {
            let source = &mut PersistentSlice::mapped(bytes);
            outcome(&file, source, is_one, options, |_| false)
        }
    };
    drop(words);
}

/// Gives every section of `file` the address where it lies if the file lies at `place`, as a linker would have.
fn locate(file: &mut [u8], place: usize) {
    // Where e_shoff, e_shentsize and e_shnum stand, and sh_addr, sh_offset: ELF specification, figures 1-3 and 1-9.
    let (table, sizes, word, address) = match file.get(4) {
        Some(2) => (40, 58, 8, 16),
        _ => (32, 46, 4, 12),
    };
    let number = |file: &[u8], at: usize, size: usize| {
        let bytes = file.get(at..at.checked_add(size)?)?;
        let mut digits = bytes.iter().rev();
        digits.try_fold(0usize, |number, &byte| {
            let shifted = number.checked_shl(8)?;
            Some(shifted | usize::from(byte))
        })
    };
    let header = (
        number(file, table, word),
        number(file, sizes, 2),
        number(file, sizes + 2, 2),
    );
    let (Some(table), Some(size), Some(count)) = header else {
        return;
    };
    for index in 0..count {
        let at = index
            .saturating_mul(size)
            .saturating_add(table)
            .saturating_add(address);
        let Some(offset) = number(file, at.saturating_add(word), word) else {
            return;
        };
        let address = place.wrapping_add(offset).to_le_bytes();
        if let Some(field) = at.checked_add(word).and_then(|end| file.get_mut(at..end)) {
            field.copy_from_slice(&address[..word]);
        }
    }
}

/// Addresses and sizes.
fn layout(regions: &[(usize, Vec<u8>)]) -> Vec<(usize, usize)> {
    let extent = |(address, bytes): &(usize, Vec<u8>)| (*address, bytes.len());
    regions.iter().map(extent).collect()
}

fn is_of_a_symbol(error: &LoadError) -> bool {
    use LoadError::{BadSymbol, LongName, OutOfMemory, TooLarge};
    matches!(
        error,
        BadSymbol { .. } | LongName { .. } | OutOfMemory { .. } | TooLarge { .. }
    )
}

/// A load from `source`, of which a dry run has told: all is well, but for what `may_differ`.
fn outcome(
    file: &[u8],
    source: &mut dyn Source,
    is_one: bool,
    options: &LoadOptions<'_>,
    may_differ: fn(&LoadError) -> bool,
) -> Outcome {
    let heap = CheckedHeap::new(BASE, is_one);
    let mut llext = Llext::new(&heap, exports(), machine_of(file));
    let mut told = Told::default();
    let needs = llext.dry_run(source, "x", options, &mut told);
    assert!(heap.in_use().is_empty(), "a dry run gives everything back");
    let loaded = llext.load(source, "x", options, &mut ()).map(|x| {
        walk(x);
        contents(x)
    });
    let loaded = loaded.map_err(Box::new);
    match &loaded {
        Ok(_) => {
            assert!(needs.as_ref().err().is_none_or(may_differ), "{needs:?}");
            assert_eq!(told.unsupported, 0);
            llext.unload("x").expect("it is loaded, and nobody uses it");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(llext.iter().count(), 0);
    assert!(heap.in_use().is_empty(), "all memory is back");
    loaded
}

/// Looks at everything that an extension shows.
pub fn walk(extension: &Extension) {
    for (name, address) in extension.exports() {
        extension.read(address, &mut [0; 4]);
        extension
            .find(name)
            .expect("an export is found by its name");
    }
    extension.sections().for_each(drop);
    extension.build_id();
    let regions: Vec<_> = extension.regions().chain(extension.file()).collect();
    let is_inside = |address: usize| {
        regions
            .iter()
            .any(|region| address.wrapping_sub(region.address) < region.size)
    };
    let mut functions = extension.init_functions().chain(extension.fini_functions());
    assert!(
        functions.all(|function| is_inside(function & !1)),
        "constructors are its own code"
    );
}

fn contents(extension: &Extension) -> Vec<(usize, Vec<u8>)> {
    let read = |region: llext::Region| {
        let mut bytes = vec![0; region.size];
        assert!(extension.read(region.address, &mut bytes));
        (region.address, bytes)
    };
    extension.regions().map(read).collect()
}
