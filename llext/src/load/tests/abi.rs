//! Files that say which firmware they were built for.

use super::*;
use crate::source::Source;
use crate::{AbiId, Llext, LoadError, LoadOptions};

const OURS: AbiId = AbiId(0x1234_5678);
const OTHER: AbiId = AbiId(0x1234_5679);

/// The note that the SDK writes.
fn note(id: AbiId) -> Vec<u8> {
    let words = [6, 4, 1].map(u32::to_le_bytes).concat();
    [&words, &b"llext\0\0\0"[..], &id.0.to_le_bytes()].concat()
}

/// A file with these notes in a section with these flags.
fn with_notes(flags: u32, ids: &[AbiId]) -> Image {
    let mut elf = small();
    let notes: Vec<u8> = ids.iter().flat_map(|&id| note(id)).collect();
    elf.section(".note.llext.abi", SHT_NOTE, flags, 4, &notes);
    elf.build()
}

/// Loads `source` into firmware with the id `abi`; nothing is left of a refusal.
fn load(source: &mut dyn Source, abi: Option<AbiId>, ignore_abi: bool) -> Result<(), LoadError> {
    let arena = Arena::new();
    let blocks = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    if let Some(abi) = abi {
        llext = llext.with_abi(abi);
    }
    let options = LoadOptions {
        ignore_abi,
        ..LoadOptions::DEFAULT
    };
    let rehearsed = llext.dry_run(source, "x", &options, &mut ()).map(|_| ());
    let loaded = llext.load(source, "x", &options, &mut ()).map(|_| ());
    assert_eq!(rehearsed, loaded);
    assert!(loaded.is_ok() || arena.blocks() == blocks);
    loaded
}

#[test]
fn a_file_for_other_exports_is_refused_unless_that_is_ignored() {
    let wrong = Err(LoadError::WrongAbi {
        found: OTHER,
        wanted: OURS,
    });
    // Loaded (as an attribute of C makes it) or not; as the first note of its section or a later one.
    for flags in [0, A] {
        for notes in [&[OTHER][..], &[OURS, OTHER], &[OTHER, OURS]] {
            let image = with_notes(flags, notes);
            assert_eq!(load(&mut image.source(), Some(OURS), false), wrong);
            assert_eq!(load(&mut image.source(), Some(OURS), true), Ok(()));
            assert_eq!(load(&mut image.source(), None, false), Ok(()));
            let mut read = FailingSource {
                source: image.source(),
                fail_at: usize::MAX,
            };
            assert_eq!(load(&mut read, Some(OURS), false), wrong);
        }
    }
    assert_eq!(
        wrong.map_err(|error| error.to_string()),
        Err("built for exports 0x12345679, this firmware has 0x12345678".into())
    );
}

#[test]
fn a_file_for_these_exports_or_for_any_is_loaded() {
    for image in [
        with_notes(0, &[OURS, OURS]),
        with_notes(A, &[OURS]),
        small().build(),
    ] {
        assert_eq!(load(&mut image.source(), Some(OURS), false), Ok(()));
    }
}
