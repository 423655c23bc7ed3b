//! The commands of the shell.
//!
//! A line goes in, text comes out through [`Console`](context::Console), and all that a command touches
//! comes to it through [`Context`]. Nothing here knows a register, a transport or a file system.
//!
//! # How to add a command
//! Write one file like `fs/cat.rs`: its transcript in the module docs (a test runs it), a type that derives
//! `embedded_cli::Command`, whose doc comments are the help, and [`Run`] for that type. Then add one line to the
//! table below. Help, completion and "did you mean" follow from that; completion goes by the names of the
//! arguments (`PATH`, `NAME`, `FUNCTION`, `a|b`: see [`complete`]).
//!
//! # How a command fails
//! It writes one line `error: WHAT: WHY` (`fail!`) and, where one helps, a line `hint: …`, and returns [`Failed`].
#![cfg_attr(not(test), no_std)]

mod args;
mod complete;
pub mod context;
mod dispatch;
mod fs;
mod glob;
mod help;
mod line;
mod llext;
mod mem;
mod nearest;
mod path;
mod system;
mod table;
mod text;

pub use complete::{Candidate, complete};
pub use context::Context;
pub use dispatch::execute;
pub use table::Run;

/// A command failed, and has said why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// How a command ended.
pub type Status = Result<(), Failed>;

table::commands! {
    /// Every command of the shell, in the order of `help`.
    pub enum Command<'a> {
        Llext(llext::Llext<'a>),
        Ls(fs::ls::Ls<'a>),
        Cat(fs::cat::Cat<'a>),
        Rm(fs::rm::Rm<'a>),
        Mv(fs::mv::Mv<'a>),
        Cp(fs::cp::Cp<'a>),
        Mkdir(fs::mkdir::Mkdir<'a>),
        Df(fs::df::Df),
        Hexdump(fs::hexdump::Hexdump<'a>),
        Fs(fs::Fs),
        Mem(mem::Mem),
        Help(system::help::Help<'a>),
        Time(system::time::Time<'a>),
        Term(system::term::Term<'a>),
        Version(system::version::Version),
        Uptime(system::uptime::Uptime),
        Reboot(system::reboot::Reboot),
        Exit(system::exit::Exit),
    }
}
