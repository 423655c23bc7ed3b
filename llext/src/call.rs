//! Calls of loaded functions within this process: the door for hosts, and for firmware that has no better one.
//!
//! There is no stack of its own here, no limit of time, and a fault is the caller's: a firmware that must survive what it
//! loads has another door, and hands that to [`Extension::bringup`](crate::Extension::bringup).

// To call memory that was data a moment ago is what a loader is for, and nothing can prove it right.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::with_exposed_provenance;

/// Calls the `void (void)` function at `address` (with the Thumb bit, for a Thumb function).
///
/// # Safety
/// `address` is that of a function of an extension that stays loaded until it returns; the extension was built for this
/// processor and this ABI, its memory may be executed, and what the function does is sound.
pub unsafe fn function(address: usize) {
    let function = with_exposed_provenance::<()>(address);
    // SAFETY: by the caller's word there is such a function at the address.
    unsafe { transmute::<*const (), extern "C" fn()>(function)() }
}

/// Calls the `void (void *)` function at `address` with `data`.
///
/// # Safety
/// As for [`function`]; and `data` is what that function expects.
pub unsafe fn entry(address: usize, data: *mut c_void) {
    let entry = with_exposed_provenance::<()>(address);
    // SAFETY: by the caller's word there is such a function at the address.
    unsafe { transmute::<*const (), extern "C" fn(*mut c_void)>(entry)(data) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    static CALLS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn count() {
        CALLS.fetch_add(1, Relaxed);
    }

    extern "C" fn add(data: *mut c_void) {
        CALLS.fetch_add(data.addr(), Relaxed);
    }

    #[test]
    fn calls_what_lies_at_an_address() {
        let (count, add) = (count as extern "C" fn(), add as extern "C" fn(*mut c_void));
        let data = core::ptr::without_provenance_mut(40);
        // SAFETY: the addresses of two functions of these types.
        unsafe {
            function((count as *const ()).expose_provenance());
            entry((add as *const ()).expose_provenance(), data);
        }
        assert_eq!(CALLS.load(Relaxed), 41);
    }
}
