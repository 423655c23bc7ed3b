//! Compares what the loader makes of relocatable files with what linkers make of them, byte by byte.
//!
//! Two suites, both on the host, for all machines:
//! - `tests/rows`: every row of every machine's table, over distances and values that walk every bit
//!   in both signs and straddle the field's limits: the row and every linker that knows the machine (GNU ld, lld)
//!   write the same bytes, or all refuse. `rows/judged.rs` says what a linker is no judge of, and why;
//! - `tests/objects.rs`: what the cross compilers make of `objects/`, loaded as a firmware would, then
//!   linked by GNU ld at the addresses that the loader chose. It also takes extensions of your own:
//!   `EXTENSIONS=FILE[:FILE…] cargo test -p gnu-ld own`.
//!
//! A new row needs nothing here, unless a linker looks at the opcode (`rows/templates.rs`). A new machine needs its
//! toolchain in [`tools`], a test in each suite, and a line in `xtask/src/tools.rs`.
//!
//! Needs the cross compilers: a missing one fails the suite and says which package has it.

pub mod compare;
pub mod detours;
pub mod heap;
pub mod image;
pub mod new_object;
pub mod object_file;
pub mod tools;
