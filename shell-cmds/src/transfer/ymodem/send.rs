//! The sender.

use super::{
    ACK, BYTE_MS, CAN, CRC, CRC_16, EOT, ERRORS, End, LONG, NAK, PAD, PATIENCE, REPLY_MS, SHORT,
    SILENCES, SOH, STRAYS, STX, byte_within, cancel, part, signal,
};
use crate::context::{Console, FileError};
use core::cell::Cell;
use llext::Source;
use ufmt::{uWrite, uwrite};

/// Sends one file called `name`, and the end of the batch.
///
/// # Errors
/// Whatever ends it before; the receiver has been told then.
pub fn send(console: &mut dyn Console, name: &str, source: &mut dyn Source) -> Result<(), End> {
    let sender = &mut Sender {
        console,
        has_begun: false,
    };
    let sent = sender.send(name, source);
    if sent.is_ok() {
        // The receiver takes our last block for its own end, and may read on.
        part(console, &[ACK, NAK, CAN, CRC], &[]);
    } else if let Err(end) = sent
        && !matches!(end, End::Cancelled | End::Nobody)
    {
        cancel(console, end);
    }
    sent
}

struct Sender<'c> {
    console: &'c mut dyn Console,
    /// The receiver has asked.
    has_begun: bool,
}

impl Sender<'_> {
    fn send(&mut self, name: &str, source: &mut dyn Source) -> Result<(), End> {
        let length = source.len();
        self.await_request(PATIENCE)?;
        self.has_begun = true;
        self.put(0, &header(name, length)?)?;
        self.await_request(SILENCES)?;
        let (mut at, mut number) = (0usize, 1u8);
        while at < length {
            let left = length - at;
            let size = if left <= SHORT { SHORT } else { LONG };
            let mut block = [PAD; LONG];
            let bytes = block.get_mut(..left.min(size)).unwrap_or_default();
            source
                .read_at(at, bytes)
                .map_err(|_| End::File(FileError::Device))?;
            self.put(number, block.get(..size).unwrap_or_default())?;
            (at, number) = (at.saturating_add(size), number.wrapping_add(1));
        }
        self.say(|sender| sender.console.write_raw(&[EOT]))?;
        // The file is there, whatever becomes of the end of the batch.
        if self.await_request(SILENCES).is_ok() {
            self.write(0, &[0; SHORT]);
            // rb of lrzsz leaves, and takes its answer with it.
            let _ = self.next(BYTE_MS);
        }
        Ok(())
    }

    /// Sends a block, until it is acknowledged.
    fn put(&mut self, number: u8, bytes: &[u8]) -> Result<(), End> {
        self.say(|sender| sender.write(number, bytes))
    }

    fn write(&mut self, number: u8, bytes: &[u8]) {
        let start = if bytes.len() == SHORT { SOH } else { STX };
        self.console.write_raw(&[start, number, !number]);
        self.console.write_raw(bytes);
        self.console
            .write_raw(&CRC_16.checksum(bytes).to_be_bytes());
    }

    /// Has `message` written until it is acknowledged. A `C` says that the receiver has not seen it.
    fn say(&mut self, message: impl Fn(&mut Self)) -> Result<(), End> {
        let (mut silences, mut errors) = (0, 0);
        while silences < SILENCES && errors < ERRORS {
            // An answer is to this message, and not to what was said before it.
            while self.next(0)?.is_some() {}
            message(self);
            let mut strays = 0;
            loop {
                match self.next(REPLY_MS)? {
                    Some(ACK) => return Ok(()),
                    Some(NAK | CRC) => break errors += 1,
                    Some(_) if strays >= STRAYS => break errors += 1,
                    Some(_) => strays += 1,
                    None => break silences += 1,
                }
            }
        }
        Err(End::Lost)
    }

    /// Waits until the receiver asks; up to so many times a second or more.
    fn await_request(&mut self, patience: usize) -> Result<(), End> {
        let (mut silences, mut strays) = (0, 0);
        while silences < patience && strays < STRAYS * patience {
            match self.next(1000)? {
                Some(CRC) => return Ok(()),
                Some(_) => strays += 1,
                None => silences += 1,
            }
        }
        Err(match patience {
            PATIENCE => End::Nobody,
            _ => End::Lost,
        })
    }

    /// The next byte, if one comes in time and it does not end the transfer.
    fn next(&mut self, timeout_ms: u32) -> Result<Option<u8>, End> {
        let byte = byte_within(self.console, timeout_ms);
        match byte.and_then(|byte| signal(self.console, byte, self.has_begun)) {
            Some(end) => Err(end),
            None => Ok(byte),
        }
    }
}

/// Block 0: the name, a NUL, the length.
fn header(name: &str, length: usize) -> Result<[u8; SHORT], End> {
    /// Text into the block, which ends with a NUL at least.
    struct Text<'b>(&'b [Cell<u8>]);
    impl uWrite for Text<'_> {
        type Error = End;
        fn write_str(&mut self, text: &str) -> Result<(), End> {
            let (place, rest) = self
                .0
                .split_at_checked(text.len())
                .filter(|(_, rest)| !rest.is_empty())
                .ok_or(End::BadName)?;
            for (place, byte) in place.iter().zip(text.bytes()) {
                place.set(byte);
            }
            self.0 = rest;
            Ok(())
        }
    }
    let mut block = [0; SHORT];
    let mut text = Text(Cell::from_mut(&mut block[..]).as_slice_of_cells());
    uwrite!(text, "{}\0{}", name, length)?;
    Ok(block)
}
