//! Commands for the machine and the shell itself.

pub mod term;
