//! Calls of loaded functions. Nothing is lent while one runs, so that it may call everything here.

use crate::errno::{EINVAL, ENOENT, ENOSYS};
use crate::handle::Handle;
use crate::state;
use core::ffi::{CStr, c_char, c_int, c_void};
use llext::{Extension, call};

/// Calls the exported function `name`.
///
/// # Safety
/// C's word; and what an extension does is its author's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_call_fn(extension: *mut Handle, name: *const c_char) -> c_int {
    if name.is_null() {
        return -EINVAL;
    }
    // SAFETY: C's word.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default();
    let found = state::with(|state| state.extension(extension)?.function(name).ok_or(-ENOENT));
    match found.and_then(|found| found) {
        Ok(address) => {
            // SAFETY: a function of a loaded extension, built for this machine; the rest is C's word.
            unsafe { call::function(address) };
            0
        }
        Err(code) => code,
    }
}

/// Calls the `n`th of some functions until there is none. Each is looked up when it is its turn: what runs
/// may unload and load others.
///
/// # Safety
/// C's word.
unsafe fn run(extension: *const Handle, nth: fn(&Extension, usize) -> Option<usize>) -> c_int {
    for index in 0.. {
        let next = state::with(|state| Ok(nth(state.extension(extension)?, index)));
        match next.and_then(|next| next) {
            // SAFETY: as in `llext_call_fn`.
            Ok(Some(address)) => unsafe { call::function(address) },
            Ok(None) => break,
            Err(code) => return code,
        }
    }
    0
}

/// Calls the constructors.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_bringup(extension: *mut Handle) -> c_int {
    // SAFETY: C's word.
    unsafe {
        run(extension, |extension, index| {
            extension.init_functions().nth(index)
        })
    }
}

/// Calls the destructors.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_teardown(extension: *mut Handle) -> c_int {
    // SAFETY: C's word.
    unsafe {
        run(extension, |extension, index| {
            extension.fini_functions().nth(index)
        })
    }
}

/// Calls constructors, `entry` and destructors.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_bootstrap(
    extension: *mut Handle,
    entry: Option<unsafe extern "C" fn(*mut c_void)>,
    data: *mut c_void,
) {
    let Some(entry) = entry else {
        return;
    };
    let address = (entry as *const ()).expose_provenance();
    let is_code = state::with(|state| Ok(state.extension(extension)?.is_code(address)));
    // SAFETY: C's word; and the entry is a function of the extension, built for this machine.
    unsafe {
        if is_code.and_then(|is_code: Result<bool, c_int>| is_code) == Ok(true)
            && llext_bringup(extension) == 0
        {
            call::entry(address, data);
            llext_teardown(extension);
        }
    }
}

/// −ENOSYS: there is no user mode.
#[unsafe(no_mangle)]
pub extern "C" fn llext_add_domain(_: *mut Handle, _: *mut c_void) -> c_int {
    -ENOSYS
}
