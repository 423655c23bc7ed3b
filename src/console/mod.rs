//! The console: bytes to keys, keys to lines, lines to commands.
//!
//! ```text
//! Port ─→ input, keys ─→ shim + ansi (noline) or plain ─→ line ─→ shell ─→ shell_cmds::execute
//!                          │ Tab: complete ─→ shell_cmds::complete               │
//! Port ←── output ←────────┴ view                                output ←────────┘
//! ```
//!
//! - *Nothing is asked.* No query goes to the terminal, so none has to answer.
//! - *Nothing is lost.* What is typed while a command runs, or pasted at once, is read key by key; a
//!   line that is too long is refused as a whole.
//! - *Nothing unknown gets in.* noline sees single bytes for keys and valid UTF-8, never what a terminal sent.
//! - *One way out.* Everything printed goes through [`Output`], which ends the lines.

mod ansi;
mod commands;
mod complete;
mod history;
mod input;
mod keys;
mod line;
mod output;
mod plain;
mod ports;
mod shell;
mod shim;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use output::Output;
pub use ports::{Ports, Wait};
pub use shell::{World, run_shell};

/// What comes through a [`Port`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Keys: 03 is Ctrl-C.
    Keys,
    /// Frames: Ctrl-C is [`llext_wire::INTERRUPT`]. Where there are several ports, it is the one of the last key that they come
    /// through and go out by, and no other.
    Frames,
    /// What has to wait, and means nothing until then.
    Nothing,
}

/// A byte pipe to whoever sits at the other end. Shared by the shell and by extension code, so methods take `&self`.
pub trait Port: Sync {
    /// Fills part of `into`, at least one byte: waits (sleeping) until there is one.
    fn read(&self, into: &mut [u8]) -> usize;
    /// Whether `read` would return at once.
    fn ready(&self) -> bool;
    /// Writes all of `bytes`.
    fn write(&self, bytes: &[u8]);
    /// Takes a Ctrl-C out of what waits to be read, wherever it stands; false if there is none.
    fn take_interrupt(&self) -> bool;
    /// Whether the line broke since frames come.
    fn broken(&self) -> bool {
        false
    }
    /// Whether no interrupt wakes who waits for `ready`.
    fn is_polled(&self) -> bool {
        false
    }
    /// Takes in what came, as its interrupt does, which may be masked. Returns whether the queue is full, so that what comes
    /// has to wait outside.
    fn poll(&self) -> bool {
        false
    }
    /// Like `read`, but returns 0 when nothing came for `timeout_ms`. Where there are several ports, it is the one of the last key.
    fn read_within(&self, into: &mut [u8], _timeout_ms: u32) -> usize {
        if self.ready() { self.read(into) } else { 0 }
    }
    /// The byte that `read_within` would give behind so many others, if it comes within `timeout_ms`. It stays there.
    fn peek_within(&self, _index: usize, _timeout_ms: u32) -> Option<u8> {
        None
    }
    /// Says what comes from now on. Again when a request among frames begins, for which a Ctrl-C that was read before it is not
    /// meant.
    fn set_input(&self, _input: Incoming) {}
    /// Writes all of `bytes`, for who is asked by `read_within` alone.
    fn write_raw(&self, bytes: &[u8]) {
        self.write(bytes);
    }
    /// From now to the next `read`, loses what does not fit into the queue, so that a Ctrl-C among it is seen.
    fn drop_excess(&self) {}
    /// How often bytes were lost on the way in since boot.
    fn losses(&self) -> u32;
    /// Bytes that were written since boot and that the host who reads now came too late for.
    fn unread(&self) -> u32 {
        0
    }
}
