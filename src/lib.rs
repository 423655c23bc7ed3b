//! Firmware of llext-shell: what every board runs.
//!
//! A board is a binary of a few lines that names its devices and addresses in a `board::Board` and
//! calls `run`. From there on:
//!
//! ```text
//! run ─→ storage (littlefs on the board's flash) ─┐
//!     ─→ exports::heap (where extensions live)    ├─→ console::run_shell ─→ shell_cmds ─→ llext
//!     ─→ exec (the door to extension code) ───────┘                           │
//!          ↑ faults, Ctrl-C                                           calls   ↓
//!        serial (receive interrupt)  ←── output ── exports ←───────── extension code
//! ```
//!
//! # Stacks and memory
//! - The firmware's stack is what its RAM has left; the shell and all handlers run on it.
//! - Extension code, and the exports that it calls, run on a stack of their own (`board::Memory::stack`,
//!   32 KiB unless the build says otherwise: [`stack`]), outside the firmware's static RAM, above a guard that faults.
//! - Extensions live in two heaps that the board names: what only the loader writes in `board::Memory::code`, what they write
//!   in `board::Memory::heap`. Without the feature `protect` the second is for all ([`protect`]).
//! - littlefs's buffers are on the firmware's stack, for as long as the firmware runs.
//!
//! # Rules
//! - Nothing here panics on bad input; a panic or a fault of the firmware is reported, remembered, and restarts it
//!   (`fatal`).
//! - Only [`console`], [`interrupts`], [`ring`], [`stack`] and of [`protect`] what computes register values build on a host, where they are
//!   tested; the rest needs the target.
#![cfg_attr(not(test), no_std)]

pub mod console;
pub mod interrupts;
pub mod protect;
pub mod ring;
pub mod stack;

#[cfg(target_os = "none")]
pub mod board;
#[cfg(target_os = "none")]
mod debugger;
#[cfg(target_os = "none")]
pub mod drivers;
#[cfg(target_os = "none")]
pub mod exec;
#[cfg(target_os = "none")]
pub mod exports;
#[cfg(target_os = "none")]
mod fatal;
#[cfg(target_os = "none")]
mod run;
#[cfg(target_os = "none")]
pub mod serial;
#[cfg(target_os = "none")]
pub mod storage;

pub use llext::export_group;

// For `exports!`, which boards call.
#[doc(hidden)]
pub use llext;
#[cfg(not(feature = "slid"))]
#[doc(hidden)]
pub use llext::exports as table;
#[cfg(feature = "slid")]
#[doc(hidden)]
pub use llext::exports_by_id as table;
#[cfg(target_os = "none")]
pub use run::run;
