//! The user's end of the console: a terminal in raw mode, or pipes.
//!
//! In raw mode every key reaches the target, Ctrl-C and Ctrl-A too; Ctrl-] is ours: Ctrl-] x quits,
//! Ctrl-] Ctrl-] sends one. The target's lines may end in `\n` alone; a terminal gets `\r\n`.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use rustix::termios::{self, OptionalActions, Termios};

/// Puts the terminal on stdin into raw mode until it is dropped.
pub struct RawMode {
    saved: Option<Termios>,
}

impl RawMode {
    /// Does nothing if stdin is no terminal.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn enter() -> io::Result<RawMode> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(RawMode { saved: None });
        }
        let saved = termios::tcgetattr(&stdin)?;
        let mut raw = saved.clone();
        raw.make_raw();
        // Now, not after a drain or flush: what was typed ahead is kept.
        termios::tcsetattr(&stdin, OptionalActions::Now, &raw)?;
        Ok(RawMode { saved: Some(saved) })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        if let Some(saved) = &self.saved {
            // Nothing can be done about a terminal that is gone.
            let _ = termios::tcsetattr(io::stdin().as_fd(), OptionalActions::Now, saved);
        }
    }
}

/// What the escape key made of the user's input.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// These bytes are for the target.
    Bytes(Vec<u8>),
    /// The user wants to quit.
    Quit,
}

const ESCAPE: u8 = 0x1d;

/// Finds Ctrl-] sequences in what is typed.
#[derive(Default)]
pub struct EscapeKey {
    pending: bool,
}

impl EscapeKey {
    /// Takes what was typed and returns what of it is for the target.
    pub fn filter(&mut self, typed: &[u8]) -> Typed {
        let mut bytes = Vec::with_capacity(typed.len());
        for &byte in typed {
            match (self.pending, byte) {
                (false, ESCAPE) => self.pending = true,
                (false, _) => bytes.push(byte),
                (true, b'x' | b'q') => return Typed::Quit,
                (true, ESCAPE) => {
                    self.pending = false;
                    bytes.push(ESCAPE);
                }
                (true, _) => {
                    self.pending = false;
                    bytes.extend([ESCAPE, byte]);
                }
            }
        }
        Typed::Bytes(bytes)
    }
}

/// The way out to the user.
pub struct Output {
    terminal: bool,
    last: u8,
}

impl Output {
    /// Stdout.
    pub fn stdout() -> Output {
        Output {
            terminal: io::stdout().is_terminal(),
            last: 0,
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.terminal {
            stdout.write_all(&self.for_terminal(bytes))?;
        } else {
            stdout.write_all(bytes)?;
        }
        stdout.flush()
    }

    /// Every `\n` gets a `\r` before it that has none.
    fn for_terminal(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + 16);
        for &byte in bytes {
            if byte == b'\n' && self.last != b'\r' {
                text.push(b'\r');
            }
            text.push(byte);
            self.last = byte;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escape_key_quits_and_is_sent_when_doubled() {
        let mut key = EscapeKey::default();
        assert_eq!(key.filter(b"ls\x1d\x1d"), Typed::Bytes(b"ls\x1d".into()));
        assert_eq!(key.filter(b"a\x1d"), Typed::Bytes(b"a".into()));
        assert_eq!(key.filter(b"x"), Typed::Quit);
    }

    #[test]
    fn other_keys_after_the_escape_key_are_kept() {
        let mut key = EscapeKey::default();
        assert_eq!(key.filter(b"\x1db"), Typed::Bytes(b"\x1db".into()));
    }

    #[test]
    fn a_terminal_gets_carriage_returns_once() {
        let mut output = Output {
            terminal: true,
            last: 0,
        };
        assert_eq!(output.for_terminal(b"a\nb\r"), b"a\r\nb\r");
        assert_eq!(output.for_terminal(b"\nc\n"), b"\nc\r\n");
    }
}
