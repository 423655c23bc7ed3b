//! `llext_find_sym`.

use crate::exports;
use crate::handle::Symtable;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;

/// The address of `name` in `table`, or in the firmware's if there is none; null if it is not there.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_find_sym(
    table: *const Symtable,
    name: *const c_char,
) -> *const c_void {
    if name.is_null() {
        return ptr::null();
    }
    // SAFETY: C's word, and neither is null.
    let (name, table) = unsafe { (CStr::from_ptr(name), table.as_ref()) };
    let Some(table) = table else {
        let address = exports::table().find(name.to_bytes());
        return address.map_or(ptr::null(), ptr::with_exposed_provenance);
    };
    // SAFETY: C's word: the table is one, and so are its names.
    let found = unsafe {
        let mut symbols = table.symbols().iter();
        symbols.find(|symbol| CStr::from_ptr(symbol.name) == name)
    };
    found.map_or(ptr::null(), |symbol| symbol.address)
}
