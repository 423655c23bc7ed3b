//! What every source promises: all bytes, at every offset, and an error past the end.

use super::*;
use crate::testing::{ARENA, Arena};
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

fn file() -> Vec<u8> {
    (0..200u8).collect()
}

fn leaked() -> &'static mut [u8] {
    Box::leak(file().into_boxed_slice())
}

/// Reads every range, and ranges that end past the end of the file.
fn check(source: &mut dyn Source) {
    let file = file();
    assert_eq!((source.len(), source.is_empty()), (file.len(), false));
    for offset in 0..=file.len() {
        for len in [0, 1, 3, 4, 52, file.len() - offset] {
            let mut into = vec![0xee; len];
            match file.get(offset..offset + len) {
                Some(bytes) => {
                    assert_eq!(source.read_at(offset, &mut into), Ok(()));
                    assert_eq!(into, bytes);
                }
                None => assert_eq!(
                    source.read_at(offset, &mut into),
                    Err(SourceError::short(offset, len))
                ),
            }
        }
    }
    for offset in [file.len() + 1, usize::MAX - 1, usize::MAX] {
        let error = Err(SourceError::short(offset, 2));
        assert_eq!(source.read_at(offset, &mut [0; 2]), error);
    }
    assert!(source.peek().is_none_or(|bytes| bytes == file));
}

#[test]
fn a_slice_is_read_and_nothing_of_it_stays() {
    let file = file();
    let mut source = SliceSource::new(&file);
    check(&mut source);
    assert!(source.peek().is_some() && source.in_place().is_none());
}

#[test]
fn a_persistent_slice_stays_and_is_not_written() {
    let bytes = &*leaked();
    let mut source = PersistentSlice::new(bytes);
    check(&mut source);
    assert!(source.peek().is_some());
    for _ in 0..2 {
        let place = source.in_place().expect("a place");
        assert_eq!((place.len(), place.is_writable()), (200, false));
        assert_eq!(place.address(), bytes.as_ptr().addr());
        assert_eq!(place.start().as_ptr().cast_const(), bytes.as_ptr());
    }
}

#[test]
fn mapped_flash_stays_where_the_target_sees_it() {
    let flash = InPlace::persistent(leaked());
    // SAFETY: leaked, and not written any more.
    #[allow(unsafe_code)]
    let flash = unsafe { InPlace::new(flash.start(), flash.len(), 0x0800_0000, false) };
    let mut source = PersistentSlice::mapped(flash);
    check(&mut source);
    let address = source.in_place().map(|place| place.address());
    assert_eq!(address, Some(0x0800_0000));
    // What may be written is no constant.
    let mut source = PersistentSlice::mapped(InPlace::writable(leaked()));
    check(&mut source);
    assert!(source.peek().is_none() && source.in_place().is_none());
}

#[test]
fn a_writable_slice_serves_one_load() {
    let mut source = WritableSlice::new(leaked());
    check(&mut source);
    assert!(source.peek().is_none());
    let place = source.in_place().expect("a place");
    assert!(place.is_writable());
    check(&mut source);
    assert!(source.in_place().is_none());
    let used = SourceError {
        offset: 3,
        wanted: 1,
        reason: SourceFault::Used,
    };
    assert_eq!(source.read_at(3, &mut [0]), Err(used));
}

#[test]
fn a_stream_is_received_in_pieces_and_its_memory_goes_back() {
    let arena = Arena::new();
    let before = arena.blocks();
    for piece in [1, 7, 200, 1000] {
        let file = file();
        let mut rest = &file[..];
        let mut source = StreamSource::receive(&arena.heap, file.len(), &mut |into| {
            let count = piece.min(into.len()).min(rest.len());
            into[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            Ok(count)
        })
        .expect("a file");
        assert!(rest.is_empty() && source.peek().is_some() && source.in_place().is_none());
        check(&mut source);
        drop(source);
        assert_eq!(arena.blocks(), before);
    }
}

#[test]
fn a_stream_that_breaks_off_is_an_error_and_gives_its_memory_back() {
    let arena = Arena::new();
    let before = arena.blocks();
    let receive = |len, pieces: &[Result<usize, i32>]| {
        let mut pieces = pieces.iter();
        let received = StreamSource::receive(&arena.heap, len, &mut |_| {
            *pieces.next().expect("no more than that is read")
        });
        let error = received.map(|_| ()).err();
        assert_eq!(arena.blocks(), before);
        error
    };
    assert_eq!(receive(10, &[Ok(4), Ok(0)]), Some(SourceError::short(4, 6)));
    let device = SourceError {
        offset: 4,
        wanted: 6,
        reason: SourceFault::Device(-5),
    };
    assert_eq!(receive(10, &[Ok(4), Err(-5)]), Some(device));
    let memory = SourceError {
        offset: 0,
        wanted: ARENA,
        reason: SourceFault::Memory,
    };
    assert_eq!(receive(ARENA, &[]), Some(memory));
    // A reader that says more than it was given room for.
    assert_eq!(receive(10, &[Ok(4), Ok(usize::MAX)]), None);
    assert_eq!(receive(0, &[]), None);
}

#[test]
fn a_stream_without_a_length_is_received_to_its_end() {
    let arena = Arena::new();
    let before = arena.blocks();
    for len in [0, 1, 200, 4095, 4096, 4097, 10_000] {
        let file: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let mut rest = &file[..];
        let received = StreamSource::receive_all(&arena.heap, &mut |into| {
            let count = 777.min(into.len()).min(rest.len());
            into[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            Ok(count)
        });
        let received = received.expect("a file");
        assert_eq!((received.len(), received.peek()), (len, Some(&file[..])));
        drop(received);
        assert_eq!(arena.blocks(), before);
    }
}

#[test]
fn a_stream_without_a_length_that_breaks_off_gives_its_memory_back() {
    let arena = Arena::new();
    let before = arena.blocks();
    let mut pieces = [Ok(4096), Ok(5), Err(-5)].into_iter();
    let broken = StreamSource::receive_all(&arena.heap, &mut |_| pieces.next().expect("a piece"));
    let device = SourceError {
        offset: 4101,
        wanted: 4091,
        reason: SourceFault::Device(-5),
    };
    assert_eq!(broken.map(|_| ()).err(), Some(device));
    assert_eq!(arena.blocks(), before);
    // One that never ends.
    let endless = StreamSource::receive_all(&arena.heap, &mut |into| Ok(into.len()));
    let reason = endless.map(|_| ()).map_err(|error| error.reason).err();
    assert_eq!(reason, Some(SourceFault::Memory));
    assert_eq!(arena.blocks(), before);
}
