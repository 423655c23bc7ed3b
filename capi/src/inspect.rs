//! Section headers, and where sections and regions are.

use crate::errno::{self, EINVAL, ENOENT, ENOTSUP};
use crate::handle::{self, Handle, REGIONS, Shdr};
use crate::source::{Foreign, Loader};
use crate::state::{self, State};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr;
use llext::{LoadError, RegionKind, SectionHeader};

impl From<SectionHeader> for Shdr {
    fn from(header: SectionHeader) -> Self {
        Self {
            name: header.name,
            kind: header.kind,
            flags: header.flags as usize,
            addr: header.address,
            offset: header.offset,
            size: header.size,
            link: header.link,
            info: header.info,
            addralign: header.align,
            entsize: header.entry_size as usize,
        }
    }
}

/// What C is told of a header that was looked for.
fn found(result: Result<Option<SectionHeader>, LoadError>) -> Result<SectionHeader, c_int> {
    match result {
        Ok(header) => header.ok_or(-ENOENT),
        Err(error) => Err(errno::of_load(&error)),
    }
}

impl State {
    /// Keeps all section headers of `source` beside an extension.
    pub(crate) fn keep_headers(
        &mut self,
        source: &mut Foreign,
        extension: *mut Handle,
    ) -> Result<(), c_int> {
        let mut count = 0;
        while let Ok(Some(_)) = self.llext().section_header(source, count) {
            count += 1;
        }
        let headers = handle::take::<Shdr>(count)?;
        for index in 0..count {
            let header = match found(self.llext().section_header(source, index)) {
                Ok(header) => Shdr::from(header),
                Err(_) => Shdr::default(),
            };
            // SAFETY: within the `count` headers that were taken.
            unsafe { headers.add(index).write(header) };
        }
        let kept = self.live(extension)?;
        (kept.headers, kept.header_count) = (headers, count);
        Ok(())
    }

    /// The header of the first section with this name in a loader's file.
    ///
    /// # Safety
    /// C's word.
    unsafe fn find_section(
        &mut self,
        loader: *mut Loader,
        name: *const c_char,
    ) -> Result<SectionHeader, c_int> {
        if loader.is_null() || name.is_null() {
            return Err(-EINVAL);
        }
        // SAFETY: C's word.
        let (mut source, name) = unsafe { (Foreign::open(loader)?, CStr::from_ptr(name)) };
        let name = name.to_str().map_err(|_| -ENOENT)?;
        found(self.llext().find_section(&mut source, name))
    }
}

/// Offset in the file of a section's contents.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_find_section(loader: *mut Loader, name: *const c_char) -> isize {
    // SAFETY: C's word.
    let offset = state::with(|state| unsafe { state.find_section(loader, name) });
    match offset.and_then(|header| header) {
        Ok(header) => header.offset as isize,
        Err(code) => code as isize,
    }
}

/// The header of a section.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_get_section_header(
    loader: *mut Loader,
    _: *mut Handle,
    name: *const c_char,
    into: *mut Shdr,
) -> c_int {
    if into.is_null() {
        return -EINVAL;
    }
    state::with_code(|state| {
        // SAFETY: C's word.
        unsafe { into.write(state.find_section(loader, name)?.into()) };
        Ok(0)
    })
}

/// Index of a section: of one that is in memory without the loader, of another one with it.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_section_shndx(
    loader: *const Loader,
    extension: *const Handle,
    name: *const c_char,
) -> c_int {
    state::with_code(|state| {
        if state.live(extension)?.headers.is_null() {
            return Err(-ENOTSUP);
        }
        if name.is_null() {
            return Err(-EINVAL);
        }
        // SAFETY: C's word.
        let text = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default();
        if let Some(section) = state.extension(extension)?.section(text) {
            return Ok(section.index as c_int);
        }
        // SAFETY: C's word.
        let header = unsafe { state.find_section(loader.cast_mut(), name)? };
        Ok(header.index as c_int)
    })
}

/// Header, region, and offset there, of a section.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_get_section_info(
    _: *const Loader,
    extension: *const Handle,
    index: c_uint,
    header: *mut *const Shdr,
    region: *mut c_int,
    offset: *mut usize,
) -> c_int {
    state::with_code(|state| {
        let handle = state.live(extension)?;
        let (headers, count) = (handle.headers, handle.header_count);
        if headers.is_null() {
            return Err(-ENOTSUP);
        }
        let index = index as usize;
        if index >= count {
            return Err(-EINVAL);
        }
        let extension = state.extension(extension)?;
        let section = extension.sections().find(|section| section.index == index);
        let (kind, at) = section.map_or((REGIONS as c_int, 0), |section| {
            let start = extension
                .region(section.region)
                .map_or(0, |region| region.address);
            (section.region as c_int, section.address.wrapping_sub(start))
        });
        // SAFETY: C's word: null, or room for one; and there are `count` headers.
        unsafe {
            put(header, headers.add(index).cast_const());
            put(region, kind);
            put(offset, at);
        }
        Ok(0)
    })
}

/// Writes `value` where C wants it, if it does.
///
/// # Safety
/// `at` is null, or has room for a value.
unsafe fn put<T>(at: *mut T, value: T) {
    if !at.is_null() {
        // SAFETY: by the caller's word.
        unsafe { at.write(value) }
    }
}

/// Place and size of a region.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_get_region_info(
    _: *const Loader,
    extension: *const Handle,
    region: c_int,
    header: *mut *const Shdr,
    address: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    state::with_code(|state| {
        let kind = usize::try_from(region).ok();
        let kind = kind.and_then(|index| RegionKind::ALL.get(index).copied());
        let kind = kind.ok_or(-EINVAL)?;
        let found = state.extension(extension)?.region(kind);
        let (at, len) = found.map_or((0, 0), |region| (region.address, region.size));
        // SAFETY: C's word: null, or room for one.
        unsafe {
            put(header, ptr::null());
            put(address, ptr::with_exposed_provenance(at));
            put(size, len);
        }
        Ok(0)
    })
}

/// Gives kept section headers back.
///
/// # Safety
/// C's word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_free_inspection_data(
    _: *mut Loader,
    extension: *mut Handle,
) -> c_int {
    state::with_code(|state| {
        let handle = state.live(extension)?;
        let (headers, count) = (handle.headers, handle.header_count);
        (handle.headers, handle.header_count) = (ptr::null_mut(), 0);
        // SAFETY: taken by `keep_headers`, and in the handle no more.
        unsafe { handle::give_back(headers, count) };
        Ok(0)
    })
}
