//! Files in frames: the transfers of machine mode. Who says what, wire/README.md shows.
//!
//! The receiver acknowledges what it has written, and so gives the sender room; what is missing it asks for once, by
//! acknowledging again what it has. The sender starts over from there (go-back-N), or by itself when nothing came for a while.

use super::{End, Incoming, Piece};
use crate::context::{Console, FileError, System};
use llext::Source;
use llext_wire::{CHUNK, CRC, Decoder, Frame, IDLE_MS, Kind, RESEND_MS, WINDOW};

/// CRC-32 of what has passed by.
pub type Digest = crc::Digest<'static, u32, crc::NoTable>;

/// No bytes yet.
pub fn digest() -> Digest {
    CRC.digest()
}

/// What a transfer makes of a frame, if it is meant for it.
type Each<'e> = &'e mut dyn FnMut(Frame<'_>) -> Result<Option<Took>, End>;

/// The frames of the request that runs.
struct Frames<'c> {
    console: &'c mut dyn Console,
    system: &'c dyn System,
    decoder: Decoder,
    /// When the last one came, in milliseconds: nothing else keeps a transfer going.
    heard: u32,
    /// Bytes that came; wraps. The clock costs more than a byte.
    count: u8,
}

/// Milliseconds since boot; wraps.
#[inline(never)]
fn now_ms(system: &dyn System) -> u32 {
    (system.uptime_us() / 1000) as u32
}

/// What became of what came.
enum Came {
    /// It was taken.
    Frame(Took),
    /// Nothing came for [`RESEND_MS`], or a frame that was damaged.
    Loss,
    /// It has nothing to do with the transfer.
    Other,
    /// There was much of it, and it is no frame yet.
    Part,
}

impl<'c> Frames<'c> {
    fn new(console: &'c mut dyn Console, system: &'c dyn System) -> Self {
        Self {
            heard: now_ms(system),
            console,
            system,
            decoder: Decoder::new(),
            count: 0,
        }
    }

    /// Gives `each` the frames that come until it has an answer; `None` when that took [`RESEND_MS`], or a frame was damaged.
    fn next(&mut self, each: Each<'_>) -> Result<Option<Took>, End> {
        let start = now_ms(self.system);
        loop {
            let came = self.until_something(each)?;
            let now = now_ms(self.system);
            if let Came::Frame(took) = came {
                self.heard = now;
                return Ok(Some(took));
            }
            if now.wrapping_sub(self.heard) >= IDLE_MS {
                return Err(End::Lost);
            }
            match came {
                Came::Loss => return Ok(None),
                Came::Other if now.wrapping_sub(start) >= RESEND_MS => return Ok(None),
                _ => {}
            }
        }
    }

    /// Reads until it is time to look at the clock.
    fn until_something(&mut self, each: Each<'_>) -> Result<Came, End> {
        let id = self.console.framed();
        let mut byte = [0];
        loop {
            if self.console.interrupted() {
                return Err(End::Interrupted);
            }
            if self.console.read_raw(&mut byte, RESEND_MS) == 0 {
                return Ok(Came::Loss);
            }
            self.count = self.count.wrapping_add(1);
            let dropped = self.decoder.dropped();
            let [byte] = byte;
            if let Some(frame) = self.decoder.feed(byte) {
                return match frame.kind {
                    Kind::Leave => {
                        self.console.leave(frame.id);
                        Err(End::Cancelled)
                    }
                    _ if Some(frame.id) != id => Ok(Came::Other),
                    Kind::Cancel => Err(End::Cancelled),
                    _ => Ok(each(frame)?.map_or(Came::Other, Came::Frame)),
                };
            } else if self.decoder.dropped() != dropped {
                return Ok(Came::Loss);
            } else if self.count == 0 {
                return Ok(Came::Part);
            }
        }
    }
}

/// Receives a file.
pub struct Receiver<'c> {
    frames: Frames<'c>,
    piece: Piece,
    /// What has come.
    length: u32,
    digest: Digest,
    /// What is missing was asked for.
    has_asked: bool,
}

impl<'c> Receiver<'c> {
    /// Receives what follows on `length` bytes with this checksum.
    pub fn new(
        console: &'c mut dyn Console,
        system: &'c dyn System,
        length: u32,
        digest: Digest,
    ) -> Self {
        Self {
            frames: Frames::new(console, system),
            piece: Piece::new(),
            length,
            digest,
            has_asked: false,
        }
    }

    /// All before `length` came, and is written: the sender goes on from there.
    fn acknowledge(&mut self) {
        let (offset, window) = (self.length.to_le_bytes(), (WINDOW as u32).to_le_bytes());
        self.frames.console.send(Kind::AckOut, &[&offset, &window]);
    }

    /// Goes on to the next piece; false at the end of the file.
    fn advance(&mut self) -> Result<bool, End> {
        self.acknowledge();
        self.has_asked = false;
        // To write what came may have taken a while.
        self.frames.heard = now_ms(self.frames.system);
        loop {
            let (piece, wanted) = (&mut self.piece, self.length);
            let crc = self.digest.clone().finalize();
            let came = self
                .frames
                .next(&mut |frame| take(frame, piece, wanted, crc));
            match came? {
                Some(Took::Piece) => {
                    let bytes = self.piece.bytes.get(..self.piece.length);
                    self.digest.update(bytes.unwrap_or_default());
                    self.length = wanted.saturating_add(self.piece.length as u32);
                    return Ok(true);
                }
                Some(Took::End) => return Ok(false),
                // Once for what is missing. What is silence after that was an answer that was lost.
                Some(Took::Other) if self.has_asked => {}
                _ => {
                    self.has_asked = true;
                    self.acknowledge();
                }
            }
        }
    }
}

/// What a frame was.
enum Took {
    /// What follows on what came before.
    Piece,
    /// The end of the file.
    End,
    /// Something else: what came before is not all here, or was here already.
    Other,
    /// The other side has all before this offset.
    Ack(u32),
}

/// Takes a frame in, where `wanted` bytes have come that have this checksum; `None` if it has nothing to do with the file.
fn take(frame: Frame<'_>, piece: &mut Piece, wanted: u32, crc: u32) -> Result<Option<Took>, End> {
    Ok(match frame.kind {
        Kind::Data => match frame.number() {
            Some((offset, bytes)) if offset == wanted && !bytes.is_empty() => {
                let place = piece.bytes.get_mut(..bytes.len());
                place.ok_or(End::Damaged)?.copy_from_slice(bytes);
                (piece.at, piece.length) = (0, bytes.len());
                Some(Took::Piece)
            }
            _ => Some(Took::Other),
        },
        Kind::End => match frame.numbers() {
            Some((length, _)) if length != wanted => Some(Took::Other),
            Some((_, sent)) if sent == crc => Some(Took::End),
            _ => return Err(End::Damaged),
        },
        // The command again: our first answer was lost.
        Kind::Run => Some(Took::Other),
        _ => None,
    })
}

impl Incoming for Receiver<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, End> {
        if self.piece.at == self.piece.length && !self.advance()? {
            return Ok(0);
        }
        Ok(self.piece.read(into))
    }
}

/// Sends a file; returns its checksum.
pub fn send(
    console: &mut dyn Console,
    system: &dyn System,
    source: &mut dyn Source,
) -> Result<u32, End> {
    let length = u32::try_from(source.len()).map_err(|_| End::BadLength)?;
    let crc = checksum(source)?;
    let mut frames = Frames::new(console, system);
    let (mut acked, mut next) = (0u32, 0u32);
    let mut has_gone_back = false;
    loop {
        while next < length && next.saturating_sub(acked) < WINDOW as u32 {
            next = send_piece(frames.console, source, next)?;
        }
        if next == length {
            send_end(frames.console, length, crc);
        }
        let came = frames.next(&mut |frame| match frame.kind {
            Kind::Ack => Ok(frame.number().map(|(offset, _)| Took::Ack(offset))),
            _ => Ok(None),
        });
        match came? {
            Some(Took::Ack(offset)) if offset >= length => break,
            Some(Took::Ack(offset)) if offset > acked => {
                (acked, has_gone_back) = (offset, false);
                next = next.max(acked);
            }
            // More of the same come of what was still on its way.
            Some(_) if has_gone_back => {}
            Some(_) => (next, has_gone_back) = (acked, true),
            None => next = acked,
        }
    }
    // The first one may have been lost.
    send_end(frames.console, length, crc);
    Ok(crc)
}

fn send_end(console: &mut dyn Console, length: u32, crc: u32) {
    console.send(Kind::EndOut, &[&length.to_le_bytes(), &crc.to_le_bytes()]);
}

/// Sends the piece at `offset`; where the next one begins.
fn send_piece(console: &mut dyn Console, source: &mut dyn Source, offset: u32) -> Result<u32, End> {
    let mut piece = [0; CHUNK];
    let bytes = read(source, offset as usize, &mut piece)?;
    console.send(Kind::DataOut, &[&offset.to_le_bytes(), bytes]);
    Ok(offset.saturating_add(bytes.len() as u32))
}

/// Reads what there is at `offset`, up to the length of `place`.
fn read<'p>(source: &mut dyn Source, offset: usize, place: &'p mut [u8]) -> Result<&'p [u8], End> {
    let left = source.len().saturating_sub(offset).min(place.len());
    let bytes = place.get_mut(..left).unwrap_or_default();
    let read = source.read_at(offset, bytes);
    read.map_err(|_| End::File(FileError::Device))?;
    Ok(bytes)
}

/// The checksum of a whole file.
pub fn checksum(source: &mut dyn Source) -> Result<u32, End> {
    digest_of(source).map(Digest::finalize)
}

/// The same, to go on with.
pub fn digest_of(source: &mut dyn Source) -> Result<Digest, End> {
    let (mut digest, mut at, mut piece) = (digest(), 0usize, [0; 256]);
    while at < source.len() {
        let bytes = read(source, at, &mut piece)?;
        digest.update(bytes);
        at = at.saturating_add(bytes.len());
    }
    Ok(digest)
}
