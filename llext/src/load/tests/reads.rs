//! How often a file is read that does not lie in memory.

use super::*;
use crate::{Llext, LoadOptions, SliceSource, Source, SourceError, UNKNOWN_LENGTH};

/// A source that counts reads.
struct Counted<'b> {
    source: SliceSource<'b>,
    reads: usize,
    /// How often each byte was read.
    times: Vec<usize>,
}

impl Source for Counted<'_> {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        self.reads += 1;
        let times = &mut self.times[offset..offset + into.len()];
        times.iter_mut().for_each(|times| *times += 1);
        self.source.read_at(offset, into)
    }
}

/// Loads `image`, and gives the number of reads and how often each byte was read.
fn load(image: &Image) -> (usize, Vec<usize>) {
    let arena = Arena::new();
    let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
    let mut source = Counted {
        source: image.source(),
        reads: 0,
        times: vec![0; image.bytes.len()],
    };
    let loaded = llext.load(&mut source, "x", &LoadOptions::DEFAULT, &mut ());
    loaded.expect("an extension");
    (source.reads, source.times)
}

/// As many sections with a relocation each, whose symbols are used in another order than they are listed in.
fn many(count: usize) -> Elf {
    let mut elf = Elf::new(&ARM);
    let sections: Vec<_> = (0..count)
        .map(|_| elf.section(".data.some", SHT_PROGBITS, A | W, 4, &[0; 8]))
        .collect();
    let symbols: Vec<_> = sections
        .iter()
        .map(|&section| elf.symbol("", LOCAL | OBJECT, section, 0, 4))
        .collect();
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    for (n, &section) in sections.iter().enumerate() {
        elf.relocate(section, 0, symbols[(n + 7) % count], R_ARM_ABS32, None);
        elf.relocate(section, 4, far, R_ARM_ABS32, None);
    }
    elf
}

#[test]
fn a_small_file_is_read_once() {
    let image = small().build();
    assert!(image.bytes.len() < SMALL);
    let (reads, times) = load(&image);
    assert_eq!(reads, 1);
    assert!(times.iter().all(|&times| times == 1));
}

#[test]
fn a_larger_file_is_read_in_a_few_steps() {
    let mut elf = small();
    elf.section(".comment", SHT_PROGBITS, 0, 1, &[0; SMALL]);
    let (reads, times) = load(&elf.build());
    assert!(reads <= 9, "{reads}");
    assert!(times.iter().all(|&times| times <= 5), "{times:?}");
}

/// The same file with `size` bytes at `offset` behind its end, at an odd place, and where that is.
fn move_to_the_end(mut image: Image, offset: u32, size: u32) -> (Image, u32) {
    let (offset, size) = (offset as usize, size as usize);
    let moved = image.bytes[offset..offset + size].to_vec();
    let odd = image.bytes.len() | 1;
    image.bytes.resize(odd, 0);
    image.bytes.extend(moved);
    (image, odd as u32)
}

#[test]
fn tables_need_not_be_aligned() {
    for more in [0, SMALL] {
        let mut elf = small();
        elf.section(".comment", SHT_PROGBITS, 0, 1, &vec![0; more]);
        let mut image = elf.build();
        let (headers, count) = (word(&image.bytes, 32), word(&image.bytes, 48) & 0xffff);
        for index in 0..count {
            let header = (headers + index * 40) as usize;
            let kind = word(&image.bytes, header + 4);
            if kind != SHT_PROGBITS && kind != SHT_NOBITS {
                let (offset, size) = (
                    word(&image.bytes, header + 16),
                    word(&image.bytes, header + 20),
                );
                let (moved, odd) = move_to_the_end(image, offset, size);
                image = moved.put(header + 16, &odd.to_le_bytes());
            }
        }
        let (moved, odd) = move_to_the_end(image, headers, count * 40);
        assert_eq!(moved.bytes.len() <= SMALL, more == 0);
        load(&moved.put(32, &odd.to_le_bytes()));
    }
}

#[test]
fn neighbours_are_read_together() {
    for count in [100, 200] {
        let image = many(count).build();
        let (reads, times) = load(&image);
        // Two headers of 40 bytes a section, which three phases go through; a name; two relocations, which are checked and
        // applied; a symbol; eight bytes. All but the header are read in windows of 440 bytes.
        let bytes = 3 * 2 * 40 + 24 + 2 * 16 + 16 + 8;
        assert!(reads <= count * bytes / 440 + 15, "{count}: {reads}");
        let read: usize = times.iter().sum();
        assert!(read <= count * bytes + 15 * 440, "{count}: {read}");
        assert!(times.iter().all(|&times| times <= 6), "{times:?}");
    }
}

#[test]
fn large_sections_are_read_once() {
    let mut elf = small();
    elf.section(".rodata", SHT_PROGBITS, A, 4, &[7; 5000]);
    let image = elf.build();
    let (_, times) = load(&image);
    let start = image.bytes.windows(9).position(|bytes| bytes == [7; 9]);
    let start = start.expect("the section");
    let again = times[start..start + 5000].iter().filter(|&&n| n != 1);
    assert!(again.count() <= 440);
}

/// A source that does not know its length.
struct Endless<'b>(SliceSource<'b>);

impl Source for Endless<'_> {
    fn len(&self) -> usize {
        UNKNOWN_LENGTH
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        self.0.read_at(offset, into)
    }
}

#[test]
fn nothing_is_read_ahead_of_a_file_without_a_length() {
    for image in [small().build(), many(100).build()] {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[("far", 0x101)]), &ARM);
        let mut source = Endless(image.source());
        let loaded = llext.load(&mut source, "x", &LoadOptions::DEFAULT, &mut ());
        assert_eq!(loaded.err(), None);
    }
}
