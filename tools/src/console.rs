//! A terminal for the human prompt of a target: what a person types goes there, what comes is shown.
//!
//! A connection that ends (a cable, a board that restarts its USB, an emulator) is opened again as soon as that is possible.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::signals::Signals;
use crate::terminal::{Output, RawMode};
use crate::transport::Transport;

/// Bytes carried at a time.
const CHUNK: usize = 4096;
/// How long one look for what the target says may keep keys waiting.
const LOOK: Duration = Duration::from_millis(3);
/// Between two tries to open a connection again.
const RETRY: Duration = Duration::from_millis(250);
/// Ctrl-]
const LEAVE: u8 = 0x1d;
/// What the shell shows when it waits for a line.
const PROMPT: &[u8] = b"llext> ";
/// After piped input has ended, a target that was silent for so long behind its prompt has answered it all.
const ANSWERED: Duration = Duration::from_millis(300);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The user left, piped input was answered, or nobody reads the output any more.
    Left,
    /// [`Options::is_over`] said so.
    Over,
    /// A signal asked for it.
    Signal(i32),
}

/// How a session goes.
pub struct Options<'a> {
    /// Opens the connection again, if it may be: a session without ends with the connection.
    pub reopen: Option<&'a mut dyn FnMut() -> io::Result<Box<dyn Transport>>>,
    /// Typed first.
    pub typed: Vec<u8>,
    /// Typed when piped input has ended, such as Ctrl-D; without, the session ends when all was answered.
    pub last: Vec<u8>,
    /// Asked again and again whether the session is over.
    pub is_over: &'a mut dyn FnMut() -> bool,
}

/// Carries bytes between stdin, stdout and `link` until the session ends. On a terminal Ctrl-] leaves, and every other key
/// goes to the target.
///
/// # Errors
/// The terminal refuses, or the connection is gone and may not be opened again.
pub fn attach(mut link: Box<dyn Transport>, mut options: Options<'_>) -> io::Result<End> {
    let signals = Signals::catch()?;
    let _raw = RawMode::enter()?;
    let mut keys = Keys::read(std::mem::take(&mut options.typed));
    let mut shown = Shown::new();
    loop {
        match carry(&mut *link, &mut keys, &mut shown, &mut options, &signals) {
            Ok(end) => return Ok(end),
            Err(error) => {
                let Some(reopen) = &mut options.reopen else {
                    return Err(error);
                };
                eprintln!(
                    "\r\nllext: the connection is lost ({error}); waiting for it, Ctrl-] leaves\r"
                );
                match again(*reopen, &mut keys, &signals) {
                    Ok(opened) => link = opened,
                    Err(end) => return Ok(end),
                }
                eprintln!("llext: connected again\r");
            }
        }
    }
}

fn carry(
    link: &mut dyn Transport,
    keys: &mut Keys,
    shown: &mut Shown,
    options: &mut Options<'_>,
    signals: &Signals,
) -> io::Result<End> {
    let mut chunk = [0; CHUNK];
    loop {
        if let Some(signal) = signals.caught() {
            return Ok(End::Signal(signal));
        }
        let count = link.read(&mut chunk, LOOK)?;
        let came = chunk.get(..count).unwrap_or_default();
        if !came.is_empty() && shown.show(came).is_err() {
            return Ok(End::Left);
        }
        if keys.pending.is_empty() {
            match keys.next() {
                Typed::Bytes | Typed::Nothing => {}
                Typed::Leave => return Ok(End::Left),
                Typed::End => keys.pending.append(&mut options.last),
            }
        }
        if !keys.pending.is_empty() {
            let count = link.write_some(&keys.pending, LOOK)?;
            keys.pending.drain(..count);
            shown.last = Instant::now();
        } else if keys.ended && shown.is_answered() {
            return Ok(End::Left);
        }
        if came.is_empty() && (options.is_over)() {
            return Ok(End::Over);
        }
    }
}

/// Opens the connection again; the user may leave meanwhile, and other keys are kept.
fn again(
    reopen: &mut dyn FnMut() -> io::Result<Box<dyn Transport>>,
    keys: &mut Keys,
    signals: &Signals,
) -> Result<Box<dyn Transport>, End> {
    // What was on its way to the one that is gone was for that one.
    keys.pending.clear();
    loop {
        if let Some(signal) = signals.caught() {
            return Err(End::Signal(signal));
        }
        if let Ok(link) = reopen() {
            return Ok(link);
        }
        if keys.wait(RETRY) {
            return Err(End::Left);
        }
    }
}

/// What the target said.
struct Shown {
    output: Output,
    /// The last bytes, as many as a prompt has.
    tail: Vec<u8>,
    /// When something came or went.
    last: Instant,
}

impl Shown {
    fn new() -> Shown {
        Shown {
            output: Output::stdout(),
            tail: Vec::new(),
            last: Instant::now(),
        }
    }

    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tail.extend_from_slice(bytes);
        let extra = self.tail.len().saturating_sub(PROMPT.len());
        self.tail.drain(..extra);
        self.last = Instant::now();
        self.output.write(bytes)
    }

    fn is_answered(&self) -> bool {
        self.tail == PROMPT && self.last.elapsed() >= ANSWERED
    }
}

/// What the user types, read by a thread of its own, which waits in the kernel.
struct Keys {
    typed: Receiver<Vec<u8>>,
    terminal: bool,
    pending: Vec<u8>,
    ended: bool,
}

enum Typed {
    Bytes,
    Nothing,
    Leave,
    End,
}

impl Keys {
    fn read(pending: Vec<u8>) -> Keys {
        // One piece ahead: the rest of a paste waits in the kernel until the target takes it.
        let (sender, typed) = sync_channel(1);
        thread::spawn(move || read_keys(&sender));
        Keys {
            typed,
            terminal: io::stdin().is_terminal(),
            pending,
            ended: false,
        }
    }

    /// Takes what was typed to `pending`.
    fn next(&mut self) -> Typed {
        match self.typed.try_recv() {
            Ok(bytes) => self.take(bytes),
            Err(TryRecvError::Empty) => Typed::Nothing,
            Err(TryRecvError::Disconnected) if self.ended => Typed::Nothing,
            // So a terminal that was closed answers.
            Err(TryRecvError::Disconnected) if self.terminal => Typed::Leave,
            Err(TryRecvError::Disconnected) => {
                self.ended = true;
                Typed::End
            }
        }
    }

    fn take(&mut self, bytes: Vec<u8>) -> Typed {
        if self.terminal && bytes.contains(&LEAVE) {
            return Typed::Leave;
        }
        self.pending.extend(bytes);
        Typed::Bytes
    }

    /// Waits for up to `timeout` and says whether the user leaves.
    fn wait(&mut self, timeout: Duration) -> bool {
        match self.typed.recv_timeout(timeout) {
            Ok(bytes) => matches!(self.take(bytes), Typed::Leave),
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) if self.terminal => true,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(timeout);
                false
            }
        }
    }
}

fn read_keys(sender: &SyncSender<Vec<u8>>) {
    let mut chunk = [0; CHUNK];
    loop {
        let count = match io::stdin().read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let bytes = chunk.get(..count).unwrap_or_default().to_vec();
        if sender.send(bytes).is_err() {
            return;
        }
    }
}
