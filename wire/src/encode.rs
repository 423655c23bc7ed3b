//! From a payload to bytes on the wire.

use cobs::{EncoderState, PushResult};

use crate::{CRC, Kind, PAYLOAD};

/// The payload is longer than [`PAYLOAD`]; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Sends a frame: its bytes go to `sink` in pieces of up to 255, the 00 at its end with them. The payload is `parts`, one after
/// the other.
pub fn encode(
    kind: Kind,
    id: u16,
    parts: &[&[u8]],
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), TooLong> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length > PAYLOAD {
        return Err(TooLong);
    }
    let mut digest = CRC.digest();
    let mut stuffing = Stuffing {
        state: EncoderState::default(),
        run: [0; RUN],
        used: 1,
        sink,
    };
    let [low, high] = id.to_le_bytes();
    for part in core::iter::once(&&[kind as u8, low, high][..]).chain(parts) {
        digest.update(part);
        stuffing.push(part);
    }
    stuffing.push(&digest.finalize().to_le_bytes());
    stuffing.finish();
    Ok(())
}

/// The longest run between two lengths, with the length before it.
const RUN: usize = 255;

/// COBS, a run at a time.
struct Stuffing<'s> {
    state: EncoderState,
    run: [u8; RUN],
    /// Bytes of `run` in use, the room for its length among them; 0 after a whole one, behind which nothing may follow.
    used: usize,
    sink: &'s mut dyn FnMut(&[u8]),
}

impl Stuffing<'_> {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.used = self.used.max(1);
            match self.state.push(byte) {
                PushResult::AddSingle(byte) => self.put(byte),
                PushResult::ModifyFromStartAndSkip((_, length)) => {
                    self.send(length);
                    self.used = 1;
                }
                PushResult::ModifyFromStartAndPushAndSkip((_, length, byte)) => {
                    self.put(byte);
                    self.send(length);
                    self.used = 0;
                }
            }
        }
    }

    fn put(&mut self, byte: u8) {
        if let Some(place) = self.run.get_mut(self.used) {
            *place = byte;
            self.used += 1;
        }
    }

    /// Sends the run, now that its `length` is known.
    fn send(&mut self, length: u8) {
        if let Some(place) = self.run.first_mut() {
            *place = length;
        }
        (self.sink)(self.run.get(..self.used).unwrap_or_default());
    }

    fn finish(mut self) {
        let (_, length) = self.state.clone().finalize();
        if self.used > 0 {
            self.send(length);
        }
        (self.sink)(&[0]);
    }
}
