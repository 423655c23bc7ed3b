//! The commands.
#![no_std]
pub mod context;
