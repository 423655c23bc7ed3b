//! The loader as a static library for C firmware: `include/llext.h` says what there is, under Zephyr's names and errno values.
//!
//! A C program links `libllext_c.a` and, if it exports symbols, gives the linker `llext.x`. There is no allocator
//! but the memory that `llext_heap_init` is given; no thread, no lock that waits, nothing that is printed.
//!
//! # How it is built
//! One [`Llext`](llext::Llext) lives in `state.rs`, lent to one call at a time. Each loaded extension has a `struct llext` in
//! the heap, which the list there owns; a pointer that comes back from C is looked up in the list before it is believed.
//! Functions of extensions run while nothing is lent, so that they may call everything here.
//!
//! # Unsafe code
//! All of this crate is a door between C's pointers and Rust, so unsafe code is allowed in it. Each function of
//! `llext.h` has C's contract: pointers are null where the header says so, or point to what their type says for the time of the
//! call, and strings end in a NUL. SAFETY comments call that *C's word*.
#![cfg_attr(not(test), no_std)]
#![allow(private_interfaces, reason = "C's structures are of use to C alone")]

#[cfg(not(target_os = "none"))]
extern crate std;

mod buffer;
mod errno;
mod exports;
mod handle;
mod heap;
mod inspect;
mod layout;
mod life;
mod load;
mod machine;
mod source;
mod state;
mod symbol;

#[cfg(all(target_os = "none", not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The loader has no panicking branch; what is linked beside it must have a handler all the same.
    loop {
        core::hint::spin_loop();
    }
}
