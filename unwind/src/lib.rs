//! Registers of a stopped CPU, and who called what it ran.
//!
//! [`Backtrace`] goes from frame to frame, each time by the best means that there is ([`How`]):
//!
//! 1. tables that the compiler made: `.ARM.exidx` on ARM ([`exidx`]), `.eh_frame` on RISC-V ([`cfi`]);
//! 2. the link register, in the function that ran, if that has called nothing yet;
//! 3. frame pointers, in code that was compiled to keep them;
//! 4. a scan of the stack: the next word up that points behind a call. It may be left over from a call that is long over.
//!
//! # Promises
//! 1. No `unsafe`, no allocation, and nothing is printed or named: memory and symbols are the business of a [`Target`].
//! 2. Nothing that is read is believed: a return address must lie behind a call instruction in code, and a frame above the
//!    one before it. So every backtrace ends: a stack is finite.
//! 3. Bounded: at most [`STEPS`] frames, a scan of at most [`WORDS`] words for one of them, and at most [`READS`] words read
//!    for all: [`Backtrace::is_cut`] says whether that was too little.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod backtrace;
mod call;
pub mod cfi;
pub mod exidx;
mod frame_pointer;
mod registers;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use backtrace::{Backtrace, Frame, How, READS, STEPS, WORDS};
pub use registers::{ARM, COUNT, Machine, RISCV32, Registers};
pub use target::{Table, Target};
