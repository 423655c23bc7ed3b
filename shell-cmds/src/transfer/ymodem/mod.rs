//! YMODEM, from its specification: C. Forsberg, "XMODEM/YMODEM Protocol Reference" (1988).
//!
//! ```plain
//! receiver   C                       ACK C        ACK        ACK      NAK      ACK C              ACK
//! sender       SOH 00 FF name length       STX 01     STX 02      EOT      EOT       SOH 00 FF 00…
//! ```
//!
//! A block is SOH (128 bytes) or STX (1,024), its number and that number inverted, the bytes, and a CRC-16 of them, high byte first.
//! Block 0 has the file's name, a NUL, its length in decimal; one without a name ends the batch. Ours differs from the text in
//! three places, each for the sake of a line that is not clean: what has been announced is never exceeded, the second EOT
//! counts, and a Ctrl-C before the first block, or alone and followed by silence, is the user's.

mod receive;
mod send;
#[cfg(test)]
mod tests;

pub use receive::Receiver;
pub use send::send;

use super::{End, byte_within};
use crate::context::Console;
use crc::{CRC_16_XMODEM, Crc, NoTable};

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const BS: u8 = 0x08;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;
const PAD: u8 = 0x1a;
/// A receiver that wants CRCs.
const CRC: u8 = b'C';

/// Bytes of the two sizes of blocks.
const SHORT: usize = 128;
const LONG: usize = 1024;

/// A receiver asks each second; so often, until the other side begins.
const PATIENCE: usize = 60;
/// How long the next byte of a block may take, in milliseconds.
const BYTE_MS: u32 = 1000;
/// How long a reply or a block may take, in milliseconds.
const REPLY_MS: u32 = 3000;
/// So many of these in a row, and the connection is lost.
const SILENCES: usize = 5;
/// So many damaged blocks in a row, likewise.
const ERRORS: usize = 10;
/// So many bytes that are no answer are as good as silence.
const STRAYS: usize = 64;
/// A line is quiet when nothing came for so many milliseconds.
const QUIET_MS: u32 = 500;
/// A Ctrl-C is one if nothing follows for so many milliseconds.
const ALONE_MS: u32 = 200;
/// A line that never gets quiet is not waited for after so many bytes.
const NOISE: usize = 16 * 1024;

/// The CRC of blocks. Without a table, as the other one (wire/src/lib.rs).
static CRC_16: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_XMODEM);

/// Waits until the line is quiet.
fn purge(console: &mut dyn Console) {
    for _ in 0..NOISE {
        if byte_within(console, QUIET_MS).is_none() {
            return;
        }
    }
}

/// Waits until the line is quiet, and `answer`s what the other side still says: blocks, and bytes that are `theirs`. What the user
/// types meanwhile stays for the shell, which goes on only then: lrzsz would swallow what it says.
fn part(console: &mut dyn Console, theirs: &[u8], answer: &[u8]) {
    let mut kept = 0;
    while let Some(byte) = console.peek_raw(kept, QUIET_MS) {
        let length = match byte {
            _ if kept > 0 => 0,
            SOH | STX if begins_block(console) => 5 + if byte == SOH { SHORT } else { LONG },
            _ => usize::from(theirs.contains(&byte)),
        };
        if length == 0 {
            kept += 1;
            continue;
        }
        let came = (0..length).all(|_| byte_within(console, BYTE_MS).is_some());
        if came {
            console.write_raw(answer);
        }
    }
}

/// Whether what comes is a block, and no key: its number follows, and that number inverted.
fn begins_block(console: &mut dyn Console) -> bool {
    let number = console.peek_raw(1, QUIET_MS);
    number.is_some() && console.peek_raw(2, QUIET_MS) == number.map(|number| !number)
}

/// Tells the other side that it is over, as lrzsz does: more than the two CAN that it needs, and rubbed out on a terminal.
fn cancel(console: &mut dyn Console, end: End) {
    console.write_raw(&[CAN; 8]);
    console.write_raw(&[BS; 8]);
    match end {
        // Nobody knows what may come of it.
        End::Lost => purge(console),
        _ => part(console, &[EOT, ACK, NAK, CAN, CRC], &[]),
    }
}

/// What a byte means that stands where a message begins, beside what is expected there. Before the other side `has_begun`, a
/// Ctrl-C is the user's whatever follows.
fn signal(console: &mut dyn Console, byte: u8, has_begun: bool) -> Option<End> {
    match byte {
        CAN if byte_within(console, BYTE_MS) == Some(CAN) => Some(End::Cancelled),
        ETX if !has_begun || console.peek_raw(0, ALONE_MS).is_none() => Some(End::Interrupted),
        _ => None,
    }
}
