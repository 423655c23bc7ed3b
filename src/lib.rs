//! Firmware of llext-shell.
#![cfg_attr(not(test), no_std)]

pub mod console;
