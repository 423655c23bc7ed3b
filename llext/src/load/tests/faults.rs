//! Whatever fails, and whenever: nothing has changed (invariant 2).

use super::linked::library;
use super::*;
use crate::{ExtensionId, Llext, LoadError, LoadOptions, SliceSource, SourceFault};
use core::cell::Cell;

const KEEP: LoadOptions<'static> = LoadOptions {
    origin: "/ext/x.elf",
    keep_sections: true,
    ..LoadOptions::DEFAULT
};

/// A file that uses an export of another extension, with constructors and a build-id.
fn user() -> Elf {
    let mut elf = small();
    let other = elf.symbol("other", GLOBAL, 0, 0, 0);
    elf.relocate(2, 0, other, R_ARM_ABS32, None);
    let init = elf.section(".init_array", SHT_INIT_ARRAY, A | W, 4, &[0; 4]);
    elf.relocate(init, 0, 2, R_ARM_ABS32, None);
    let note = [
        &[4, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0][..],
        b"GNU\0",
        b"buildid!",
    ]
    .concat();
    elf.section(".note.gnu.build-id", SHT_NOTE, A, 4, &note);
    elf
}

fn listing(llext: &Llext<'_>) -> Vec<(ExtensionId, String, Vec<ExtensionId>)> {
    llext
        .iter()
        .map(|x| (x.id(), x.name().into(), x.dependencies().collect()))
        .collect()
}

fn with_other<'h>(heap: &'h dyn crate::Heap) -> Llext<'h> {
    let mut llext = Llext::new(heap, exports(&[("far", 0x101)]), &ARM);
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 4]);
    elf.symbol("other", GLOBAL | FUNC, text, 1, 4);
    llext
        .load(&mut elf.build().source(), "other", &KEEP, &mut ())
        .unwrap();
    llext
}

#[test]
fn no_memory_at_the_kth_request() {
    // Scratch, and all the rest in one block; scratch, a descriptor and four regions, or an image.
    // And twice, because it depends on another extension, which a table that was trusted does not say.
    no_memory_of(&user().build(), true, 4);
    no_memory_of(&user().build(), false, 12);
    no_memory_of(&library(), true, 2);
    no_memory_of(&library(), false, 3);
}

fn no_memory_of(image: &Image, one: bool, requests: usize) {
    let arena = Arena::new();
    let heap = FailingHeap {
        heap: &arena.heap,
        fail_at: Cell::new(usize::MAX),
        one,
    };
    let mut llext = with_other(&heap);
    let before = (arena.blocks(), arena.heap.stats().used, listing(&llext));
    for k in 0.. {
        heap.fail_at.set(k);
        match llext.load(&mut image.source(), "x", &KEEP, &mut ()) {
            Err(error) => assert!(matches!(error, LoadError::OutOfMemory { .. }), "{error}"),
            Ok(x) => {
                assert_eq!(k, requests);
                assert!(x.find("run").is_some());
                break;
            }
        }
        assert_eq!(
            (arena.blocks(), arena.heap.stats().used, listing(&llext)),
            before,
            "{k}"
        );
    }
    llext.unload("x").unwrap();
    assert_eq!(
        (arena.blocks(), arena.heap.stats().used, listing(&llext)),
        before
    );
}

#[test]
fn the_kth_read_fails() {
    the_kth_read_of(&small().build(), 0);
    the_kth_read_of(&user().build(), 0);
    the_kth_read_of(&library(), 0);
    // Larger than what is kept of what was read.
    let mut large = user();
    large.section(".comment", SHT_PROGBITS, 0, 1, &[0; SMALL]);
    the_kth_read_of(&large.build(), 8);
    for _ in 0..60 {
        let data = large.section(".data.some", SHT_PROGBITS, A | W, 4, &[0; 12]);
        large.relocate(data, 0, 1, R_ARM_ABS32, None);
    }
    the_kth_read_of(&large.build(), 40);
}

fn the_kth_read_of(image: &Image, least: usize) {
    let arena = Arena::new();
    let mut llext = with_other(&arena.heap);
    let before = (arena.blocks(), listing(&llext));
    let mut reads = 0;
    loop {
        let mut source = FailingSource {
            source: image.source(),
            fail_at: reads,
        };
        match llext.load(&mut source, "x", &KEEP, &mut ()) {
            Err(error) => assert!(matches!(error, LoadError::Source(_)), "{error}"),
            Ok(_) => break,
        }
        assert_eq!((arena.blocks(), listing(&llext)), before, "{reads}");
        reads += 1;
    }
    assert!(reads > least, "{reads}");
}

#[test]
fn a_read_is_short_wherever_the_bytes_end() {
    for image in [user().build(), library()] {
        let arena = Arena::new();
        let mut llext = with_other(&arena.heap);
        let before = (arena.blocks(), listing(&llext));
        let len = image.bytes.len();
        for there in 0..len {
            let mut source = ShortSource {
                source: SliceSource::new(&image.bytes[..there]),
                len,
            };
            match llext.load(&mut source, "x", &KEEP, &mut ()) {
                Err(LoadError::Source(error)) => assert_eq!(error.reason, SourceFault::Short),
                Err(error) => panic!("{there}: {error}"),
                // What is missing was not needed.
                Ok(_) => _ = llext.unload("x").unwrap(),
            }
            assert_eq!((arena.blocks(), listing(&llext)), before, "{there}");
        }
    }
}

#[test]
fn any_byte_may_be_anything() {
    assert!(refusals_by_a_byte(&user().build()) > 1000);
    assert!(refusals_by_a_byte(&library()) > 300);
}

/// How many files are refused that differ from `good` in one byte.
fn refusals_by_a_byte(good: &Image) -> usize {
    let arena = Arena::new();
    let mut llext = with_other(&arena.heap);
    let before = (arena.blocks(), listing(&llext));
    let mut refused = 0;
    for at in 0..good.bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, good.bytes[at] ^ 4] {
            let image = good.clone().put(at, &[value]);
            match llext.load(&mut image.source(), "x", &KEEP, &mut ()) {
                Ok(x) => {
                    x.exports().for_each(drop);
                    x.sections().for_each(drop);
                    llext.unload("x").unwrap();
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
            assert_eq!((arena.blocks(), listing(&llext)), before, "{at}: {value}");
        }
    }
    refused
}
