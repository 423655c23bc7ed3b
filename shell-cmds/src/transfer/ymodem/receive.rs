//! The receiver.

use super::{
    ACK, BYTE_MS, CAN, CRC, CRC_16, EOT, ERRORS, End, LONG, NAK, PATIENCE, REPLY_MS, SHORT,
    SILENCES, SOH, STRAYS, STX, byte_within, cancel, part, purge, signal,
};
use crate::{
    context::Console,
    transfer::{Incoming, Piece},
};

/// The longest name that is taken, in bytes.
const NAME: usize = 64;

/// What the sender says of a file.
pub struct Header {
    name: [u8; NAME],
    name_length: usize,
    /// Bytes of the file, if the sender says. Else its last block may be padded.
    pub length: Option<usize>,
}

impl Header {
    /// The file's name: no path, nothing but printable ASCII. Empty if the sender gives none (XMODEM).
    pub fn name(&self) -> &str {
        let name = self.name.get(..self.name_length).unwrap_or_default();
        core::str::from_utf8(name).unwrap_or_default()
    }

    /// What a sender without block 0 says: nothing.
    const NONE: Self = Self {
        name: [0; NAME],
        name_length: 0,
        length: None,
    };

    /// What stands in block 0; `None` if that ends the batch.
    fn parse(block: &[u8]) -> Result<Option<Self>, End> {
        let mut fields = block.split(|byte| *byte == 0);
        let name = fields.next().unwrap_or_default();
        if name.is_empty() {
            return Ok(None);
        }
        let plain = |byte: &u8| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'/' | b'\\');
        let mut header = Self::NONE;
        let place = header.name.get_mut(..name.len()).ok_or(End::BadName)?;
        if !name.iter().all(plain) || matches!(name, b"." | b"..") {
            return Err(End::BadName);
        }
        place.copy_from_slice(name);
        header.name_length = name.len();
        let length = fields.next().unwrap_or_default();
        let length = length.split(|byte| *byte == b' ').next();
        let length = core::str::from_utf8(length.unwrap_or_default());
        header.length = match length {
            Ok("") => None,
            // `parse` would take a sign.
            Ok(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| End::BadLength)?)
            }
            _ => return Err(End::BadLength),
        };
        Ok(Some(header))
    }
}

/// What came.
enum Came {
    /// A whole block, with this number and so many bytes.
    Block(u8, usize),
    /// EOT.
    End,
    /// A block that is damaged, or a byte that begins none.
    Garbage,
    Nothing,
    Over(End),
}

/// Receives the files of a batch, one after the other.
pub struct Receiver<'c> {
    console: &'c mut dyn Console,
    piece: Piece,
    /// The block that is expected.
    next: u8,
    /// What is to come of the file, if that is known.
    left: Option<usize>,
    /// What is due: the answer to what came before.
    reply: &'static [u8],
    /// How often in a row nothing came, and something damaged.
    silences: usize,
    errors: usize,
    has_ended: bool,
    /// The sender began with block 1: there is one file, and no batch.
    is_xmodem: bool,
    /// Something came from a sender.
    has_begun: bool,
}

impl<'c> Receiver<'c> {
    /// A receiver that has not asked yet.
    pub fn new(console: &'c mut dyn Console) -> Self {
        Self {
            console,
            piece: Piece::new(),
            next: 0,
            left: None,
            reply: &[CRC],
            silences: 0,
            errors: 0,
            has_ended: false,
            is_xmodem: false,
            has_begun: false,
        }
    }

    /// Ends the batch, from this side, for that reason.
    pub fn cancel(&mut self, end: End) {
        cancel(self.console, end);
    }

    /// Asks for the next file; `None` if there is none. It is accepted when the first bytes are read.
    pub fn header(&mut self) -> Result<Option<Header>, End> {
        if self.is_xmodem {
            return Ok(None);
        }
        let mut patience = PATIENCE;
        let mut noise = STRAYS * PATIENCE;
        loop {
            self.answer();
            match self.block(BYTE_MS) {
                Came::Block(0, length) => {
                    self.has_begun = true;
                    return self.take_header(length);
                }
                Came::Block(1, length) if !self.has_begun => {
                    (self.is_xmodem, self.has_begun) = (true, true);
                    self.start(None);
                    self.take(length)?;
                    return Ok(Some(Header::NONE));
                }
                // Our answer to the end of the file before was lost.
                Came::Block(..) | Came::End => self.reply = &[ACK, CRC],
                Came::Over(end) => return Err(end),
                // What was typed, or noise: a sender that waits is asked again.
                Came::Garbage if noise > 0 => noise -= 1,
                Came::Garbage => return Err(End::Lost),
                Came::Nothing if patience > 0 => (patience, self.reply) = (patience - 1, &[CRC]),
                Came::Nothing if self.has_begun => return Err(End::Lost),
                Came::Nothing => return Err(End::Nobody),
            }
        }
    }

    /// Takes block 0 in.
    fn take_header(&mut self, length: usize) -> Result<Option<Header>, End> {
        let block = self.piece.bytes.get(..length).unwrap_or_default();
        let header = Header::parse(block).inspect_err(|end| cancel(self.console, *end))?;
        match &header {
            Some(header) => self.start(header.length),
            None => {
                self.console.write_raw(&[ACK]);
                self.part();
            }
        }
        Ok(header)
    }

    /// A file begins. Its first block is asked for when it is read.
    fn start(&mut self, length: Option<usize>) {
        (self.piece.at, self.piece.length) = (0, 0);
        (self.next, self.left, self.has_ended) = (1, length, false);
        (self.silences, self.errors) = (0, 0);
        self.reply = &[ACK, CRC];
    }

    /// Takes the file's next block in.
    fn take(&mut self, length: usize) -> Result<(), End> {
        let wanted = length.min(self.left.unwrap_or(usize::MAX));
        if wanted == 0 {
            return Err(End::Long);
        }
        self.left = self.left.map(|left| left - wanted);
        (self.piece.at, self.piece.length) = (0, wanted);
        (self.silences, self.errors, self.has_ended) = (0, 0, false);
        self.next = self.next.wrapping_add(1);
        self.reply = &[ACK];
        Ok(())
    }

    /// Lets the sender take its last answer, again if it has not seen it, and go.
    fn part(&mut self) {
        part(self.console, &[EOT, CAN], &[ACK]);
    }

    /// Sends the answer that is due.
    fn answer(&mut self) {
        self.console.write_raw(core::mem::take(&mut self.reply));
    }

    /// What asks for the block that is expected once more. Before the first one NAK would ask for checksums.
    fn again(&self) -> &'static [u8] {
        if self.next == 1 { &[CRC] } else { &[NAK] }
    }

    /// Goes on to the file's next block; false at its end.
    fn advance(&mut self) -> Result<bool, End> {
        loop {
            self.answer();
            match self.block(REPLY_MS) {
                Came::Block(number, length) if number == self.next => {
                    self.take(length)?;
                    return Ok(true);
                }
                // Our answer was lost.
                Came::Block(0, _) if self.next == 1 => self.reply = &[ACK, CRC],
                Came::Block(number, _) if number == self.next.wrapping_sub(1) => {
                    self.reply = &[ACK]
                }
                Came::Block(..) => return Err(End::Lost),
                // One may be noise.
                Came::End if !self.has_ended => (self.has_ended, self.reply) = (true, &[NAK]),
                Came::End if self.left.is_some_and(|left| left > 0) => return Err(End::Short),
                Came::End => {
                    self.reply = if self.is_xmodem { &[ACK] } else { &[ACK, CRC] };
                    if self.is_xmodem {
                        self.answer();
                        self.part();
                    }
                    return Ok(false);
                }
                Came::Over(end) => return Err(end),
                Came::Nothing => {
                    self.silences += 1;
                    self.reply = self.again();
                }
                Came::Garbage => {
                    purge(self.console);
                    self.errors += 1;
                    self.reply = self.again();
                }
            }
            if self.silences >= SILENCES || self.errors >= ERRORS {
                return Err(End::Lost);
            }
        }
    }

    /// Reads what comes next.
    fn block(&mut self, timeout_ms: u32) -> Came {
        let Some(byte) = byte_within(self.console, timeout_ms) else {
            return Came::Nothing;
        };
        let size = match byte {
            SOH => SHORT,
            STX => LONG,
            EOT => return Came::End,
            _ => {
                let end = signal(self.console, byte, self.has_begun);
                return end.map_or(Came::Garbage, Came::Over);
            }
        };
        let (mut number, mut crc) = ([0; 2], [0; 2]);
        let Some(bytes) = self.piece.bytes.get_mut(..size) else {
            return Came::Garbage;
        };
        for part in [&mut number[..], bytes, &mut crc] {
            if !fill(self.console, part) {
                return Came::Garbage;
            }
        }
        let bytes = self.piece.bytes.get(..size).unwrap_or_default();
        let is_whole = CRC_16.checksum(bytes) == u16::from_be_bytes(crc);
        match number {
            [number, inverse] if number == !inverse && is_whole => Came::Block(number, size),
            _ => Came::Garbage,
        }
    }
}

/// Fills `into`; false if the line falls silent before.
fn fill(console: &mut dyn Console, mut into: &mut [u8]) -> bool {
    while !into.is_empty() {
        let count = console.read_raw(into, BYTE_MS);
        if count == 0 {
            return false;
        }
        into = into.get_mut(count..).unwrap_or_default();
    }
    true
}

impl Incoming for Receiver<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, End> {
        if self.piece.at == self.piece.length && !self.advance()? {
            return Ok(0);
        }
        Ok(self.piece.read(into))
    }
}
