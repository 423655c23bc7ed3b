//! What the firmware offers to extensions.
//!
//! Exports are written down in groups, each beside what it offers; [`exports!`](crate::exports) makes a board's table of
//! them when the board is compiled. To add an export, add its name to a group: alone for a C function that is linked
//! already, as `name => path` for a Rust function. To add a group, write one with `llext::export_group!`, in the board's
//! own crate too, and name it in the board's `exports!`.
//!
//! Each group is a feature of this crate. One that is off is empty, and what it would offer is not linked:
//!
//! | feature | offers |
//! |---|---|
//! | `libc` | picolibc's functions, and `printk` |
//! | `kernel` | time, `exit`, `abort`, failing assertions |
//! | `heap` | `malloc` and its kin, C++'s `new` and `delete` |
//! | `compiler` | what compilers call without being asked |

mod compiler;
mod heap;
mod kernel;
mod libc;

use core::ops::Range;

use llext::{Export, OwnedBlocks};

/// The C library.
pub const LIBC: &[Export] = group(cfg!(feature = "libc"), libc::LIBC);
/// Time, and the ways to end a call.
pub const KERNEL: &[Export] = group(cfg!(feature = "kernel"), kernel::KERNEL);
/// Allocation.
pub const HEAP: &[Export] = group(cfg!(feature = "heap"), heap::HEAP);
/// What compilers call without being asked.
pub const COMPILER: &[Export] = group(cfg!(feature = "compiler"), compiler::COMPILER);

const fn group(on: bool, exports: &'static [Export]) -> &'static [Export] {
    if on { exports } else { &[] }
}

/// The table of the firmware's exports, and of the board's own groups, if it names some: `exports![]`, `exports![LEDS]`.
#[macro_export]
macro_rules! exports {
    ($($own:tt)*) => {
        $crate::llext::exports![
            $crate::exports::LIBC,
            $crate::exports::KERNEL,
            $crate::exports::HEAP,
            $crate::exports::COMPILER,
            $($own)*
        ]
    };
}

/// Gives the heap its memory, and sets the C library up.
///
/// # Safety
/// Called once; nothing else uses `memory`.
pub unsafe fn start(memory: &Range<usize>) {
    // SAFETY: the caller's promise.
    unsafe {
        heap::start(memory);
        if cfg!(feature = "libc") {
            libc::start();
        }
    }
}

/// The heap that extensions live in.
pub fn heap() -> &'static dyn llext::Heap {
    &heap::BLOCKS
}

/// What extensions have allocated in it.
pub fn allocations() -> &'static OwnedBlocks {
    &heap::ALLOCATIONS
}
