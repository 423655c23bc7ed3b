//! Linked files (`ET_DYN`) by hand.

use super::*;

/// Bytes of each such file, whatever there is in it.
pub(super) const LEN: u32 = 0x200;
/// `PT_LOAD` of all of it: type, offset, two addresses, two sizes, flags, alignment.
pub(super) const ALL: [u32; 8] = [1, 0, 0, 0, LEN, LEN, 6, 4];

/// A file of these program headers, behind them its dynamic section, and behind that the rest.
pub(super) fn linked(segments: &[[u32; 8]], dynamic: &[[u32; 2]], rest: &[u8]) -> Image {
    let mut image = small().build();
    image.bytes.truncate(52);
    let parts = [segments.as_flattened(), dynamic.as_flattened()].concat();
    image
        .bytes
        .extend(parts.into_iter().flat_map(u32::to_le_bytes));
    image.bytes.extend(rest);
    image.bytes.resize(LEN as usize, 0);
    let phnum = segments.len() as u8;
    image
        .put(16, &[3])
        .put(28, &[52, 0, 0, 0, 0, 0, 0, 0])
        .put(42, &[32, 0, phnum, 0])
        .put(48, &[0; 4])
}

/// A library with a function `run`, a pointer to it, and one to `far` of the firmware.
pub(super) fn library() -> Image {
    library_of([6, 6])
}

/// The same with these flags of its segments: all up to the code, and the code.
fn library_of(flags: [u32; 2]) -> Image {
    // Where things are, each behind the one before.
    let dynamic = 52 + 3 * 32;
    let hash = dynamic + 9 * 8;
    let symbols = hash + 6 * 4;
    let names = symbols + 3 * 16;
    let relocations = names + 12;
    let pointers = relocations + 2 * 8;
    let code = pointers + 2 * 4;
    let rest = [
        // One bucket, three symbols.
        [1, 3, 0, 0, 0, 0].map(u32::to_le_bytes).concat(),
        vec![0; 16],
        [1, code | 1, 4].map(u32::to_le_bytes).concat(),
        vec![GLOBAL | FUNC, 0, 1, 0],
        [5, 0, 0].map(u32::to_le_bytes).concat(),
        vec![GLOBAL | NOTYPE, 0, 0, 0],
        b"\0run\0far\0\0\0\0".to_vec(),
        // R_ARM_RELATIVE, R_ARM_GLOB_DAT.
        [pointers, 23, pointers + 4, 2 << 8 | 21, code | 1, 0]
            .map(u32::to_le_bytes)
            .concat(),
        vec![0x70, 0x47, 0x70, 0x47],
    ];
    let entries = [
        [4, hash],
        [6, symbols],
        [5, names],
        [10, 12],
        [11, 16],
        [17, relocations],
        [18, 16],
        [19, 8],
        [0, 0],
    ];
    let size = 8 * entries.len() as u32;
    let (first, second, left) = (flags[0], flags[1], LEN - code);
    let segments = [
        [1, 0, 0, 0, code, code, first, 4],
        [1, code, code, code, left, left, second, 4],
        [2, dynamic, dynamic, dynamic, size, size, 6, 4],
    ];
    linked(&segments, &entries, &rest.concat())
}

#[test]
fn a_library_is_loaded() {
    let arena = Arena::new();
    let mut llext = crate::Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let options = crate::LoadOptions::DEFAULT;
    let x = llext.load(&mut library().source(), "x", &options, &mut ());
    let x = x.expect("an extension");
    let run = x.find("run").expect("an export");
    let mut pointers = [0; 8];
    assert!(x.read((run & !1) - 8, &mut pointers));
    assert_eq!(
        (word(&pointers, 0) as usize, word(&pointers, 4)),
        (run, 0x101)
    );
}

#[test]
fn segments_in_any_order_are_in_regions_that_do_not_overlap() {
    const READ: u32 = 4;
    const WRITE: u32 = 6;
    const EXECUTE: u32 = 5;
    for first in [READ, WRITE, EXECUTE] {
        for second in [READ, WRITE, EXECUTE] {
            let arena = Arena::new();
            let mut llext = crate::Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
            let options = crate::LoadOptions::DEFAULT;
            let image = library_of([first, second]);
            let x = llext.load(&mut image.source(), "x", &options, &mut ());
            let mut regions: Vec<_> = x.expect("an extension").regions().collect();
            regions.sort_by_key(|region| region.address);
            let apart = |pair: &[crate::Region]| pair[0].address + pair[0].size <= pair[1].address;
            assert!(
                regions.windows(2).all(apart),
                "{first} {second}: {regions:?}"
            );
        }
    }
}
