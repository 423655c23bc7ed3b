//! The frames of machine mode: what host tools and the firmware say to each other instead of lines and a prompt.
//!
//! ```text
//! on the wire   COBS(body) 00        any number of 00 between frames is nothing
//! body          kind u8 · request id u16 · payload, 0 to 1,028 bytes · CRC-32/ISO-HDLC of all before u32
//! ```
//!
//! Integers are little-endian, text is UTF-8. What kinds there are, and what their payloads mean, [`Kind`] says; the page
//! `wire/README.md` shows who answers what.
//!
//! COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) takes one byte in 254 and leaves 00 to end frames: after
//! any damage the next 00 is a beginning. CRC-32 finds every burst of up to 32 bits in a frame, and of what else may happen to one
//! all but a part in 2^32. What is damaged, too long or of an unknown kind is dropped, and nobody answers.
//!
//! # Promises
//! 1. No `unsafe`, no allocation, no panic, whatever comes: a [`Decoder`] holds one frame, [`fn@encode`] 255 bytes on the stack.
//! 2. Bytes may come in any pieces.
//! 3. A change of one bit is always found.
//!
//! ```
//! use llext_wire::{Decoder, Frame, Kind, encode};
//!
//! let mut line = Vec::new();
//! encode(Kind::Run, 7, &[b"llext list"], &mut |bytes| line.extend_from_slice(bytes)).unwrap();
//! assert_eq!(line.last(), Some(&0));
//!
//! let mut decoder = Decoder::new();
//! let mut frames = Vec::new();
//! decoder.push(&line, &mut |Frame { kind, id, payload }| frames.push((kind, id, payload.to_vec())));
//! assert_eq!(frames, [(Kind::Run, 7, b"llext list".to_vec())]);
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod decode;
mod encode;
mod field;
mod framer;
mod kind;
mod signal;

pub use decode::{Decoder, Frame};
pub use encode::{TooLong, encode};
pub use field::{Field, Fields, escape};
pub use framer::{Done, Framer, Sink, WAITING};
pub use kind::{Kind, Status};
pub use signal::{Signal, Signals};

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// The version of the protocol, which HELLO tells.
pub const PROTOCOL: u32 = 1;

/// The most bytes of a file in a frame of kind [`Kind::Data`] or [`Kind::DataOut`].
pub const CHUNK: usize = 1024;

/// The most bytes of a payload: an offset and [`CHUNK`] bytes.
pub const PAYLOAD: usize = 4 + CHUNK;

/// Bytes of file contents that may be on their way, unacknowledged: with stuffing and frames they fit into the 4,096 bytes
/// that the firmware holds for a reader that is busy.
pub const WINDOW: usize = 3 * CHUNK;

/// A host sends again from the last acknowledged byte when so many milliseconds brought no acknowledgement.
pub const RESEND_MS: u32 = 500;

/// Machine mode ends when no valid frame came for so many milliseconds while no request ran, unless `--timeout` says otherwise.
pub const IDLE_MS: u32 = 10_000;

/// What interrupts a request that runs, sent outside of frames: Ctrl-C as a frame of its own.
pub const INTERRUPT: [u8; 3] = [0, 3, 0];

/// So many 00 in a row are a break, where the line knows none.
pub const BREAK: usize = 16;

/// Bytes of a body without its payload: kind, id, CRC.
const AROUND: usize = 1 + 2 + 4;

/// The checksum of frames and of whole files: CRC-32/ISO-HDLC, which is also that of zlib, Ethernet and PNG.
///
/// Without a table: 8 steps a byte, which at 115,200 Bd is nothing, where a table would take 1 KiB of flash.
pub static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
