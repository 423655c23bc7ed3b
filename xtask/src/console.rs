//! Carries bytes between the user and the emulator until one of them has enough.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use llext_tools::terminal::{EscapeKey, Output, RawMode, Typed};

/// Bytes carried at a time; a pipe that polls as writable takes this many without blocking.
const CHUNK: usize = 4096;
/// Ctrl-D: the shell takes it for `exit` on an empty line.
const END_OF_TRANSMISSION: u8 = 0x04;
/// How long a board may be silent after the end of piped input before it is told again: one that restarted, by
/// `reboot` or a fault, has lost what it had received.
const SILENCE: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// The emulator ended by itself.
    Exited(ExitStatus),
    /// The user quit, or nobody reads the output any more.
    Quit,
    /// A signal told us to end.
    Signal(i32),
}

/// Connects the user's stdin and stdout with the emulator until the end of the run, as if the user had typed the lines
/// of `typed` first. The emulator is gone when this returns, and the terminal is as it was.
///
/// # Errors
/// Something that cannot be recovered from failed in the host's system.
pub fn attach(mut emulator: Child, typed: &[String]) -> Result<End> {
    let end = carry(&mut emulator, typed);
    if !matches!(end, Ok(End::Exited(_))) {
        // It may have ended by itself meanwhile, which is as good.
        let _ = emulator.kill();
        emulator.wait().context("waiting for the emulator")?;
    }
    end
}

fn carry(emulator: &mut Child, typed: &[String]) -> Result<End> {
    let stdout = emulator
        .stdout
        .take()
        .ok_or(anyhow!("no pipe from the emulator"))?;
    let stdin = emulator
        .stdin
        .take()
        .ok_or(anyhow!("no pipe to the emulator"))?;
    let signals = Signals::catch().context("catching signals")?;
    let _raw = RawMode::enter().context("setting the terminal")?;
    let mut input = Input::new(stdin, typed);
    let mut output = Output::stdout();
    loop {
        let ready = wait(&input, &stdout, &signals)?;
        if let Some(signal) = signals.caught() {
            return Ok(End::Signal(signal));
        }
        if ready.output {
            match copy_output(&stdout, &mut output)? {
                Copied::Some => {}
                Copied::End => return Ok(End::Exited(emulator.wait()?)),
                Copied::NoReader => return Ok(End::Quit),
            }
        }
        if ready.input && !input.read()? {
            return Ok(End::Quit);
        }
        if ready.emulator {
            input.write();
        }
        if ready.nothing {
            input.pending.push(END_OF_TRANSMISSION);
        }
    }
}

/// What can be done without waiting.
struct Ready {
    output: bool,
    input: bool,
    emulator: bool,
    /// Nothing at all, for as long as `SILENCE`.
    nothing: bool,
}

fn wait(input: &Input, stdout: &ChildStdout, signals: &Signals) -> Result<Ready> {
    let user = io::stdin();
    let mut fds = vec![
        PollFd::new(&signals.pipe, PollFlags::IN),
        PollFd::new(stdout, PollFlags::IN),
    ];
    // Read from the user only when what was read before is on its way: a paste waits in the
    // kernel until the target takes it.
    if input.pending.is_empty() {
        if !input.ended {
            fds.push(PollFd::new(&user, PollFlags::IN));
        }
    } else if let Some(emulator) = &input.emulator {
        fds.push(PollFd::new(emulator, PollFlags::OUT));
    }
    let told_all = input.ended && input.emulator.is_some() && input.pending.is_empty();
    let nothing = match poll(&mut fds, told_all.then_some(&SILENCE)) {
        Ok(count) => count == 0,
        Err(rustix::io::Errno::INTR) => false,
        Err(error) => return Err(error).context("poll"),
    };
    let ready = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
    Ok(Ready {
        output: ready(1),
        input: ready(2) && input.pending.is_empty(),
        emulator: ready(2) && !input.pending.is_empty(),
        nothing,
    })
}

enum Copied {
    Some,
    End,
    NoReader,
}

fn copy_output(stdout: &ChildStdout, output: &mut Output) -> Result<Copied> {
    let mut chunk = [0; CHUNK];
    let count = read_some(stdout, &mut chunk).context("reading from the emulator")?;
    if count == 0 {
        return Ok(Copied::End);
    }
    match output.write(chunk.get(..count).unwrap_or_default()) {
        Ok(()) => Ok(Copied::Some),
        Err(_) => Ok(Copied::NoReader),
    }
}

/// What is on its way from the user to the emulator.
struct Input {
    emulator: Option<ChildStdin>,
    terminal: bool,
    key: EscapeKey,
    pending: Vec<u8>,
    /// The last byte that was read; a line feed at first: nothing needs to be finished.
    last: u8,
    ended: bool,
}

impl Input {
    fn new(emulator: ChildStdin, typed: &[String]) -> Input {
        Input {
            emulator: Some(emulator),
            terminal: io::stdin().is_terminal(),
            key: EscapeKey::default(),
            pending: typed
                .iter()
                .flat_map(|line| line.bytes().chain([b'\n']))
                .collect(),
            last: b'\n',
            ended: false,
        }
    }

    /// Reads what the user typed. Returns false if that is the wish to quit.
    fn read(&mut self) -> Result<bool> {
        let mut chunk = [0; CHUNK - 2];
        let count = match read_some(io::stdin(), &mut chunk) {
            Ok(count) => count,
            // So a terminal that was closed answers.
            Err(_) if self.terminal => return Ok(false),
            Err(error) => return Err(error).context("reading stdin"),
        };
        let typed = &chunk[..count];
        if count == 0 {
            if self.terminal {
                return Ok(false);
            }
            self.finish();
        } else if self.terminal {
            match self.key.filter(typed) {
                Typed::Quit => return Ok(false),
                Typed::Bytes(bytes) => self.pending = bytes,
            }
        } else {
            self.pending = typed.to_owned();
        }
        if let Some(&last) = typed.last() {
            self.last = last;
        }
        Ok(true)
    }

    /// Piped input has ended: so does the run, after its last command.
    fn finish(&mut self) {
        self.ended = true;
        if self.last != b'\n' {
            self.pending.push(b'\n');
        }
        self.pending.push(END_OF_TRANSMISSION);
    }

    fn write(&mut self) {
        let Some(emulator) = &mut self.emulator else {
            return;
        };
        // An emulator that ended reads no more; its output tells the end of the run.
        if emulator.write_all(&self.pending).is_err() {
            self.emulator = None;
            self.ended = true;
        }
        self.pending.clear();
    }
}

fn read_some(from: impl AsFd, chunk: &mut [u8]) -> io::Result<usize> {
    let count = rustix::io::retry_on_intr(|| rustix::io::read(&from, &mut *chunk))?;
    Ok(count)
}

/// The signals that end a run in order, with the terminal and the image as they should be.
struct Signals {
    pipe: UnixStream,
    caught: Arc<AtomicUsize>,
}

impl Signals {
    fn catch() -> io::Result<Signals> {
        let (pipe, handler) = UnixStream::pair()?;
        let caught = Arc::new(AtomicUsize::new(0));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            signal_hook::flag::register_usize(signal, Arc::clone(&caught), signal as usize)?;
            signal_hook::low_level::pipe::register(signal, handler.try_clone()?)?;
        }
        Ok(Signals { pipe, caught })
    }

    fn caught(&self) -> Option<i32> {
        match self.caught.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}
