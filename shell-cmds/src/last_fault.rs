//! What is remembered of the last fault: plain data in memory that a restart does not clear, as the firmware, this
//! crate and `gdb/llext.py` read it.
//!
//! The firmware keeps one, under the symbol `LLEXT_LAST_FAULT`. Its words are little-endian and lie one after the other:
//!
//! | offset | what |
//! |--:|---|
//! | 0 | `MAGIC`, the ASCII text `llxF` |
//! | 4 | checksum of all that follows: 32-bit FNV-1a over the bytes |
//! | 8 | cause: a number of [`FaultKind`](crate::context::FaultKind), or one of [`Cause`]'s from 32 on: exit, abort, assertion, interrupted, timed out, panic |
//! | 12 | the cause's figure: address that was accessed, exit status, line, milliseconds |
//! | 16 | whether there is such a figure: 0 or 1 |
//! | 20 | id of the extension that it happened in; 0 is the firmware |
//! | 24 | which registers are known, a bit each: two words |
//! | 32 | 33 registers, by their DWARF numbers, after them ARM's xPSR or RISC-V's pc |
//! | 164 | how many of the next addresses there are |
//! | 168 | 24 code addresses of the backtrace, the innermost first |
//! | 264 | whether the firmware restarted for it and has not said so yet: 0 or 1 |
//! | 268 | bytes of the report |
//! | 272 | the report as it was printed, in 1,536 bytes; what does not fit is cut |

use crate::context::{Cause, Stop};
use unwind::COUNT;

/// `llxF`.
const MAGIC: u32 = u32::from_le_bytes(*b"llxF");

/// The most addresses of a backtrace.
pub const FRAMES: usize = 24;

/// The longest report, in bytes.
pub const TEXT: usize = 1536;

/// The last fault.
#[repr(C)]
pub struct LastFault {
    magic: u32,
    checksum: u32,
    cause: u32,
    figure: u32,
    has_figure: u32,
    extension: u32,
    known: [u32; 2],
    registers: [u32; COUNT],
    frame_count: u32,
    frames: [u32; FRAMES],
    restarted: u32,
    text_len: u32,
    text: [u8; TEXT],
}

const _: () = assert!(size_of::<LastFault>() == 272 + TEXT);

impl LastFault {
    /// Nothing is remembered.
    pub const fn new() -> Self {
        Self {
            magic: 0,
            checksum: 0,
            cause: 0,
            figure: 0,
            has_figure: 0,
            extension: 0,
            known: [0; 2],
            registers: [0; COUNT],
            frame_count: 0,
            frames: [0; FRAMES],
            restarted: 0,
            text_len: 0,
            text: [0; TEXT],
        }
    }

    /// Forgets what was, and begins with how code of an extension (0: the firmware) ended.
    pub fn begin(&mut self, stop: &Stop, extension: u32) {
        let (cause, figure) = numbers(&stop.cause);
        self.magic = 0;
        self.cause = cause;
        self.figure = figure.unwrap_or(0);
        self.has_figure = figure.is_some().into();
        self.extension = extension;
        self.known = [0; 2];
        self.registers = [0; COUNT];
        for (number, register) in self.registers.iter_mut().enumerate() {
            if let Some(value) = stop.registers.get(number) {
                *register = value;
                let [low, high] = &mut self.known;
                *(if number < 32 { low } else { high }) |= 1 << (number & 31);
            }
        }
        self.frame_count = 0;
        self.frames = [0; FRAMES];
        self.restarted = 0;
        self.text_len = 0;
    }

    /// Adds an address to the backtrace.
    pub fn frame(&mut self, address: u32) {
        if let Some(frame) = self.frames.get_mut(self.frame_count as usize) {
            *frame = address;
            self.frame_count += 1;
        }
    }

    /// Adds to the report; what does not fit is cut.
    pub fn write(&mut self, text: &[u8]) {
        let room = self.text.iter_mut().skip(self.text_len as usize);
        let mut written = 0;
        for (place, byte) in room.zip(text) {
            *place = *byte;
            written += 1;
        }
        self.text_len += written;
    }

    /// Ends what [`begin`](Self::begin) began. From here on it is remembered.
    pub fn seal(&mut self) {
        self.magic = MAGIC;
        self.checksum = self.sum();
    }

    /// The firmware restarts for this, and is to say so.
    pub fn set_restarted(&mut self) {
        self.restarted = 1;
    }

    /// Whether the firmware restarted for this, and has not said so yet.
    pub fn take_restarted(&mut self) -> bool {
        let news = self.is_valid() && self.restarted != 0;
        if news {
            self.restarted = 0;
            self.seal();
        }
        news
    }

    /// The report; `None` if nothing is remembered.
    pub fn text(&self) -> Option<&[u8]> {
        self.text
            .get(..self.text_len as usize)
            .filter(|_| self.is_valid())
    }

    /// Whether this is a record, and not what memory holds at power-on.
    fn is_valid(&self) -> bool {
        self.magic == MAGIC && self.checksum == self.sum()
    }

    fn sum(&self) -> u32 {
        let words = [
            self.cause,
            self.figure,
            self.has_figure,
            self.extension,
            self.known[0],
            self.known[1],
        ];
        let words = words.iter().chain(&self.registers);
        let words = words.chain([&self.frame_count]).chain(&self.frames);
        let words = words.chain([&self.restarted, &self.text_len]);
        let sum = words.fold(FNV_BASIS, |sum, word| fnv(sum, &word.to_le_bytes()));
        fnv(sum, &self.text)
    }
}

impl Default for LastFault {
    fn default() -> Self {
        Self::new()
    }
}

/// 32-bit FNV-1a (draft-eastlake-fnv, section 5).
const FNV_BASIS: u32 = 0x811c_9dc5;

fn fnv(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// The number of a cause, and its figure.
fn numbers(cause: &Cause) -> (u32, Option<u32>) {
    match *cause {
        Cause::Fault(fault) => (fault.kind as u32, fault.address.map(|at| at as u32)),
        Cause::Exit(status) => (32, Some(status.cast_unsigned())),
        Cause::Abort => (33, None),
        Cause::Assertion(assertion) => (34, Some(assertion.line)),
        Cause::Interrupted => (35, None),
        Cause::TimedOut(milliseconds) => (36, Some(milliseconds)),
        Cause::Panic => (37, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Fault, FaultKind};
    use unwind::{ARM, Registers};

    fn stop() -> Stop {
        let mut registers = Registers::unknown(&ARM);
        registers.set(15, 0x103);
        registers.set(0, 7);
        Stop {
            cause: Cause::Fault(Fault {
                kind: FaultKind::Bus,
                address: Some(0xf000_0000),
            }),
            registers,
        }
    }

    #[test]
    fn what_was_sealed_is_remembered() {
        let mut last = LastFault::new();
        assert_eq!(last.text(), None);
        last.begin(&stop(), 3);
        last.frame(0x103);
        last.write(b"bus ");
        last.write(b"error");
        assert_eq!(last.text(), None);
        last.seal();
        assert_eq!(last.text(), Some(&b"bus error"[..]));
        assert!(!last.take_restarted());
        assert_eq!(
            (last.cause, last.figure, last.has_figure),
            (2, 0xf000_0000, 1)
        );
        assert_eq!((last.known, last.registers[15]), ([1 << 15 | 1, 0], 0x103));
        assert_eq!((last.frame_count, last.frames[0]), (1, 0x103));
    }

    #[test]
    fn a_restart_is_told_once() {
        let mut last = LastFault::new();
        last.begin(&stop(), 0);
        last.set_restarted();
        last.seal();
        assert!(last.take_restarted());
        assert!(!last.take_restarted());
        assert!(last.text().is_some());
    }

    #[test]
    fn what_was_damaged_is_not_believed() {
        let damages: [fn(&mut LastFault); 5] = [
            |last| last.text[TEXT - 1] ^= 1,
            |last| last.text_len = u32::MAX,
            |last| last.registers[7] ^= 0x100,
            |last| last.restarted = 1,
            |last| last.magic = 0,
        ];
        for damage in damages {
            let mut last = LastFault::new();
            last.begin(&stop(), 0);
            last.seal();
            damage(&mut last);
            assert!(last.text().is_none() && !last.take_restarted());
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let mut last = LastFault::new();
        last.begin(&stop(), 0);
        for _ in 0..TEXT {
            last.write(b"abc");
            last.frame(1);
        }
        last.seal();
        assert_eq!(last.text().unwrap().len(), TEXT);
        assert_eq!(last.frame_count as usize, FRAMES);
    }
}
