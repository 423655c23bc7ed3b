//! Compares what the loader makes of relocatable files with what GNU ld makes of them, byte by byte.
//!
//! Two suites, both on the host, for all machines:
//! - `tests/rows`: every row of every machine's table, over distances and values that walk every
//!   bit in both signs and straddle the field's limits: both write the same bytes, or both refuse;
//! - `tests/objects.rs`: what the cross compilers make of `objects/`, loaded as a firmware would, then
//!   linked by GNU ld at the addresses that the loader chose. It also takes extensions of your own:
//!   `EXTENSIONS=FILE[:FILE…] cargo test -p gnu-ld own`.
//!
//! Needs the cross compilers: a missing one fails the suite and says which package has it.

pub mod compare;
pub mod detours;
pub mod heap;
pub mod image;
pub mod new_object;
pub mod object_file;
pub mod tools;
