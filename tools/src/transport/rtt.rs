//! SEGGER RTT through a file that is the target's memory: what a debug probe does, without one.
//!
//! QEMU maps a board's RAM to a file (`-object memory-backend-file,mem-path=FILE,share=on`); a program that maps the same
//! file sees the rings of RTT and moves their indices. The layout is that of `SEGGER_RTT_CB` (SEGGER's UM08001, "Real Time
//! Transfer", chapter 16), which the crate rtt-target has too:
//!
//! ```text
//! +0   "SEGGER RTT" and six NULs
//! +16  number of channels up to the host u32, then down to the target u32
//! +24  a channel after the other, up first: name, buffer, size, write index, read index, flags, u32 each
//! ```
//!
//! The console is channel 0. Addresses are the target's; without `@ADDRESS` the file is taken to begin at a multiple of its
//! length (a power of two), as RAM does.
//!
//! Before the firmware has set RTT up, and while a reset does it anew, there is no block: then nothing comes and nothing goes.

// The mapping is memory that another program writes too. All accesses are atomic loads and stores of aligned words or bytes,
// within the mapping: invariant *within*, by `Memory::word` and `Memory::byte` alone.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memmap2::MmapRaw;

use super::{Transport, gone};

/// What the control block begins with.
const ID: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";
/// Bytes of a channel's description.
const CHANNEL: usize = 24;
/// Between two looks at an index that has not moved: short at first, since the answer to a key comes within this.
const SHORT: Duration = Duration::from_micros(100);
const LONG: Duration = Duration::from_millis(2);

/// The console on channel 0.
pub struct Rtt {
    memory: Memory,
    /// Address of the file's first byte.
    base: u32,
    /// Where the control block was when it was seen last.
    block: Option<usize>,
}

impl Rtt {
    /// Maps `file`, whose first byte has the address `base` on the target.
    ///
    /// # Errors
    /// It is not there, or is too short to hold a control block.
    pub fn open(file: &Path, base: Option<u32>) -> io::Result<Rtt> {
        let memory = Memory::map(file)?;
        if base.is_none() && !memory.len().is_power_of_two() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "its length is no power of two: say where it lies, as rtt:FILE@ADDRESS",
            ));
        }
        Ok(Rtt {
            memory,
            base: base.unwrap_or(0),
            block: None,
        })
    }

    /// Where the control block is. It is looked for where it was, then from the end: files and extensions, which may look
    /// like one, lie before it.
    fn block(&mut self) -> Option<usize> {
        let known = self.block.filter(|&at| self.memory.is(at, ID));
        self.block = known.or_else(|| {
            let words = 0..self.memory.len() / 4;
            let first = ID.first_chunk().map(|word| u32::from_le_bytes(*word));
            words
                .rev()
                .map(|word| word * 4)
                .find(|&at| self.memory.number(at) == first && self.is_block(at))
        });
        self.block
    }

    fn is_block(&self, at: usize) -> bool {
        self.memory.is(at, ID) && self.up(at).is_some() && self.down(at).is_some()
    }

    /// The first channel to the host.
    fn up(&self, block: usize) -> Option<Ring<'_>> {
        let ups = self.memory.number(block + 16)?;
        (ups > 0).then(|| self.ring(block + 24))?
    }

    /// The first channel to the target.
    fn down(&self, block: usize) -> Option<Ring<'_>> {
        let ups = usize::try_from(self.memory.number(block + 16)?).ok()?;
        let downs = self.memory.number(block + 20)?;
        (downs > 0 && ups < 64).then(|| self.ring(block + 24 + ups * CHANNEL))?
    }

    /// The channel that is described at `at`, if its buffer lies in the file and its indices in the buffer.
    fn ring(&self, at: usize) -> Option<Ring<'_>> {
        let address = self.memory.number(at + 4)?;
        let size = usize::try_from(self.memory.number(at + 8)?).ok()?;
        let offset = match self.base {
            0 => usize::try_from(address).ok()? & (self.memory.len() - 1),
            base => usize::try_from(address.checked_sub(base)?).ok()?,
        };
        let end = offset.checked_add(size)?;
        let ring = Ring {
            memory: &self.memory,
            start: offset,
            size,
            write: self.memory.word(at + 12)?,
            read: self.memory.word(at + 16)?,
        };
        let (write, read) = ring.indices();
        (address != 0 && end <= self.memory.len() && write < size && read < size).then_some(ring)
    }

    /// Does `step` again and again until it has moved something, or `timeout` has passed.
    fn until(
        &mut self,
        timeout: Duration,
        step: &mut dyn FnMut(&Rtt, usize) -> usize,
    ) -> io::Result<usize> {
        let start = Instant::now();
        let mut pause = SHORT;
        loop {
            if self.memory.is_gone()? {
                return Err(gone());
            }
            let count = match self.block() {
                Some(block) => step(self, block),
                None => 0,
            };
            let left = timeout.saturating_sub(start.elapsed());
            if count > 0 || left.is_zero() {
                return Ok(count);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONG);
        }
    }
}

impl Transport for Rtt {
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.until(timeout, &mut |rtt, block| {
            rtt.up(block).map_or(0, |ring| ring.take(into))
        })
    }

    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.until(timeout, &mut |rtt, block| {
            rtt.down(block).map_or(0, |ring| ring.put(bytes))
        })
    }
}

/// One direction: who writes moves `write`, who reads moves `read`; both are equal when it is empty.
struct Ring<'m> {
    memory: &'m Memory,
    start: usize,
    size: usize,
    write: &'m AtomicU32,
    read: &'m AtomicU32,
}

impl Ring<'_> {
    fn indices(&self) -> (usize, usize) {
        let index = |word: &AtomicU32| word.load(Ordering::Acquire) as usize;
        (index(self.write), index(self.read))
    }

    /// Takes what is there, up to the length of `into`.
    fn take(&self, into: &mut [u8]) -> usize {
        let (write, mut read) = self.indices();
        let mut count = 0;
        for place in into {
            let byte = self.memory.byte(self.start + read);
            let (true, Some(byte)) = (read != write, byte) else {
                break;
            };
            *place = byte.load(Ordering::Relaxed);
            read = (read + 1) % self.size;
            count += 1;
        }
        self.read.store(read as u32, Ordering::Release);
        count
    }

    /// Puts as many of `bytes` as there is room for.
    fn put(&self, bytes: &[u8]) -> usize {
        let (mut write, read) = self.indices();
        let mut count = 0;
        for &byte in bytes {
            let next = (write + 1) % self.size;
            let place = self.memory.byte(self.start + write);
            let (true, Some(place)) = (next != read, place) else {
                break;
            };
            place.store(byte, Ordering::Relaxed);
            write = next;
            count += 1;
        }
        self.write.store(write as u32, Ordering::Release);
        count
    }
}

/// A mapped file.
struct Memory {
    file: File,
    map: MmapRaw,
}

impl Memory {
    fn map(file: &Path) -> io::Result<Memory> {
        let file = File::options().read(true).write(true).open(file)?;
        let map = MmapRaw::map_raw(&file)?;
        if map.len() < 24 + 2 * CHANNEL {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the file is too short",
            ));
        }
        Ok(Memory { file, map })
    }

    fn len(&self) -> usize {
        self.map.len()
    }

    /// The run is over: its file was removed, or is shorter, and what is mapped behind its end must not be touched.
    fn is_gone(&self) -> io::Result<bool> {
        let now = self.file.metadata()?;
        Ok(now.nlink() == 0 || now.len() < self.len() as u64)
    }

    fn word(&self, at: usize) -> Option<&AtomicU32> {
        let is_within = at.is_multiple_of(4) && at.checked_add(4)? <= self.len();
        // SAFETY: a mapping begins at a page, so the word is aligned, and it lies within the mapping, which lives as long as
        // `self`; other programs access it too, for which there are atomics.
        is_within.then(|| unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) })
    }

    fn byte(&self, at: usize) -> Option<&AtomicU8> {
        // SAFETY: as `word`.
        (at < self.len()).then(|| unsafe { AtomicU8::from_ptr(self.map.as_mut_ptr().add(at)) })
    }

    fn number(&self, at: usize) -> Option<u32> {
        Some(self.word(at)?.load(Ordering::Acquire))
    }

    /// Whether `text`, whole words, is what lies at `at`.
    fn is(&self, at: usize, text: &[u8; 16]) -> bool {
        let words = text.chunks_exact(4).zip((at..).step_by(4));
        words.into_iter().all(|(word, at)| {
            let bytes = self.number(at).map(u32::to_le_bytes);
            bytes.is_some_and(|bytes| bytes == word)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    const BASE: u32 = 0x2100_0000;
    const BLOCK: u32 = 0x300;
    const UP: u32 = 0x400;
    const DOWN: u32 = 0x500;

    /// A file of 4 KiB as firmware leaves it: 16 bytes up, 8 down.
    fn firmware() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(4096).expect("it grows");
        write(&file, BLOCK, ID);
        let words = [
            1,
            1,
            0,
            BASE + UP,
            16,
            14,
            14,
            0,
            0,
            BASE + DOWN,
            8,
            0,
            0,
            0,
        ];
        for (at, word) in (BLOCK + 16..).step_by(4).zip(words) {
            write(&file, at, &u32::to_le_bytes(word));
        }
        file
    }

    fn write(file: &tempfile::NamedTempFile, at: u32, bytes: &[u8]) {
        file.as_file()
            .write_all_at(bytes, at.into())
            .expect("it is written");
    }

    fn read<const N: usize>(file: &tempfile::NamedTempFile, at: u32) -> [u8; N] {
        let mut bytes = [0; N];
        file.as_file()
            .read_exact_at(&mut bytes, at.into())
            .expect("it is read");
        bytes
    }

    #[test]
    fn what_the_target_wrote_is_read_across_the_end_of_the_ring() {
        for base in [None, Some(BASE)] {
            let file = firmware();
            write(&file, UP + 14, b"ab");
            write(&file, UP, b"cd");
            write(&file, BLOCK + 24 + 12, &2u32.to_le_bytes());
            let mut rtt = Rtt::open(file.path(), base).expect("it maps");
            let mut chunk = [0; 3];
            assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("3"), 3);
            assert_eq!(&chunk, b"abc");
            assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("1"), 1);
            assert_eq!(chunk.first(), Some(&b'd'));
            assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("0"), 0);
            assert_eq!(read(&file, BLOCK + 24 + 16), 2u32.to_le_bytes());
        }
    }

    #[test]
    fn what_is_written_stops_short_of_what_is_unread() {
        let file = firmware();
        let mut rtt = Rtt::open(file.path(), None).expect("it maps");
        assert_eq!(rtt.write_some(b"0123456789", Duration::ZERO).expect("7"), 7);
        assert_eq!(&read(&file, DOWN), b"0123456");
        assert_eq!(read(&file, BLOCK + 48 + 12), 7u32.to_le_bytes());
        assert_eq!(rtt.write_some(b"789", Duration::ZERO).expect("0"), 0);
        write(&file, BLOCK + 48 + 16, &3u32.to_le_bytes());
        assert_eq!(rtt.write_some(b"789", Duration::ZERO).expect("3"), 3);
        assert_eq!(&read(&file, DOWN), b"89234567");
    }

    #[test]
    fn without_a_block_there_is_silence_until_it_comes() {
        let file = firmware();
        write(&file, BLOCK, b"segger");
        let mut rtt = Rtt::open(file.path(), None).expect("it maps");
        let mut chunk = [0; 4];
        assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("0"), 0);
        write(&file, UP + 14, b"!");
        write(&file, BLOCK + 24 + 12, &15u32.to_le_bytes());
        write(&file, BLOCK, ID);
        assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("1"), 1);
    }

    #[test]
    fn a_block_that_points_outside_is_none() {
        for (at, word) in [(8, 5000), (12, 16), (16, 16), (4, 0)] {
            let file = firmware();
            write(&file, BLOCK + 24 + at, &u32::to_le_bytes(word));
            let mut rtt = Rtt::open(file.path(), None).expect("it maps");
            assert_eq!(rtt.block(), None, "{at}");
        }
    }

    #[test]
    fn the_end_of_the_run_is_the_end_of_the_stream() {
        let cut = |file: tempfile::NamedTempFile| file.as_file().set_len(0).expect("it shrinks");
        let remove = |file: tempfile::NamedTempFile| file.close().expect("it goes");
        for end in [cut as fn(_), remove] {
            let file = firmware();
            let mut rtt = Rtt::open(file.path(), None).expect("it maps");
            let _kept = file.reopen().expect("it opens");
            end(file);
            let error = rtt.read(&mut [0; 4], Duration::ZERO).expect_err("an end");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_file_that_cannot_be_memory_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(Rtt::open(file.path(), None).is_err());
        file.as_file().set_len(5000).expect("it grows");
        let error = Rtt::open(file.path(), None).err().map(|it| it.to_string());
        assert!(error.is_some_and(|error| error.contains("rtt:FILE@ADDRESS")));
    }
}
