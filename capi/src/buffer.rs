//! Files that lie in memory: the functions of `struct llext_buf_loader`.

use crate::errno::EINVAL;
use crate::source::Loader;
use core::ffi::{c_int, c_void};
use core::ptr;

/// `struct llext_buf_loader`
#[repr(C)]
pub(crate) struct BufLoader {
    pub(crate) loader: Loader,
    pub(crate) buffer: *const u8,
    pub(crate) len: usize,
    pub(crate) position: usize,
}

/// The buffer loader that `loader` is the first member of.
///
/// # Safety
/// C's word: it is one.
unsafe fn of<'a>(loader: *mut Loader) -> &'a mut BufLoader {
    // SAFETY: by the caller's word; `Loader` is the first member.
    unsafe { &mut *loader.cast() }
}

/// Copies the next `len` bytes; −EINVAL if there are fewer.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_buf_read(
    loader: *mut Loader,
    out: *mut c_void,
    len: usize,
) -> c_int {
    // SAFETY: C's word.
    let file = unsafe { of(loader) };
    let left = file.len.checked_sub(file.position);
    if left.is_none_or(|left| left < len) {
        return -EINVAL;
    }
    // SAFETY: `len` bytes are left of the buffer, and C's word is that `out` has room for them.
    unsafe { ptr::copy_nonoverlapping(file.buffer.add(file.position), out.cast(), len) };
    file.position += len;
    0
}

/// Goes to byte `position`; −EINVAL if that is past the end.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_buf_seek(loader: *mut Loader, position: usize) -> c_int {
    // SAFETY: C's word.
    let file = unsafe { of(loader) };
    if position > file.len {
        return -EINVAL;
    }
    file.position = position;
    0
}

/// The byte at `position`; null past the end.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_buf_peek(loader: *mut Loader, position: usize) -> *mut c_void {
    // SAFETY: C's word.
    let file = unsafe { of(loader) };
    if position > file.len {
        return ptr::null_mut();
    }
    file.buffer.wrapping_add(position).cast_mut().cast()
}

/// How many bytes there are.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_buf_size(loader: *mut Loader) -> usize {
    // SAFETY: C's word.
    unsafe { of(loader) }.len
}
