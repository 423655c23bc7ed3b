//! What the firmware offers to extensions.
//!
//! Exports are written down in groups, each beside what it offers; [`exports!`](crate::exports) makes a board's table of
//! them when the board is compiled. To add an export, add its name to a group: alone for a C function that is linked
//! already, as `name => path` for a Rust function. To add a group, write one with `llext_shell::export_group!`, in the board's
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
//!
//! With the feature `slid` the table has ids instead of names, and `llext sym` cannot list it.

mod compiler;
mod heap;
mod kernel;
mod libc;

use llext::{AbiId, Export, Exports, OwnedBlocks};

use crate::board::Memory;

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

/// Counted up when what an exported name means changes and the name does not: extensions that were bound to the
/// exports before are refused then.
pub const ABI_VERSION: u32 = 1;

/// What a board offers to extensions.
pub struct Offer {
    /// All exports.
    pub exports: Exports<'static>,
    /// Their identity.
    pub abi: AbiId,
}

/// Makes a `static` [`Offer`](crate::exports::Offer) of the firmware's exports, and of the board's own groups if it names
/// some: `exports!(EXPORTS)`, `exports!(EXPORTS: LEDS)`. Once a board, since the note that says the exports' id goes to its
/// ELF file, where `cargo xtask extension --abi` reads it: sdk/include/llext.h says what it holds. Likewise a list of all
/// exports, for `cargo xtask kit`: neither is loaded.
#[macro_export]
macro_rules! exports {
    ($name:ident $(: $($own:expr),+)?) => {
        static $name: $crate::exports::Offer = $crate::exports::Offer {
            exports: $crate::table![
                $crate::exports::LIBC,
                $crate::exports::KERNEL,
                $crate::exports::HEAP,
                $crate::exports::COMPILER,
                $($($own),+)?
            ],
            abi: $crate::exports::abi(&[$($($own),+)?]),
        };
        core::arch::global_asm!(
            ".pushsection .note.llext.abi, \"\", %note",
            ".balign 4",
            ".long 6, 4, 1",
            ".asciz \"llext\"",
            ".balign 4",
            ".long {id}",
            ".popsection",
            id = const $crate::exports::abi(&[$($($own),+)?]).0,
        );
        const _: () = {
            const GROUPS: &[(&str, &[$crate::llext::Export])] = &[
                ("libc", $crate::exports::LIBC),
                ("kernel", $crate::exports::KERNEL),
                ("heap", $crate::exports::HEAP),
                ("compiler", $crate::exports::COMPILER),
                $($((stringify!($own), $own)),+)?
            ];
            #[used]
            // SAFETY: src/link/llext.x keeps the section out of what is loaded.
            #[unsafe(link_section = ".llext.exports")]
            static LIST: $crate::llext::export::Listing<{ $crate::llext::export::listed(GROUPS) }> =
                $crate::llext::export::Listing::new(GROUPS);
        };
    };
}

/// The id of the firmware's exports and of a board's `own`.
#[doc(hidden)]
pub const fn abi(own: &[&[Export]]) -> AbiId {
    let firmware = AbiId::of(&[LIBC, KERNEL, HEAP, COMPILER], ABI_VERSION);
    if own.is_empty() {
        return firmware;
    }
    AbiId::of(own, firmware.0)
}

/// Gives the heap its memory, and sets the C library up.
///
/// # Safety
/// Called once; nothing else uses `memory`.
pub unsafe fn start(memory: &Memory) {
    // SAFETY: the caller's promise.
    unsafe {
        heap::start(memory);
        if cfg!(feature = "libc") {
            libc::start();
        }
    }
}

/// What extensions find thread-local variables from. To be asked for after [`start`].
pub fn thread_pointer() -> usize {
    if cfg!(feature = "libc") {
        libc::thread_pointer()
    } else {
        0
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
