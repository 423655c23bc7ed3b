//! From bytes on the wire to frames.

use cobs::{DecodeResult, DecoderState};

use crate::{AROUND, CRC, Kind, PAYLOAD};

/// A frame that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: Kind,
    /// The request that it belongs to.
    pub id: u16,
    /// What it says.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The payload as a number u32 and what follows it: the offset and the bytes of a piece of a file, for one.
    pub fn number(&self) -> Option<(u32, &'a [u8])> {
        let (number, rest) = self.payload.split_first_chunk()?;
        Some((u32::from_le_bytes(*number), rest))
    }

    /// The payload as two numbers u32: length and CRC-32 of a file, for one.
    pub fn numbers(&self) -> Option<(u32, u32)> {
        let (first, rest) = self.number()?;
        Some((first, u32::from_le_bytes(rest.try_into().ok()?)))
    }
}

/// Finds the frames in what comes over a line.
pub struct Decoder {
    state: DecoderState,
    body: [u8; AROUND + PAYLOAD],
    used: usize,
    /// Something came since the last 00.
    begun: bool,
    /// What came since cannot become a frame.
    spoilt: bool,
    dropped: u32,
}

impl Decoder {
    /// A decoder that waits for the beginning of a frame.
    pub const fn new() -> Self {
        Self {
            state: DecoderState::Idle,
            body: [0; AROUND + PAYLOAD],
            used: 0,
            begun: false,
            spoilt: false,
            dropped: 0,
        }
    }

    /// Takes in `bytes`; `each` is called with every frame that they complete.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Frame<'_>)) {
        for &byte in bytes {
            if let Some(frame) = self.feed(byte) {
                each(frame);
            }
        }
    }

    /// Takes in one byte; the frame that it completes.
    pub fn feed(&mut self, byte: u8) -> Option<Frame<'_>> {
        let ended = byte == 0;
        match self.state.feed(byte) {
            Ok(DecodeResult::DataContinue(byte)) => match self.body.get_mut(self.used) {
                Some(place) => {
                    *place = byte;
                    self.used += 1;
                }
                None => self.spoilt = true,
            },
            Ok(_) => {}
            Err(_) => self.spoilt = true,
        }
        if !ended {
            self.begun = true;
            return None;
        }
        let (begun, spoilt) = (self.begun, self.spoilt);
        let used = core::mem::take(&mut self.used);
        (self.begun, self.spoilt) = (false, false);
        let body = self.body.get(..used).unwrap_or_default();
        let frame = if spoilt { None } else { open(body) };
        if begun && frame.is_none() {
            self.dropped = self.dropped.wrapping_add(1);
        }
        frame
    }

    /// Whether a frame has begun that has not ended.
    pub fn is_within(&self) -> bool {
        self.begun
    }

    /// How many frames were dropped: damaged, too long, or of no known kind.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The frame in a body, if its checksum is right and its kind is known.
fn open(body: &[u8]) -> Option<Frame<'_>> {
    let (content, crc) = body.split_last_chunk()?;
    let (&[kind, low, high], payload) = content.split_first_chunk()?;
    if CRC.checksum(content) != u32::from_le_bytes(*crc) {
        return None;
    }
    Some(Frame {
        kind: Kind::of(kind)?,
        id: u16::from_le_bytes([low, high]),
        payload,
    })
}
