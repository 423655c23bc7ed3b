//! What `llext` is made of: ways to a target, its console, machine mode, and how extensions are built.
//!
//! The program is `src/main.rs`, a file a subcommand in `commands/`. `cargo xtask` uses the parts that it shares.
#![deny(unsafe_code)]

pub mod build;
pub mod client;
pub mod console;
pub mod debugger;
pub mod offline;
pub mod paths;
pub mod picture;
pub mod process;
pub mod signals;
pub mod terminal;
pub mod transport;
