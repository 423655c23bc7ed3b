//! What the firmware offers: 2,000 names, or 250 of them. build.rs writes the functions and the tables.

use core::ffi::{CStr, c_char};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use llext::{Export, Exports, exports};

/// Calls of `printk` with hello's text.
static GREETINGS: AtomicU32 = AtomicU32::new(0);

/// How often `printk` was called as `hello` calls it.
pub fn greetings() -> u32 {
    GREETINGS.load(Relaxed)
}

/// The table with this many names.
pub fn table(names: usize) -> Exports<'static> {
    if names > FEW.len() {
        exports![ALL]
    } else {
        exports![FEW]
    }
}

extern "C" fn printk(text: *const c_char) {
    // SAFETY: C's printk is called with a string.
    if unsafe { CStr::from_ptr(text) } == c"hello world\n" {
        GREETINGS.fetch_add(1, Relaxed);
    }
}

extern "C" fn k_sleep() {}

// The C library's; only their addresses are taken.
unsafe extern "C" {
    fn memcpy();
    fn memset();
    fn memcmp();
    fn strlen();
    fn strcmp();
    fn strncmp();
    fn strcpy();
}

extern "C" fn abort() {
    crate::cpu::exit(1)
}

include!(concat!(env!("OUT_DIR"), "/exports.rs"));
