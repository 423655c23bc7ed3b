//! Files to and from a target: go-back-N, with a window that the receiver gives.

use std::time::{Duration, Instant};

use llext_wire::{CHUNK, CRC, Kind, RESEND_MS, WINDOW};

use super::{Came, Client, Error, Reply, Watcher};

/// What is not acknowledged for so long is sent again; a line on which acknowledgements take their time gets more of it.
const RESEND: Duration = Duration::from_millis(RESEND_MS as u64);
/// The most of it.
const RARELY: Duration = Duration::from_secs(4);

impl Client {
    /// Sends `file` to the command `line` (`recv PATH`, `llext load -`), which takes it. What an interrupted `recv --resume` has
    /// left on the target is not sent again, if it is the beginning of `file`.
    ///
    /// # Errors
    /// As [`request`](Self::request); [`Error::OtherFile`], when the target has the beginning of another file.
    pub fn send_file(
        &mut self,
        line: &str,
        file: &[u8],
        watcher: &mut dyn Watcher,
    ) -> Result<Reply, Error> {
        let mut running = self.begin(line)?;
        let mut sending = Sending::new(file);
        loop {
            let mut acknowledged = None;
            let reply = self.step(&mut running, line, watcher, &mut |_, came| {
                if came.kind == Kind::AckOut {
                    acknowledged = came.number().map(|(offset, rest)| {
                        let window = rest.first_chunk().map(|window| u32::from_le_bytes(*window));
                        (offset, window)
                    });
                }
                Ok(())
            })?;
            if let Some(reply) = reply {
                return match sending.is_cancelled {
                    true => Err(Error::OtherFile),
                    false => Ok(reply),
                };
            }
            if let Some((offset, window)) = acknowledged {
                sending.acknowledge(offset, window);
                if !sending.has_begun && !is_beginning(offset, &running.fields, file) {
                    sending.is_cancelled = true;
                    self.send(Kind::Cancel, running.id, &[])?;
                }
                sending.has_begun = true;
                watcher.progress(sending.acked);
            } else if sending.last.elapsed() >= sending.patience {
                sending.time_out();
            }
            self.send_window(running.id, &mut sending)?;
        }
    }

    /// Sends what the window allows.
    fn send_window(&mut self, id: u16, sending: &mut Sending<'_>) -> Result<(), Error> {
        if !sending.has_begun || sending.is_cancelled {
            return Ok(());
        }
        while let Some((offset, piece)) = sending.next_piece() {
            self.send(Kind::Data, id, &[&offset.to_le_bytes(), piece])?;
        }
        if sending.is_to_end() {
            sending.has_ended = true;
            let length = u32::try_from(sending.file.len()).map_err(|_| Error::TooLong)?;
            let crc = CRC.checksum(sending.file);
            self.send(Kind::End, id, &[&length.to_le_bytes(), &crc.to_le_bytes()])?;
        }
        Ok(())
    }

    /// Takes the file that the command `line` (`send PATH`) sends.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn fetch_file(
        &mut self,
        line: &str,
        watcher: &mut dyn Watcher,
    ) -> Result<(Vec<u8>, Reply), Error> {
        let mut running = self.begin(line)?;
        let mut taking = Taking::default();
        loop {
            let id = running.id;
            let reply = self.step(
                &mut running,
                line,
                watcher,
                &mut |client, came| match taking.take(came) {
                    Some(offset) => client.send(Kind::Ack, id, &[&offset.to_le_bytes()]),
                    None => Ok(()),
                },
            )?;
            if let Some(reply) = reply {
                if reply.is_ok && !taking.is_whole {
                    return Err(Error::Damaged);
                }
                return Ok((taking.file, reply));
            }
            watcher.progress(taking.file.len());
            if taking.last.is_some_and(|last| last.elapsed() >= RESEND) {
                taking.last = Some(Instant::now());
                let offset = taking.offset();
                self.send(Kind::Ack, id, &[&offset.to_le_bytes()])?;
            }
        }
    }
}

/// Whether what the target has already, `offset` bytes with the checksum `crc=`, is how `file` begins.
fn is_beginning(offset: u32, fields: &str, file: &[u8]) -> bool {
    let beginning = usize::try_from(offset).ok().and_then(|len| file.get(..len));
    let records = super::record::read(fields);
    let crc = records.iter().find_map(|record| record.number("crc"));
    match beginning {
        Some([]) => true,
        Some(bytes) => crc == Some(u64::from(CRC.checksum(bytes))),
        None => false,
    }
}

/// A file on its way to the target.
struct Sending<'f> {
    file: &'f [u8],
    /// All before this is there.
    acked: usize,
    /// All before this was sent.
    next: usize,
    window: usize,
    has_begun: bool,
    has_ended: bool,
    /// What the target has is not how this file begins.
    is_cancelled: bool,
    /// Up to here pieces may have been sent twice: acknowledgements that repeat come of the second ones, until one is beyond.
    twice: Option<usize>,
    /// For how long no acknowledgement may come before all from `acked` on is sent again.
    patience: Duration,
    /// When the last acknowledgement came, or it was sent again.
    last: Instant,
}

impl<'f> Sending<'f> {
    fn new(file: &'f [u8]) -> Self {
        Self {
            file,
            acked: 0,
            next: 0,
            window: WINDOW,
            has_begun: false,
            has_ended: false,
            is_cancelled: false,
            twice: None,
            patience: RESEND,
            last: Instant::now(),
        }
    }

    fn acknowledge(&mut self, offset: u32, window: Option<u32>) {
        if let Some(window) = window.and_then(|window| usize::try_from(window).ok()) {
            self.window = window.max(1);
        }
        let offset = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.file.len());
        if offset > self.acked || !self.has_begun {
            self.twice = self.twice.filter(|&twice| offset <= twice);
            // Of what was sent twice nobody knows which one is acknowledged.
            if self.twice.is_none() {
                self.patience = (self.last.elapsed() * 4).clamp(RESEND, RARELY);
            }
            self.last = Instant::now();
            self.acked = offset;
            self.next = self.next.max(offset);
        } else if offset == self.acked && self.twice.is_none() {
            self.go_back();
        }
    }

    /// No acknowledgement came. A slow line may hold all of it still, and more would make it slower: the next time is later.
    fn time_out(&mut self) {
        self.patience = (self.patience * 2).min(RARELY);
        self.go_back();
    }

    fn go_back(&mut self) {
        self.twice = self.twice.max(Some(self.next));
        self.next = self.acked;
        self.has_ended = false;
        self.last = Instant::now();
    }

    /// The next piece that the window has room for; it counts as sent.
    fn next_piece(&mut self) -> Option<(u32, &'f [u8])> {
        let room = self
            .window
            .saturating_sub(self.next.saturating_sub(self.acked));
        let left = self.file.len().saturating_sub(self.next);
        let length = left.min(CHUNK);
        // A piece goes whole: small ones would cost more of the line.
        if length == 0 || (length > room && self.next > self.acked) {
            return None;
        }
        let piece = self
            .file
            .get(self.next..self.next.checked_add(length.min(room.max(1)))?)?;
        let offset = u32::try_from(self.next).ok()?;
        self.next += piece.len();
        Some((offset, piece))
    }

    fn is_to_end(&self) -> bool {
        self.next == self.file.len() && !self.has_ended
    }
}

/// A file on its way from the target.
#[derive(Default)]
struct Taking {
    file: Vec<u8>,
    is_whole: bool,
    /// The acknowledgement of this place was said again already.
    complained: bool,
    last: Option<Instant>,
}

impl Taking {
    /// Takes a frame in; what is to be acknowledged for it.
    fn take(&mut self, came: &Came) -> Option<u32> {
        match came.kind {
            Kind::DataOut => {
                let (offset, bytes) = came.number()?;
                if offset == self.offset() {
                    self.file.extend_from_slice(bytes);
                    self.complained = false;
                } else if std::mem::replace(&mut self.complained, true) {
                    return None;
                }
            }
            Kind::EndOut => {
                let (length, crc) = came.numbers()?;
                self.is_whole = length == self.offset() && crc == CRC.checksum(&self.file);
            }
            _ => return None,
        }
        self.last = Some(Instant::now());
        Some(self.offset())
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.file.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every piece that may go now.
    fn pieces(sending: &mut Sending<'_>) -> Vec<(u32, usize)> {
        std::iter::from_fn(|| sending.next_piece())
            .map(|(offset, piece)| (offset, piece.len()))
            .collect()
    }

    #[test]
    fn no_more_is_on_its_way_than_the_window_allows() {
        let file = vec![7; 4100];
        let mut sending = Sending::new(&file);
        sending.acknowledge(0, Some(3072));
        sending.has_begun = true;
        assert_eq!(
            pieces(&mut sending),
            [(0, 1024), (1024, 1024), (2048, 1024)]
        );
        sending.acknowledge(1024, Some(3072));
        assert_eq!(pieces(&mut sending), [(3072, 1024)]);
        assert!(!sending.is_to_end());
        sending.acknowledge(4096, Some(3072));
        assert_eq!(pieces(&mut sending), [(4096, 4)]);
        assert!(sending.is_to_end());
    }

    #[test]
    fn an_acknowledgement_that_repeats_is_answered_once() {
        let file = vec![7; 4096];
        let mut sending = Sending::new(&file);
        sending.acknowledge(0, Some(2048));
        sending.has_begun = true;
        assert_eq!(pieces(&mut sending).len(), 2);
        sending.acknowledge(1024, None);
        assert_eq!(pieces(&mut sending), [(2048, 1024)]);
        sending.acknowledge(1024, None);
        assert_eq!(pieces(&mut sending), [(1024, 1024), (2048, 1024)]);
        sending.acknowledge(1024, None);
        assert_eq!(pieces(&mut sending), []);
        sending.acknowledge(2048, None);
        assert_eq!(pieces(&mut sending), [(3072, 1024)]);
    }

    #[test]
    fn what_is_late_is_sent_again_ever_more_rarely_until_the_line_is_known() {
        let file = vec![7; 4096];
        let mut sending = Sending::new(&file);
        sending.acknowledge(0, Some(2048));
        sending.has_begun = true;
        assert_eq!((pieces(&mut sending).len(), sending.patience), (2, RESEND));
        sending.time_out();
        assert_eq!(
            (pieces(&mut sending).len(), sending.patience),
            (2, RESEND * 2)
        );
        sending.acknowledge(1024, None);
        sending.acknowledge(2048, None);
        assert_eq!(
            (pieces(&mut sending).len(), sending.patience),
            (2, RESEND * 2)
        );
        // What came twice is acknowledged twice, and that is no reason to send the next pieces twice, too.
        sending.acknowledge(2048, None);
        assert_eq!(pieces(&mut sending), []);
        sending.acknowledge(3072, None);
        assert_eq!(sending.patience, RESEND);
        sending.acknowledge(3072, None);
        assert_eq!(pieces(&mut sending), [(3072, 1024)]);
        sending.last -= Duration::from_secs(2);
        sending.twice = None;
        sending.acknowledge(4096, None);
        assert_eq!(sending.patience, RARELY);
    }

    #[test]
    fn a_beginning_on_the_target_is_known_by_its_checksum() {
        let file = b"hello world";
        let crc = format!("crc={}\n", CRC.checksum(b"hello"));
        assert!(is_beginning(0, "", file));
        assert!(is_beginning(5, &crc, file));
        assert!(!is_beginning(5, "crc=1\n", file));
        assert!(!is_beginning(5, "", file));
        assert!(!is_beginning(12, &crc, file));
    }

    #[test]
    fn pieces_that_come_twice_or_too_early_are_not_taken() {
        let mut taking = Taking::default();
        let data = |offset: u32, bytes: &[u8]| Came {
            kind: Kind::DataOut,
            id: 1,
            payload: [&offset.to_le_bytes(), bytes].concat(),
        };
        assert_eq!(taking.take(&data(0, b"ab")), Some(2));
        assert_eq!(taking.take(&data(4, b"ef")), Some(2));
        assert_eq!(taking.take(&data(6, b"gh")), None);
        assert_eq!(taking.take(&data(2, b"cd")), Some(4));
        assert_eq!(taking.take(&data(0, b"ab")), Some(4));
        let end = [4_u32.to_le_bytes(), CRC.checksum(b"abcd").to_le_bytes()].concat();
        let end = Came {
            kind: Kind::EndOut,
            id: 1,
            payload: end,
        };
        assert_eq!(taking.take(&end), Some(4));
        assert!(taking.is_whole);
    }
}
