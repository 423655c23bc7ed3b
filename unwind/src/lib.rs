//! Registers of a stopped CPU, and who called what it ran.
//!
//! Nothing here reads memory, prints or names a symbol: it works on numbers that others give.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod registers;

pub use registers::{ARM, COUNT, Machine, RISCV32, Registers};
