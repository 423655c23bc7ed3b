//! Into machine mode, whatever the target is doing.
//!
//! It may be in machine mode already (somebody's program died), and even in the middle of a request or a transfer; it may be
//! at the prompt, with half a line typed, or in a call. What is sent to find out harms none of them: a PING whose bytes a line
//! editor takes for harmless keys, then Ctrl-C, which ends a line, a call and a request alike.

use std::io;
use std::time::{Duration, Instant};

use llext_wire::{Decoder, INTERRUPT, Kind, PROTOCOL};

use super::{Came, Client, Error, Record, frame, record, some_id};
use crate::transport::Transport;

/// What the shell shows when it waits for a line.
pub(super) const PROMPT: &[u8] = b"llext> ";
/// How long an answer may take at first. Each try waits twice as long.
const FIRST: Duration = Duration::from_millis(250);

impl Client {
    /// Brings the target at the other end of `link` into machine mode, and gives up after `patience`.
    ///
    /// # Errors
    /// Nobody answers ([`Error::Silent`]), the connection is gone, or the target speaks another version of the protocol.
    pub fn enter(link: Box<dyn Transport>, patience: Duration) -> Result<Client, Error> {
        let mut client = Client {
            link,
            decoder: Box::new(Decoder::new()),
            came: Default::default(),
            id: some_id(),
            hello: Record::default(),
            // Until it has answered there is nobody to say goodbye to.
            alive: false,
        };
        let start = Instant::now();
        let mut wait = FIRST;
        loop {
            if let Some(hello) = client.knock(wait)? {
                return client.greeted(&hello);
            }
            if start.elapsed() >= patience {
                return Err(Error::Silent);
            }
            wait *= 2;
        }
    }

    /// The same with a target that has been switched on just now, or is built first: nothing is said to it until it shows its
    /// prompt, for which it may take `patience`.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub fn enter_at_boot(
        mut link: Box<dyn Transport>,
        patience: Duration,
    ) -> Result<Client, Error> {
        match wait_for(&mut *link, PROMPT, patience) {
            Ok(true) => Self::enter(link, patience),
            Ok(false) => Err(Error::Silent),
            Err(error) => Err(Error::Link(error)),
        }
    }

    fn greeted(mut self, hello: &Came) -> Result<Client, Error> {
        let text = String::from_utf8_lossy(&hello.payload);
        self.hello = record::read(&text).into_iter().next().unwrap_or_default();
        self.alive = true;
        match self.hello.number("protocol") {
            Some(version) if version == u64::from(PROTOCOL) => Ok(self),
            _ => Err(Error::Protocol(
                self.hello.get("protocol").unwrap_or("0").to_owned(),
            )),
        }
    }

    /// One try.
    fn knock(&mut self, wait: Duration) -> Result<Option<Came>, Error> {
        let ping = harmless(Kind::Ping)?;
        self.write(&[&[0], ping.as_slice()].concat())?;
        // A line editor shows the letters.
        if let Some(hello) = self.hello_within(wait, letters(&ping))? {
            return Ok(Some(hello));
        }
        self.write(&[harmless(Kind::Cancel)?.as_slice(), &INTERRUPT].concat())?;
        if let Some(hello) = self.hello_within(wait * 2, Some(PROMPT))? {
            return Ok(Some(hello));
        }
        self.write(b"machine\r")?;
        self.hello_within(wait * 4, None)
    }

    /// The next HELLO, if it comes in time and before `text` does.
    fn hello_within(
        &mut self,
        timeout: Duration,
        text: Option<&[u8]>,
    ) -> Result<Option<Came>, Error> {
        let start = Instant::now();
        let mut tail = Vec::new();
        while let Some(left) = timeout.checked_sub(start.elapsed()) {
            let mut chunk = [0; 1024];
            let count = self.link.read(&mut chunk, left).map_err(Error::Link)?;
            let bytes = chunk.get(..count).unwrap_or_default();
            self.take(bytes);
            while let Some(came) = self.came.pop_front() {
                if came.kind == Kind::Hello {
                    return Ok(Some(came));
                }
            }
            tail.extend_from_slice(bytes);
            if text.is_some_and(|text| tail.windows(text.len()).any(|it| it == text)) {
                break;
            }
        }
        Ok(None)
    }
}

/// A frame of this kind without a zero before its end, and of letters but for the first two bytes: its length, Backspace, and
/// its kind, which is Ctrl-F or Ctrl-G. To a line editor that is a few letters.
fn harmless(kind: Kind) -> Result<Vec<u8>, Error> {
    for id in 0x2121..0x7e7e {
        let bytes = frame(kind, id, &[])?;
        if letters(&bytes).is_some_and(|letters| letters.iter().all(u8::is_ascii_graphic)) {
            return Ok(bytes);
        }
    }
    Err(Error::TooLong)
}

/// What of such a frame is shown by a line editor: all but the first two bytes and the last.
fn letters(frame: &[u8]) -> Option<&[u8]> {
    frame.get(2..frame.len().saturating_sub(1))
}

/// Reads until `text` has come, and says whether it has.
pub(super) fn wait_for(
    link: &mut dyn Transport,
    text: &[u8],
    timeout: Duration,
) -> io::Result<bool> {
    let start = Instant::now();
    let mut tail = Vec::new();
    while let Some(left) = timeout.checked_sub(start.elapsed()) {
        let mut chunk = [0; 1024];
        let count = link.read(&mut chunk, left)?;
        tail.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if tail.ends_with(text) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_a_prompt_is_letters() {
        for kind in [Kind::Ping, Kind::Cancel] {
            let bytes = harmless(kind).expect("there is one");
            assert_eq!(bytes.len(), 9, "{bytes:x?}");
            assert_eq!(bytes[..2], [8, kind as u8]);
            assert!(bytes[2..8].iter().all(u8::is_ascii_graphic));
            assert_eq!(bytes[8], 0);
        }
    }
}
