//! The console: bytes to keys, keys to lines, lines to commands.
//!
//! ```text
//! Port ─→ keys ─→ ansi (noline) or plain ─→ line ─→ dispatch (embedded-cli) ─→ shell_cmds::run
//!                    │ Tab ↔ complete                                              │
//! Port ←──────────── view ←──────────────────────── output ←───────────────────────┘
//! ```

mod ansi;
mod complete;
mod history;
mod input;
mod keys;
mod line;
mod output;
mod plain;
mod shell;
mod shim;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use output::Output;
pub use shell::{World, run_shell};

/// A byte pipe to whoever sits at the other end. Shared by the shell and by extension code, so methods take `&self`.
pub trait Port: Sync {
    /// Fills part of `into`, at least one byte: waits (sleeping) until there is one.
    fn read(&self, into: &mut [u8]) -> usize;
    /// Whether `read` would return at once.
    fn ready(&self) -> bool;
    /// Writes all of `bytes`.
    fn write(&self, bytes: &[u8]);
}
