//! `llext_load`, `llext_unload`, and finding what is loaded.

use crate::errno::{self, EBUSY, EINVAL};
use crate::handle::{Handle, Shdr};
use crate::source::{Foreign, Loader};
use crate::state::{self, State};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use llext::{LoadError, LoadOptions, Name, Report, SectionHeader, SliceSource, UnloadError};
use ufmt::{uWrite, uwrite};

/// `struct llext_load_param`
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Param {
    pub(crate) relocate_local: bool,
    pub(crate) pre_located: bool,
    pub(crate) detached: Option<unsafe extern "C" fn(*const crate::handle::Shdr) -> bool>,
    pub(crate) keep_section_info: bool,
}

/// `LLEXT_LOAD_PARAM_DEFAULT`
const DEFAULT: Param = Param {
    relocate_local: true,
    pre_located: false,
    detached: None,
    keep_section_info: false,
};

/// Remembers the first symbol that nothing defines.
struct First(Name);

impl Report for First {
    fn undefined(&mut self, name: &str) {
        if self.0.is_empty() {
            self.0 = Name::new(name.as_bytes());
        }
    }
}

/// Loads the file of `loader` as `name`.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_load(
    loader: *mut Loader,
    name: *const c_char,
    extension: *mut *mut Handle,
    param: *const Param,
) -> c_int {
    if loader.is_null() || name.is_null() || extension.is_null() {
        return -EINVAL;
    }
    // SAFETY: C's word; null stands for the default.
    let (name, param) = unsafe { (CStr::from_ptr(name), param.as_ref().unwrap_or(&DEFAULT)) };
    state::with_code(|state| {
        let name = name.to_str().map_err(|_| -EINVAL)?;
        let (handle, before) = match state.by_name(name) {
            Some(handle) => (handle, state.use_again(handle)?),
            // SAFETY: C's word.
            None => (unsafe { state.load(loader, name, param)? }, 0),
        };
        // SAFETY: C's word.
        unsafe { extension.write(handle) };
        Ok(before)
    })
}

impl State {
    /// Counts one more use and says how many there were.
    fn use_again(&mut self, handle: *mut Handle) -> Result<c_int, c_int> {
        // SAFETY: *one owner*.
        let handle = unsafe { &mut *handle };
        let nothing = &mut SliceSource::new(&[]);
        let options = LoadOptions::default();
        match self.llext().load(nothing, handle.name(), &options, &mut ()) {
            Ok(extension) => {
                let before = handle.use_count as c_int;
                handle.use_count = extension.use_count().into();
                Ok(before)
            }
            Err(error) => Err(self.failed(error, Name::EMPTY)),
        }
    }

    /// Loads a file under a name that is not loaded.
    ///
    /// # Safety
    /// C's word.
    unsafe fn load(
        &mut self,
        loader: *mut Loader,
        name: &str,
        param: &Param,
    ) -> Result<*mut Handle, c_int> {
        // SAFETY: C's word.
        let mut source = unsafe { Foreign::open(loader)? };
        let is_detached = |header: &SectionHeader| {
            let header = Shdr::from(*header);
            // SAFETY: C's word.
            param
                .detached
                .is_some_and(|detached| unsafe { detached(&header) })
        };
        let options = LoadOptions {
            origin: "",
            keep_sections: param.keep_section_info,
            relocate_local: param.relocate_local,
            pre_located: param.pre_located,
            detached: param.detached.is_some().then_some(&is_detached),
            ..LoadOptions::DEFAULT
        };
        let mut first = First(Name::EMPTY);
        let handle = match self.llext().load(&mut source, name, &options, &mut first) {
            Ok(extension) => Handle::new(extension),
            Err(error) => return Err(self.failed(error, first.0)),
        };
        let kept = handle.and_then(|handle| {
            self.push(handle);
            match param.keep_section_info {
                true => self.keep_headers(&mut source, handle).map(|()| handle),
                false => Ok(handle),
            }
        });
        if kept.is_err() {
            // Nobody can use what has just been loaded.
            let _ = self.llext().unload(name);
            if let Ok(handle) = handle {
                self.remove(handle);
            }
        }
        kept
    }

    /// Keeps an error for `llext_last_error`; its number.
    fn failed(&mut self, error: LoadError, undefined: Name) -> c_int {
        (self.error, self.undefined) = (Some(error), undefined);
        errno::of_load(&error)
    }
}

/// Takes one load back.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_unload(extension: *mut *mut Handle) -> c_int {
    // SAFETY: C's word.
    let Some(extension) = (unsafe { extension.as_mut() }) else {
        return -EINVAL;
    };
    let handle = *extension;
    state::with_code(|state| {
        let name = state.live(handle)?.name;
        // SAFETY: a copy of a handle's name, which ends in a NUL.
        let name = unsafe { CStr::from_ptr(name.as_ptr()) };
        let name = name.to_str().unwrap_or_default();
        match state.llext().unload(name) {
            Ok(unloaded) if unloaded.uses_left != 0 => {
                state.live(handle)?.use_count = unloaded.uses_left.into();
                Ok(unloaded.uses_left.into())
            }
            Ok(_) => {
                state.remove(handle);
                *extension = ptr::null_mut();
                Ok(0)
            }
            Err(UnloadError::InUse) => Err(-EBUSY),
            Err(_) => Err(-EINVAL),
        }
    })
}

/// The extension `name`, or null.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_by_name(name: *const c_char) -> *mut Handle {
    if name.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: C's word.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default();
    let found = state::with(|state| state.by_name(name));
    found.ok().flatten().unwrap_or(ptr::null_mut())
}

/// Calls `function` for every extension until it returns something else than 0.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_iterate(
    function: Option<unsafe extern "C" fn(*mut Handle, *mut c_void) -> c_int>,
    argument: *mut c_void,
) -> c_int {
    let Some(function) = function else {
        return -EINVAL;
    };
    let mut last = 0;
    loop {
        // Ids grow with every load, so the way on is known whatever the function unloads.
        let next = state::with(|state| {
            // SAFETY: *one owner*.
            let id = |handle: *mut Handle| unsafe { (*handle).id };
            let next = state.handles().find(|&handle| id(handle) > last)?;
            Some((next, id(next)))
        });
        let (handle, id) = match next {
            Ok(Some(next)) => next,
            Ok(None) => return 0,
            Err(code) => return code,
        };
        last = id;
        // SAFETY: C's word.
        match unsafe { function(handle, argument) } {
            0 => {}
            code => return code,
        }
    }
}

/// Copies as much of a text as there is room for, and counts all of it.
struct Text {
    at: *mut c_char,
    room: usize,
    len: usize,
}

impl uWrite for Text {
    type Error = core::convert::Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        for byte in text.bytes() {
            if self.len < self.room {
                // SAFETY: C's word: there are so many bytes.
                unsafe { self.at.add(self.len).write(byte as c_char) };
            }
            self.len += 1;
        }
        Ok(())
    }
}

/// What the last load that failed says, cut to `len` bytes with its NUL; its whole length.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_last_error(text: *mut c_char, len: usize) -> usize {
    let room = if text.is_null() {
        0
    } else {
        len.saturating_sub(1)
    };
    let mut out = Text {
        at: text,
        room,
        len: 0,
    };
    let _ = state::with(|state| match state.error {
        Some(error) if state.undefined.is_empty() => uwrite!(out, "{}", error),
        Some(error) => uwrite!(out, "{}: {}", error, state.undefined),
        None => Ok(()),
    });
    if !text.is_null() && len != 0 {
        // SAFETY: C's word, and within `len`.
        unsafe { text.add(out.len.min(room)).write(0) };
    }
    out.len
}
