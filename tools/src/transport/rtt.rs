//! SEGGER RTT: rings in the target's memory, which a host reads and writes while the target runs.
//!
//! How the host comes to the memory is a [`Memory`]: a file that QEMU maps ([`mod@file`]), or a debug probe
//! (`probe`). The layout is that of `SEGGER_RTT_CB` (SEGGER's UM08001, "Real Time Transfer", chapter 16), which
//! the crate rtt-target has too:
//!
//! ```text
//! +0   "SEGGER RTT" and six NULs
//! +16  number of channels up to the host u32, then down to the target u32
//! +24  a channel after the other, up first: name, buffer, size, write index, read index, flags, u32 each
//! ```
//!
//! The console is channel 0. Before the firmware has set RTT up, and while a reset does it anew, there is no block: then nothing
//! comes and nothing goes.

pub mod file;

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Transport;

/// The words that the control block begins with.
const ID: [u32; 4] = words(b"SEGGER RTT\0\0\0\0\0\0");
/// Bytes of what is before the channels, and of a channel's description.
const HEADER: u32 = 24;
const CHANNEL: u32 = 24;
/// More channels than any firmware has.
const CHANNELS: u32 = 64;
/// Between two looks at an index that has not moved: short at first, since the answer to a key comes within this.
const SHORT: Duration = Duration::from_micros(100);
const LONG: Duration = Duration::from_millis(2);

const fn words(text: &[u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *text;
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
        u32::from_le_bytes([i, j, k, l]),
        u32::from_le_bytes([m, n, o, p]),
    ]
}

/// The memory of a target that runs, by the target's addresses.
pub trait Memory: Send {
    /// Whether all of these bytes can be read and written.
    fn holds(&self, start: u32, size: u32) -> bool;

    /// Reads aligned words, each at once. Every look at a ring begins with this.
    ///
    /// # Errors
    /// The target is gone ([`io::ErrorKind::UnexpectedEof`], or what the system says).
    fn words(&mut self, at: u32, into: &mut [u32]) -> io::Result<()>;

    /// Writes an aligned word at once, after all that was written before.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    fn set_word(&mut self, at: u32, word: u32) -> io::Result<()>;

    /// Reads bytes.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    fn bytes(&mut self, at: u32, into: &mut [u8]) -> io::Result<()>;

    /// Writes bytes.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    fn set_bytes(&mut self, at: u32, bytes: &[u8]) -> io::Result<()>;

    /// The last aligned address, below `end` if that is said, at which this word lies.
    ///
    /// # Errors
    /// As [`words`](Self::words).
    fn find_last(&mut self, word: u32, end: Option<u32>) -> io::Result<Option<u32>>;
}

/// The console on channel 0.
pub struct Rtt {
    memory: Box<dyn Memory>,
    /// Where the control block was when it was seen last.
    block: Option<u32>,
}

/// Channel 0 in both directions.
struct Rings {
    up: Ring,
    down: Ring,
}

impl Rtt {
    /// Maps `file`, whose first byte has the address `base` on the target: see [`mod@file`].
    ///
    /// # Errors
    /// It is not there, or is too short to hold a control block.
    pub fn open(file: &Path, base: Option<u32>) -> io::Result<Rtt> {
        Ok(Rtt::in_memory(Box::new(file::Mapped::open(file, base)?)))
    }

    /// In this memory.
    pub fn in_memory(memory: Box<dyn Memory>) -> Rtt {
        Rtt {
            memory,
            block: None,
        }
    }

    /// The rings as they are now, if there is a control block. It is looked for where it was, then from the end: files and
    /// extensions, which may look like one, lie before it.
    fn look(&mut self) -> io::Result<Option<Rings>> {
        if let Some(block) = self.block {
            let rings = self.rings(block)?;
            if rings.is_some() {
                return Ok(rings);
            }
        }
        self.block = None;
        let mut end = None;
        while let Some(at) = self.memory.find_last(ID[0], end)? {
            let rings = self.rings(at)?;
            if rings.is_some() {
                self.block = Some(at);
                return Ok(rings);
            }
            end = Some(at);
        }
        Ok(None)
    }

    /// The rings of the control block at `block`, if there is one.
    fn rings(&mut self, block: u32) -> io::Result<Option<Rings>> {
        if !self.memory.holds(block, HEADER + 2 * CHANNEL) {
            return Ok(None);
        }
        let mut header = [0; 6];
        self.memory.words(block, &mut header)?;
        let [id @ .., ups, downs] = header;
        if id != ID || !(1..CHANNELS).contains(&ups) || downs == 0 {
            return Ok(None);
        }
        let (up, down) = (block + HEADER, block + HEADER + ups * CHANNEL);
        Ok(match (self.ring(up)?, self.ring(down)?) {
            (Some(up), Some(down)) => Some(Rings { up, down }),
            _ => None,
        })
    }

    /// The channel that is described at `at`, if its buffer lies in the memory and its indices in the buffer.
    fn ring(&mut self, at: u32) -> io::Result<Option<Ring>> {
        if !self.memory.holds(at, CHANNEL) {
            return Ok(None);
        }
        let mut channel = [0; 6];
        self.memory.words(at, &mut channel)?;
        let [_, start, size, write, read, _] = channel;
        let is_within = start != 0 && self.memory.holds(start, size);
        let ring = Ring {
            at,
            start,
            size,
            write,
            read,
        };
        Ok((is_within && write < size && read < size).then_some(ring))
    }

    /// Does `step` again and again until it has moved something, or `timeout` has passed.
    fn until(
        &mut self,
        timeout: Duration,
        step: &mut dyn FnMut(&mut dyn Memory, Rings) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let start = Instant::now();
        let mut pause = SHORT;
        loop {
            let count = match self.look()? {
                Some(rings) => step(&mut *self.memory, rings)?,
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
        self.until(timeout, &mut |memory, rings| rings.up.take(memory, into))
    }

    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.until(timeout, &mut |memory, rings| rings.down.put(memory, bytes))
    }
}

/// One direction: who writes moves `write`, who reads moves `read`; both are equal when it is empty.
struct Ring {
    /// Where it is described.
    at: u32,
    start: u32,
    size: u32,
    write: u32,
    read: u32,
}

impl Ring {
    /// Takes what is there, up to the length of `into`: a piece up to the end of the buffer, and one from its beginning.
    fn take(mut self, memory: &mut dyn Memory, into: &mut [u8]) -> io::Result<usize> {
        let mut rest = into;
        let mut taken = 0;
        while self.read != self.write && !rest.is_empty() {
            let end = match self.write > self.read {
                true => self.write,
                false => self.size,
            };
            let count = rest.len().min((end - self.read) as usize);
            let (piece, more) = rest.split_at_mut(count);
            memory.bytes(self.start + self.read, piece)?;
            self.read = (self.read + count as u32) % self.size;
            taken += count;
            rest = more;
        }
        if taken > 0 {
            memory.set_word(self.at + 16, self.read)?;
        }
        Ok(taken)
    }

    /// Puts as many of `bytes` as there is room for.
    fn put(mut self, memory: &mut dyn Memory, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        loop {
            let room = (self.read + self.size - self.write - 1) % self.size;
            let count = rest.len().min(room.min(self.size - self.write) as usize);
            let (piece, more) = rest.split_at(count);
            if piece.is_empty() {
                break;
            }
            memory.set_bytes(self.start + self.write, piece)?;
            self.write = (self.write + count as u32) % self.size;
            rest = more;
        }
        let put = bytes.len() - rest.len();
        if put > 0 {
            memory.set_word(self.at + 12, self.write)?;
        }
        Ok(put)
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
    const NAME: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";

    /// A file of 4 KiB as firmware leaves it: 16 bytes up, 8 down.
    fn firmware() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(4096).expect("it grows");
        write(&file, BLOCK, NAME);
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
        write(&file, BLOCK, NAME);
        assert_eq!(rtt.read(&mut chunk, Duration::ZERO).expect("1"), 1);
    }

    #[test]
    fn a_block_that_points_outside_is_none() {
        for (at, word) in [(8, 5000), (12, 16), (16, 16), (4, 0)] {
            let file = firmware();
            write(&file, BLOCK + 24 + at, &u32::to_le_bytes(word));
            let mut rtt = Rtt::open(file.path(), None).expect("it maps");
            assert!(rtt.look().expect("it is there").is_none(), "{at}");
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
