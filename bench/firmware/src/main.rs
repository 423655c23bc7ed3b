//! Measures the loader on a board: no shell, one load a run.
//!
//! The emulator counts instructions (`-icount`), so a difference of two readings of the timer says how many were executed
//! between them, exactly. What is to be done comes in the command line, the file to load where the board's storage lies;
//! the figures go to the UART, a line `name value` each. `cargo xtask bench` runs it.
//!
//! On a host this is an empty program: so whoever changes the loader's interface hears of it without a cross compiler.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(not(target_os = "none"), allow(dead_code, reason = "run on a board"))]

mod count;
mod cpu;
mod exports;
mod measure;
mod meter;
mod paint;
mod print;
mod source;
#[cfg(target_os = "none")]
mod stored;
#[cfg(not(target_os = "none"))]
mod stored {
    //! littlefs's bindings need a cross compiler's headers.

    pub fn open<R>(_: &str, _: &mut dyn FnMut(&mut dyn llext::Source) -> R) -> Option<R> {
        None
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
