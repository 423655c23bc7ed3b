//! Errors as C's negative numbers. Their values are those of `<errno.h>`: newlib's and picolibc's on bare targets, else Linux's.

use core::ffi::c_int;
use llext::{LoadError, SourceFault};

pub(crate) const ENOENT: c_int = 2;
pub(crate) const EIO: c_int = 5;
pub(crate) const ENOEXEC: c_int = 8;
pub(crate) const ENOMEM: c_int = 12;
pub(crate) const EFAULT: c_int = 14;
pub(crate) const EBUSY: c_int = 16;
pub(crate) const EEXIST: c_int = 17;
pub(crate) const EINVAL: c_int = 22;
pub(crate) const ENODATA: c_int = 61;
pub(crate) const ENOTSUP: c_int = if cfg!(target_os = "none") {
    BARE_ENOTSUP
} else {
    95
};
pub(crate) const ENOSYS: c_int = if cfg!(target_os = "none") {
    BARE_ENOSYS
} else {
    38
};
/// On bare targets.
pub(crate) const BARE_ENOTSUP: c_int = 134;
pub(crate) const BARE_ENOSYS: c_int = 88;

/// What `llext_load` returns for `error`.
pub(crate) fn of_load(error: &LoadError) -> c_int {
    match error {
        LoadError::OutOfMemory { .. } => -ENOMEM,
        LoadError::Undefined(_) => -ENODATA,
        LoadError::InvalidName => -EINVAL,
        LoadError::NotInPlace { address: None, .. } => -ENOTSUP,
        LoadError::NotInPlace { .. } => -EFAULT,
        LoadError::Source(failed) => match failed.reason {
            SourceFault::Device(code) if code < 0 => code,
            SourceFault::Device(_) => -EIO,
            SourceFault::Memory => -ENOMEM,
            SourceFault::Short | SourceFault::Used => -ENOEXEC,
        },
        _ => -ENOEXEC,
    }
}
