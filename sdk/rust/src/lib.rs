//! What a Rust extension for llext-shell is written against.
//!
//! An extension is a `no_std` crate of the type `staticlib`; `cargo xtask` makes the ELF extension of it.
//!
//! ```ignore
//! #![no_std]
//! use llext::println;
//!
//! /// Adds, and says so.
//! #[llext::export]
//! fn add(a: i32, b: i32) -> i32 {
//!     println!("{a} + {b}");
//!     a + b
//! }
//! ```
//!
//! The package is `llext-sdk`, the crate `llext`: the attribute names it, so it keeps that name.
//!
//! | what | by means of |
//! |---|---|
//! | [`#[llext::export]`](macro@export) | a record in `.exported_sym`, as `EXPORT_SYMBOL` makes in C |
//! | [`print!`], [`println!`] | the firmware's `putchar` |
//! | [`Text`] | a string argument |
//! | `alloc` (`Box`, `Vec`, `String` …) | the firmware's `malloc` and `free`: what leaks is reported at unload |
//! | [`time`] | `k_uptime_get_32`, `k_msleep`, `k_busy_wait` |
//! | `LLEXT_ABI_ID` in the environment | the extension is bound to firmware whose `version` shows this id |
//! | panics | the message on the console, then `abort`: the shell goes on |
#![no_std]
#![warn(missing_docs)]

mod abi;
#[doc(hidden)]
pub mod console;
#[doc(hidden)]
pub mod export;
mod memory;
mod panic;
mod text;
pub mod time;

pub use llext_sdk_macros::export;
pub use text::Text;
