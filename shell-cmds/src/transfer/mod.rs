//! Files over the console, in both directions: by YMODEM at the human prompt, so that every terminal program can, and in frames
//! in machine mode (wire/README.md).
//!
//! | file | what |
//! |---|---|
//! | `ymodem/` | the protocol, from its specification |
//! | `framed.rs` | DATA, ACK, END of machine mode: a window, go-back-N, a checksum over all, resume |
//! | `recv.rs`, `send.rs` | the commands |
//! | `whole.rs` | a file for the loader, that goes to no file system |
//!
//! A file that is received is written under another name, and gets its own when all of it came: whatever happens to a transfer,
//! the old file is whole. What a transfer reads comes through [`Incoming`]: the next piece is asked for when the one before is
//! written, so that flash that is slow makes the host wait.

pub mod framed;
pub mod recv;
pub mod send;
pub mod whole;
mod ymodem;

use crate::{
    Failed,
    context::{Console, Context, FileError},
    text::{fail, hint},
};
use ufmt::{Formatter, uDisplay, uWrite};

/// A transfer ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Ctrl-C.
    Interrupted,
    /// The host does not want it any more.
    Cancelled,
    /// Nobody began in a minute.
    Nobody,
    /// Nothing came any more, or nothing that made sense.
    Lost,
    /// The host ended before the length that it had announced.
    Short,
    /// The host sent more than it had announced.
    Long,
    /// What came is not what was sent: the checksum of the whole.
    Damaged,
    /// A name that is none of a file.
    BadName,
    /// No name at all, where it needs one.
    Nameless,
    /// A length that is no number.
    BadLength,
    /// A second file, where one was asked for.
    Second,
    /// There is no memory for it.
    Memory,
    /// The file system refused.
    File(FileError),
}

impl End {
    /// What the file system is told of it.
    fn as_file(self) -> FileError {
        match self {
            Self::File(error) => error,
            _ => FileError::Interrupted,
        }
    }

    /// What to do about it, where there is something.
    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Nobody => {
                "start the sender or receiver on the host: `sb FILE`, `rb`, or the file transfer of the terminal program"
            }
            Self::BadName => "give the path: `recv PATH`",
            Self::Nameless => "give it one: `llext load - --name NAME`",
            Self::Second => "give a directory for several files",
            Self::Memory => {
                "`llext heap` shows what is in use; `recv` takes files that the heap has no room for"
            }
            Self::File(error) => return error.hint(),
            _ => return None,
        })
    }
}

impl uDisplay for End {
    fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        out.write_str(match self {
            Self::Interrupted => "was interrupted by Ctrl-C",
            Self::Cancelled => "the host cancelled it",
            Self::Nobody => "the host did not begin within a minute",
            Self::Lost => "the connection was lost",
            Self::Short => "the host ended it before the length that it had announced",
            Self::Long => "the host sent more than it had announced",
            Self::Damaged => "its checksum is not the host's",
            Self::BadName => "the host's name for it is none of a file",
            Self::Nameless => "it has no name",
            Self::BadLength => "the host's length for it is no number",
            Self::Second => "the host sends a second file",
            Self::Memory => "no memory for it",
            Self::File(error) => return error.fmt(out),
        })
    }
}

/// Says why the transfer of `subject` ended, and what to do about it.
fn refuse(ctx: &mut Context<'_>, what: &str, subject: &str, end: End) -> Failed {
    match subject {
        "" => fail!(ctx, what, "{}", end),
        _ => fail!(ctx, what, "{}: {}", subject, end),
    };
    if let Some(advice) = end.hint() {
        hint!(ctx, "{}", advice);
    }
    Failed
}

/// A file that is being received.
trait Incoming {
    /// Fills a part of `into` with what follows; 0 bytes are the end, and all is well. What was read before counts as taken.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, End>;
}

/// Bytes that are written at a time.
const CHUNK: usize = 512;

/// Has `sink` take all that comes. An `Err` of the sink is for the caller to tell to the host.
fn drain(
    incoming: &mut dyn Incoming,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
) -> Result<usize, End> {
    let mut chunk = [0; CHUNK];
    let mut length = 0usize;
    loop {
        let count = incoming.read(&mut chunk)?;
        if count == 0 {
            return Ok(length);
        }
        sink(chunk.get(..count).unwrap_or_default()).map_err(End::File)?;
        length += count;
    }
}

/// A piece of a file that came, of which a part is read already.
struct Piece {
    bytes: [u8; llext_wire::CHUNK],
    at: usize,
    length: usize,
}

impl Piece {
    const fn new() -> Self {
        Self {
            bytes: [0; llext_wire::CHUNK],
            at: 0,
            length: 0,
        }
    }

    /// Moves as much as fits.
    fn read(&mut self, into: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.at..self.length).unwrap_or_default();
        let count = rest.len().min(into.len());
        for (place, byte) in into.iter_mut().zip(rest) {
            *place = *byte;
        }
        self.at += count;
        count
    }
}

/// The next byte of the line; `None` if none came in time.
fn byte_within(console: &mut dyn Console, timeout_ms: u32) -> Option<u8> {
    let mut byte = [0];
    (console.read_raw(&mut byte, timeout_ms) == 1).then_some(byte[0])
}
