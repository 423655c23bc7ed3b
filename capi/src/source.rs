//! A `struct llext_loader` as a source of bytes.

use crate::errno::EINVAL;
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use core::slice;
use llext::{
    Source, SourceError, SourceFault, UNKNOWN_LENGTH,
    source::{FilePlace, InPlace},
};

/// `enum llext_storage`
pub(crate) const PERSISTENT: c_int = 1;
pub(crate) const WRITABLE: c_int = 2;

type Prepare = unsafe extern "C" fn(*mut Loader) -> c_int;
type Read = unsafe extern "C" fn(*mut Loader, *mut c_void, usize) -> c_int;
type Seek = unsafe extern "C" fn(*mut Loader, usize) -> c_int;
type Peek = unsafe extern "C" fn(*mut Loader, usize) -> *mut c_void;
type Finalize = unsafe extern "C" fn(*mut Loader);
type Size = unsafe extern "C" fn(*mut Loader) -> usize;

/// `struct llext_loader`
#[repr(C)]
pub(crate) struct Loader {
    pub(crate) prepare: Option<Prepare>,
    pub(crate) read: Option<Read>,
    pub(crate) seek: Option<Seek>,
    pub(crate) peek: Option<Peek>,
    pub(crate) finalize: Option<Finalize>,
    pub(crate) size: Option<Size>,
    pub(crate) storage: c_int,
}

/// A file that C reads, from `prepare` until it is dropped, which is `finalize`.
pub(crate) struct Foreign {
    loader: *mut Loader,
    read: Read,
    seek: Seek,
    len: usize,
    /// Where the file lies, if it does in memory.
    at: Option<NonNull<u8>>,
    storage: c_int,
}

impl Foreign {
    /// Prepares the file of `loader`; what `prepare` returns if that is no success, −EINVAL if it cannot be read.
    ///
    /// # Safety
    /// C's word, as long as the value lives.
    pub(crate) unsafe fn open(loader: *mut Loader) -> Result<Self, c_int> {
        // SAFETY: C's word. Fields are copied, so that nothing is borrowed while C's functions write their own.
        let Some(Loader {
            prepare,
            read: Some(read),
            seek: Some(seek),
            peek,
            size,
            storage,
            ..
        }) = (unsafe { loader.as_ref() })
        else {
            return Err(-EINVAL);
        };
        let (prepare, read, seek, peek, size, storage) =
            (*prepare, *read, *seek, *peek, *size, *storage);
        // SAFETY: C's word.
        let code = prepare.map_or(0, |prepare| unsafe { prepare(loader) });
        if code != 0 {
            return Err(if code < 0 { code } else { -EINVAL });
        }
        // SAFETY: C's word. Without a length nothing is known of the bytes behind one that is shown.
        let (len, at) = unsafe {
            match size {
                None => (UNKNOWN_LENGTH, None),
                Some(size) => (
                    size(loader).min(UNKNOWN_LENGTH),
                    peek.and_then(|peek| NonNull::new(peek(loader, 0).cast())),
                ),
            }
        };
        Ok(Self {
            loader,
            read,
            seek,
            len,
            at,
            storage,
        })
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // SAFETY: C's word.
        unsafe {
            if let Some(finalize) = (*self.loader).finalize {
                finalize(self.loader);
            }
        }
    }
}

impl Source for Foreign {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let (wanted, room) = (into.len(), into.as_mut_ptr().cast());
        let failed = |reason| SourceError {
            offset,
            wanted,
            reason,
        };
        if offset.checked_add(wanted).is_none_or(|end| end > self.len) {
            return Err(failed(SourceFault::Short));
        }
        // SAFETY: C's word; there is room for as many bytes as are asked for.
        let code = unsafe {
            match (self.seek)(self.loader, offset) {
                0 => (self.read)(self.loader, room, wanted),
                code => code,
            }
        };
        match code {
            0 => Ok(()),
            code => Err(failed(SourceFault::Device(code))),
        }
    }

    fn peek(&self) -> Option<&[u8]> {
        // What may be patched is not lent: in `in_place` the loader gets it.
        let at = self.at.filter(|_| self.storage != WRITABLE)?;
        // SAFETY: C's word: `peek` showed the file, which has `len` bytes and stays until the load ends.
        Some(unsafe { slice::from_raw_parts(at.as_ptr(), self.len) })
    }

    fn in_place(&mut self) -> Option<InPlace> {
        let (at, place) = (self.at?, self.place()?);
        // SAFETY: C's word, which `enum llext_storage` asks for: these bytes outlive the extension.
        Some(unsafe { InPlace::new(at, place.len, place.address, place.is_writable) })
    }

    fn place(&self) -> Option<FilePlace> {
        let stays = matches!(self.storage, PERSISTENT | WRITABLE);
        let at = self.at.filter(|_| stays)?;
        Some(FilePlace {
            address: at.as_ptr().expose_provenance(),
            len: self.len,
            is_writable: self.storage == WRITABLE,
        })
    }
}
