//! One load: what must hold of it, whatever the file.

use crate::heap::CheckedHeap;
use crate::source::Stream;
use llext::machine::{self, Class, Machine};
use llext::{
    Export, Exports, Extension, InPlace, Llext, LoadError, LoadOptions, PersistentSlice, Report,
    SliceSource, Source, WritableSlice,
};
use std::ptr::NonNull;

/// Where the target's memory lies: code of the firmware is far from it for a branch, and near for a pointer.
pub const BASE: usize = 0x2100_0000;

/// How every load here is done.
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

/// Loads `file` from memory, from a stream, and where it lies: nothing is left behind, and a dry run knew of it. The first two
/// give the same bytes if they give the same addresses, or an error.
pub fn load(file: &[u8]) {
    let is_one = file.len().is_multiple_of(2);
    for is_writable in [false, true] {
        where_it_lies(file, is_writable, is_one);
    }
    let from_memory = outcome(file, &mut SliceSource::new(file), is_one, |_| false);
    let from_stream = outcome(file, &mut Stream::new(file), is_one, |_| false);
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
fn where_it_lies(file: &[u8], is_writable: bool, is_one: bool) {
    // Aligned for every word.
    let mut words = vec![0u64; file.len().div_ceil(8)];
    let at = NonNull::from(words.as_mut_slice()).cast::<u8>();
    // SAFETY: there is room for the file; the words live until everything is unloaded, and nobody else uses them.
    let bytes = unsafe {
        at.copy_from_nonoverlapping(NonNull::from(file).cast(), file.len());
        InPlace::new(at, file.len(), BASE - 0x10_0000, is_writable)
    };
    // That it is refused is no wonder: a file that is relocated in place may lie too far from what it calls.
    let _ = match is_writable {
        // The dry run reads it piece by piece.
        true => outcome(
            file,
            &mut WritableSlice::mapped(bytes),
            is_one,
            is_of_a_symbol,
        ),
        false => outcome(file, &mut PersistentSlice::mapped(bytes), is_one, |_| false),
    };
    drop(words);
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
    may_differ: fn(&LoadError) -> bool,
) -> Outcome {
    let heap = CheckedHeap::new(BASE, is_one);
    let mut llext = Llext::new(&heap, exports(), machine_of(file));
    let mut told = Told::default();
    let needs = llext.dry_run(source, "x", &options(), &mut told);
    assert!(heap.in_use().is_empty(), "a dry run gives everything back");
    let loaded = llext.load(source, "x", &options(), &mut ()).map(|x| {
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
