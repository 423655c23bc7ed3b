//! The commands of the shell.
//!
//! A line goes in, text comes out through [`Console`](context::Console), and all that a command touches
//! comes to it through [`Context`]. Nothing here knows a register, a transport or a file system.
//!
//! # How to add a command
//! Write one file like `fs/cat.rs`: its transcript in the module docs (a test runs it), one `Command` (`table.rs`) that
//! says how it is typed, and the function that runs. Then add one line to the table below. Help, usage, completion and
//! "did you mean" follow from that; completion goes by the names of the arguments (`PATH`, `NAME`, `a|b`: see
//! `complete.rs`).
//!
//! # How a command fails
//! It writes one line `error: WHAT: WHY` (`fail!`) and, where one helps, a line `hint: …`, and returns [`Failed`].
//! WHAT is the command as it is typed up to its arguments (`mem read`), but without the word `llext`, whose
//! subcommands are most of the shell: `load`, not `llext load`. `parse::What` gives it where any command may fail.
//! A command that Ctrl-C stops in the middle of its output writes `^C` instead (`text::go_on`).
#![cfg_attr(not(test), no_std)]

mod args;
mod ask;
mod complete;
pub mod context;
mod dispatch;
mod fs;
mod glob;
mod help;
mod last_fault;
mod line;
mod llext;
#[cfg(feature = "machine")]
mod machine;
mod mem;
mod nearest;
mod parse;
mod path;
mod system;
mod table;
mod text;
#[cfg(feature = "transfer")]
mod transfer;

pub use complete::{Candidate, complete};
pub use context::Context;
pub use dispatch::execute;
pub use last_fault::LastFault;
pub use llext::{gdb::forget_scripts, report::of_firmware as report_firmware};
pub use nearest::nearest;

/// A command failed, and has said why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// How a command ended.
pub type Status = Result<(), Failed>;

/// Every command of the shell, in the order of `help`.
static COMMANDS: &[table::Command] = &[
    llext::LLEXT,
    fs::ls::LS,
    fs::cat::CAT,
    fs::rm::RM,
    fs::mv::MV,
    fs::cp::CP,
    fs::mkdir::MKDIR,
    fs::df::DF,
    fs::hexdump::HEXDUMP,
    #[cfg(feature = "transfer")]
    transfer::recv::RECV,
    #[cfg(feature = "transfer")]
    transfer::send::SEND,
    fs::FS,
    mem::MEM,
    system::help::HELP,
    system::time::TIME,
    system::term::TERM,
    system::version::VERSION,
    system::uptime::UPTIME,
    #[cfg(feature = "machine")]
    machine::MACHINE,
    system::reboot::REBOOT,
    system::exit::EXIT,
];
