//! String arguments.

use core::ffi::{CStr, c_char};
use core::str::Utf8Error;

/// A string as C and the shell pass it: a pointer to its bytes, of which a zero byte is the last.
#[derive(Debug)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    /// The string.
    ///
    /// # Errors
    /// It is not UTF-8.
    ///
    /// # Safety
    /// The caller of the exported function did pass a string, which stays as it is during the call.
    pub unsafe fn to_str(&self) -> Result<&str, Utf8Error> {
        // SAFETY: the pointer is that of a string, as the caller of this function says.
        unsafe { CStr::from_ptr(self.0) }.to_str()
    }
}
