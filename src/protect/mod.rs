//! Memory protection: what a call into an extension may do to memory.
//!
//! # What holds
//! | memory | while the shell runs | in a call |
//! |---|---|---|
//! | null pointers, and the guard below the extension's stack | nothing | nothing |
//! | the firmware's image, and files that are used in place | read, execute | read, execute |
//! | code heap: text, constants, the loader's records | read, write | read; text of extensions executes |
//! | the file system's memory | read, write | read |
//! | data heap, stacks, the firmware's variables | read, write | read, write |
//!
//! Nothing else executes. A call without protection (`--no-protect`) may do everything but use null pointers and the guard, and
//! write the image and files; on RISC-V the firmware's variables do not execute in it, either.
//!
//! # Why so
//! Extension code runs with the firmware's own rights, on its own stack, and so does what it calls of the firmware. What
//! follows is protection from errors, not from malice, and one set of rights for both; what it must not do to the firmware's
//! variables it can only be kept from when it runs without privileges.
//!
//! CPUs have few regions (8 on Armv7-M, 16 of RISC-V's), and there may be any number of extensions. So memory is laid out such
//! that a few areas hold whatever is loaded: nothing executes by default, and one area has all that only the loader writes
//! ([`SplitHeap::new_sealed`](llext::SplitHeap::new_sealed)). On top of it lie *slots*, regions for one text each. A call begins with one for its own
//! text; when another extension's text is to execute, the fault of that fetch fills the next slot, and the CPU tries again
//! (`fill`), as with a TLB. Text alone has to lie such that a region can be just it: the loader rounds it (`POLICY`), and
//! nothing else. The image of a linked file, whose code and data cannot part, lies in the data heap; on Armv7-M its text executes
//! piece by piece ([`pmsav7::piece`]), and the 32 bytes at an end of it that hold something else, too, execute and may be written.
//!
//! Between calls no slot is filled, and the shell may write what it loads: what is read-only is so by two or three registers
//! that the door sets (`around`). Nothing has to be taken back when an extension is unloaded.
//!
//! # What it costs
//! A call takes some 300 instructions more, and so does each slot that is filled; bench/RESULTS.md has both, and the bytes
//! of heap and flash. Without the feature `protect` there are null page and guard, and one heap for everything.
//!
//! # What may follow
//! Extensions without privileges need rights of their own beside the firmware's: the areas stay, text and constants become
//! readable for all, data heap and the extension's stack writable, and exports a gate into the firmware. The table above has then a
//! column more, and `around` is where the CPU changes sides.
//!
//! Register values are computed when a board is compiled: an area that the hardware cannot name does not compile.

pub mod pmp;
pub mod pmsav7;
pub mod slots;

#[cfg(all(target_os = "none", target_arch = "arm"))]
mod arm;
#[cfg(all(target_os = "none", target_arch = "arm"))]
use arm as cpu;
#[cfg(all(target_os = "none", target_arch = "riscv32"))]
mod riscv;
#[cfg(all(target_os = "none", target_arch = "riscv32"))]
use riscv as cpu;

#[cfg(target_os = "none")]
mod door;
#[cfg(target_os = "none")]
use door::ENABLED;

#[cfg(target_os = "none")]
pub use cpu::Areas;
#[cfg(target_os = "none")]
pub use door::{
    POLICY, around, extent, fill, kind_of_access, kind_of_fetch, start, yield_to_store,
};
