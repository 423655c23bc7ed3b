//! Machine mode from the host's side: requests instead of typed lines, results instead of prose (`wire/README.md`).
//!
//! ```no_run
//! # use llext_tools::{client::{Client, Quiet}, transport::Port};
//! # use std::time::Duration;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let port: Port = "tcp:localhost:5555".parse()?;
//! let mut target = Client::enter(port.open(115_200)?, Duration::from_secs(10))?;
//! let reply = target.request("llext list", &mut Quiet)?.ok()?;
//! for extension in &reply.records {
//!     println!("{:?}", extension.get("name"));
//! }
//! # Ok(()) }
//! ```
//!
//! A client that is dropped leaves machine mode, so that whoever comes next finds the prompt.

mod enter;
mod error;
mod record;
#[cfg(test)]
mod tests;
mod transfer;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use llext_wire::{Decoder, INTERRUPT, Kind, Status, encode};

pub use error::Error;
pub use record::Record;

use crate::transport::Transport;

/// Between two looks at whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(25);
/// A request of which nothing came for so long is sent once more: it, or its end, may have been lost.
const RESEND: Duration = Duration::from_secs(1);
/// What is said again is said ever more rarely, up to this.
const RARELY: Duration = Duration::from_secs(8);
/// How long a target may be silent in a request that does nothing which takes time.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the prompt may take to come back when machine mode is left.
const LEAVING: Duration = Duration::from_millis(500);

/// What is told of a request while it runs.
pub trait Watcher {
    /// The shell said something to a person.
    fn text(&mut self, text: &[u8]) {
        let _ = text;
    }

    /// Extension code printed something.
    fn output(&mut self, output: &[u8]) {
        let _ = output;
    }

    /// So many bytes of a file have arrived.
    fn progress(&mut self, bytes: usize) {
        let _ = bytes;
    }

    /// Whether the user wants it to end: asked again and again, and to be true once each time. The second time, the request is
    /// left to itself.
    fn is_interrupted(&mut self) -> bool {
        false
    }

    /// Whether it may take as long as it likes, because it runs the user's code.
    fn may_take_long(&self) -> bool {
        false
    }
}

/// A watcher that looks away.
pub struct Quiet;

impl Watcher for Quiet {}

/// What a request came to.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Whether it did what it was to do.
    pub is_ok: bool,
    /// Its results; without any there is none.
    pub records: Vec<Record>,
    /// Frames of it that were lost on the line.
    pub lost: u16,
}

impl Reply {
    /// The reply, if the request succeeded.
    ///
    /// # Errors
    /// [`Error::Failed`], with what the target says of it.
    pub fn ok(self) -> Result<Reply, Error> {
        match self.is_ok {
            true => Ok(self),
            false => Err(Error::Failed {
                error: match (self.get("what"), self.get("error")) {
                    (Some(what), Some(error)) => format!("{what}: {error}{}", self.missing()),
                    (_, error) => error.unwrap_or("it failed").to_owned(),
                },
                hint: self.get("hint").map(str::to_owned),
            }),
        }
    }

    /// The symbols that a file misses, as the end of an error.
    fn missing(&self) -> String {
        let names = self.records.iter().filter_map(|it| it.get("undefined"));
        let names: Vec<_> = names.collect();
        match names.is_empty() {
            true => String::new(),
            false => format!(": {}", names.join(", ")),
        }
    }

    /// The first value of `key` in any record.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.records.iter().find_map(|record| record.get(key))
    }
}

/// A frame that came, by value.
struct Came {
    kind: Kind,
    id: u16,
    payload: Vec<u8>,
}

impl Came {
    fn number(&self) -> Option<(u32, &[u8])> {
        let (number, rest) = self.payload.split_first_chunk()?;
        Some((u32::from_le_bytes(*number), rest))
    }

    fn numbers(&self) -> Option<(u32, u32)> {
        let (first, rest) = self.number()?;
        Some((first, u32::from_le_bytes(rest.try_into().ok()?)))
    }
}

/// A target in machine mode.
pub struct Client {
    link: Box<dyn Transport>,
    decoder: Box<Decoder>,
    came: VecDeque<Came>,
    /// The last request.
    id: u16,
    /// What the target says of itself: `protocol`, `version`, `board`, `abi`, `window`.
    pub hello: Record,
    /// The connection works, as far as is known.
    alive: bool,
}

/// A request under way.
struct Running {
    id: u16,
    /// Frames of it so far.
    frames: u16,
    fields: String,
    last: Instant,
    /// When it is to be sent again, if nothing comes.
    again: Duration,
    is_interrupted: bool,
}

impl Client {
    /// Sends the command line `line` and waits for its end.
    ///
    /// # Errors
    /// The connection is gone, or the target silent. A command that fails is no error here: [`Reply::ok`].
    pub fn request(&mut self, line: &str, watcher: &mut dyn Watcher) -> Result<Reply, Error> {
        let mut running = self.begin(line)?;
        loop {
            if let Some(reply) = self.step(&mut running, line, watcher, &mut |_, _| Ok(()))? {
                return Ok(reply);
            }
        }
    }

    /// Keeps machine mode open, and finds out whether the target is still there.
    ///
    /// # Errors
    /// It is not.
    pub fn ping(&mut self) -> Result<(), Error> {
        let id = self.next_id();
        let start = Instant::now();
        let mut tries = 0;
        while start.elapsed() < PATIENCE {
            if start.elapsed() >= RESEND * tries {
                self.send(Kind::Ping, id, &[])?;
                tries += 1;
            }
            let came = self.receive(LOOK)?;
            if came.is_some_and(|came| came.kind == Kind::Hello && came.id == id) {
                return Ok(());
            }
        }
        Err(Error::Silent)
    }

    fn begin(&mut self, line: &str) -> Result<Running, Error> {
        self.came.clear();
        let id = self.next_id();
        self.send(Kind::Run, id, &[line.as_bytes()])?;
        Ok(Running {
            id,
            frames: 0,
            fields: String::new(),
            last: Instant::now(),
            again: RESEND,
            is_interrupted: false,
        })
    }

    /// Takes one frame, or looks at the clock. The reply, when it has come. Frames of a transfer go to `other`.
    fn step(
        &mut self,
        running: &mut Running,
        line: &str,
        watcher: &mut dyn Watcher,
        other: &mut dyn FnMut(&mut Self, &Came) -> Result<(), Error>,
    ) -> Result<Option<Reply>, Error> {
        if watcher.is_interrupted() {
            if running.is_interrupted {
                return Err(Error::Interrupted);
            }
            running.is_interrupted = true;
            self.write(&INTERRUPT)?;
        }
        let Some(came) = self.receive(LOOK)? else {
            return self.silence(running, line, watcher).map(|()| None);
        };
        if came.id != running.id {
            return Ok(None);
        }
        running.last = Instant::now();
        running.again = RESEND;
        if came.kind == Kind::Done {
            return Ok(Some(done(running, &came)));
        }
        running.frames = running.frames.wrapping_add(1);
        match came.kind {
            Kind::Text => watcher.text(&came.payload),
            Kind::Output => watcher.output(&came.payload),
            Kind::Fields => running
                .fields
                .push_str(&String::from_utf8_lossy(&came.payload)),
            _ => other(self, &came)?,
        }
        Ok(None)
    }

    /// Nothing came: after a while the request is sent again, and at last given up.
    fn silence(
        &mut self,
        running: &mut Running,
        line: &str,
        watcher: &mut dyn Watcher,
    ) -> Result<(), Error> {
        let silent = running.last.elapsed();
        if silent > PATIENCE && !watcher.may_take_long() {
            return Err(Error::Silent);
        }
        if silent >= running.again {
            running.again += running.again.min(RARELY);
            self.write(&[0])?;
            self.send(Kind::Run, running.id, &[line.as_bytes()])?;
        }
        Ok(())
    }

    fn next_id(&mut self) -> u16 {
        self.id = self.id.wrapping_add(1).max(1);
        self.id
    }

    fn send(&mut self, kind: Kind, id: u16, parts: &[&[u8]]) -> Result<(), Error> {
        self.write(&frame(kind, id, parts)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.link.write_all(bytes);
        self.alive = written.is_ok();
        written.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Error::Silent,
            _ => Error::Link(error),
        })
    }

    /// The next frame, if one comes in time.
    fn receive(&mut self, timeout: Duration) -> Result<Option<Came>, Error> {
        if self.came.is_empty() {
            let mut chunk = [0; 4096];
            let count = self.link.read(&mut chunk, timeout).inspect_err(|_| {
                self.alive = false;
            });
            self.take(chunk.get(..count.map_err(Error::Link)?).unwrap_or_default());
        }
        Ok(self.came.pop_front())
    }

    fn take(&mut self, bytes: &[u8]) {
        let Self { decoder, came, .. } = self;
        decoder.push(bytes, &mut |frame| {
            came.push_back(Came {
                kind: frame.kind,
                id: frame.id,
                payload: frame.payload.to_vec(),
            });
        });
    }

    /// Goes back to the prompt, and waits until it is there.
    fn leave(&mut self) -> io::Result<()> {
        let leave = frame(Kind::Leave, self.id.wrapping_add(1), &[]).unwrap_or_default();
        self.link.write_all(&leave)?;
        enter::wait_for(&mut *self.link, enter::PROMPT, LEAVING).map(|_| ())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.alive {
            // Who is not there any more needs no prompt.
            let _ = self.leave();
        }
    }
}

fn done(running: &Running, came: &Came) -> Reply {
    let (status, frames) = match came.payload.as_slice() {
        [status, low, high, ..] => (Status::of(*status), u16::from_le_bytes([*low, *high])),
        _ => (None, 0),
    };
    Reply {
        is_ok: status == Some(Status::Ok),
        records: record::read(&running.fields),
        lost: frames.wrapping_sub(running.frames),
    }
}

fn frame(kind: Kind, id: u16, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    encode(kind, id, parts, &mut |piece| bytes.extend_from_slice(piece))
        .map_err(|_| Error::TooLong)?;
    Ok(bytes)
}

/// A number that another session is unlikely to have ended with: its last request would not be run again.
fn some_id() -> u16 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.subsec_nanos());
    (nanoseconds >> 8) as u16
}
