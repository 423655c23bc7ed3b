//! `struct llext`: what C sees of a loaded extension.

use crate::errno::{EINVAL, ENOMEM};
use crate::state::{HEAP, State};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::mem::size_of;
use core::ptr::{self, NonNull};
use core::slice;
use llext::{Extension, Heap, MemoryKind, RegionKind};

/// `LLEXT_MAX_NAME_LEN` and a NUL.
const NAME: usize = 64;
/// `LLEXT_MEM_COUNT`
pub(crate) const REGIONS: usize = 4;

/// `struct llext_symbol`
#[repr(C)]
pub(crate) struct Symbol {
    pub(crate) name: *const c_char,
    pub(crate) address: *mut c_void,
}

/// `struct llext_symtable`
#[repr(C)]
pub(crate) struct Symtable {
    pub(crate) count: usize,
    pub(crate) symbols: *mut Symbol,
}

/// `elf_shdr_t`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shdr {
    pub(crate) name: u32,
    pub(crate) kind: u32,
    pub(crate) flags: usize,
    pub(crate) addr: usize,
    pub(crate) offset: usize,
    pub(crate) size: usize,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) addralign: usize,
    pub(crate) entsize: usize,
}

/// `struct llext`
#[repr(C)]
pub(crate) struct Handle {
    pub(crate) name: [c_char; NAME],
    pub(crate) mem: [*mut c_void; REGIONS],
    pub(crate) mem_size: [usize; REGIONS],
    pub(crate) alloc_size: usize,
    pub(crate) exports: Symtable,
    pub(crate) use_count: c_uint,
    pub(crate) headers: *mut Shdr,
    pub(crate) header_count: usize,
    pub(crate) next: *mut Handle,
    pub(crate) id: u32,
}

/// An array in the heap; null and 0 if it is empty. −ENOMEM if there is no room.
pub(crate) fn take<T>(count: usize) -> Result<*mut T, c_int> {
    if count == 0 {
        return Ok(ptr::null_mut());
    }
    let size = size_of::<T>().checked_mul(count).ok_or(-ENOMEM)?;
    let block = HEAP.allocate(MemoryKind::Metadata, size, align_of::<T>());
    block.map(|block| block.cast().as_ptr()).ok_or(-ENOMEM)
}

/// Gives an array back.
///
/// # Safety
/// `array` came from `take` of `count`, and is used no more.
pub(crate) unsafe fn give_back<T>(array: *mut T, count: usize) {
    if let Some(block) = NonNull::new(array) {
        let size = size_of::<T>().wrapping_mul(count);
        // SAFETY: by the caller's word, with the size and alignment that it was taken with.
        unsafe { HEAP.free(MemoryKind::Metadata, block.cast(), size, align_of::<T>()) }
    }
}

impl Handle {
    /// A handle for an extension that has just been loaded, in no list yet.
    pub(crate) fn new(extension: &Extension) -> Result<*mut Self, c_int> {
        let exports = table_of(extension)?;
        let Ok(at) = take::<Self>(1) else {
            // SAFETY: taken above, and not used.
            unsafe { give_back(exports.symbols, exports.count) };
            return Err(-ENOMEM);
        };
        let own = size_of::<Self>() + exports.count * size_of::<Symbol>();
        let mut handle = Self {
            name: [0; NAME],
            mem: [ptr::null_mut(); REGIONS],
            mem_size: [0; REGIONS],
            alloc_size: extension.size().saturating_add(own),
            exports,
            use_count: extension.use_count().into(),
            headers: ptr::null_mut(),
            header_count: 0,
            next: ptr::null_mut(),
            id: extension.id().0,
        };
        for (place, byte) in handle
            .name
            .iter_mut()
            .take(NAME - 1)
            .zip(extension.name().bytes())
        {
            *place = byte as c_char;
        }
        for (kind, (mem, size)) in RegionKind::ALL
            .into_iter()
            .zip(handle.mem.iter_mut().zip(&mut handle.mem_size))
        {
            if let Some(region) = extension.region(kind) {
                (*mem, *size) = (
                    ptr::with_exposed_provenance_mut(region.address),
                    region.size,
                );
            }
        }
        // SAFETY: a block of the heap for just this, which nobody else has.
        unsafe { at.write(handle) };
        Ok(at)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        // SAFETY: `new` left a NUL at the end, and copied a `str`.
        let name = unsafe { CStr::from_ptr(self.name.as_ptr()) };
        name.to_str().unwrap_or_default()
    }
}

/// The exports as an array.
fn table_of(extension: &Extension) -> Result<Symtable, c_int> {
    let count = extension.exports().count();
    let symbols = take::<Symbol>(count)?;
    for (index, (name, address)) in extension.exports().take(count).enumerate() {
        let symbol = Symbol {
            // A NUL lies behind each name: see `Extension::exports`.
            name: name.as_ptr().cast(),
            address: ptr::with_exposed_provenance_mut(address),
        };
        // SAFETY: within the `count` symbols that were taken.
        unsafe { symbols.add(index).write(symbol) };
    }
    Ok(Symtable { count, symbols })
}

/// The list (*one owner*: see `State`).
impl State {
    /// All handles, in the order of loads.
    pub(crate) fn handles(&self) -> impl Iterator<Item = *mut Handle> + '_ {
        let mut at = self.first;
        core::iter::from_fn(move || {
            // SAFETY: *one owner*.
            let handle = unsafe { at.as_ref()? };
            let this = at;
            at = handle.next;
            Some(this)
        })
    }

    /// What C says is a handle, if it is one.
    pub(crate) fn live(&mut self, handle: *const Handle) -> Result<&mut Handle, c_int> {
        let found = self.handles().find(|&live| ptr::eq(live, handle));
        // SAFETY: *one owner*, and the state is borrowed for writing.
        found.map(|live| unsafe { &mut *live }).ok_or(-EINVAL)
    }

    /// The extension of a handle that C passed.
    pub(crate) fn extension(&mut self, handle: *const Handle) -> Result<&Extension, c_int> {
        let id = llext::ExtensionId(self.live(handle)?.id);
        self.llext().by_id(id).ok_or(-EINVAL)
    }

    /// The handle of the extension `name`.
    pub(crate) fn by_name(&self, name: &str) -> Option<*mut Handle> {
        // SAFETY: *one owner*.
        self.handles()
            .find(|&handle| unsafe { (*handle).name() } == name)
    }

    /// Adds a handle at the end.
    pub(crate) fn push(&mut self, handle: *mut Handle) {
        match self.handles().last() {
            // SAFETY: *one owner*, and the state is borrowed for writing.
            Some(last) => unsafe { (*last).next = handle },
            None => self.first = handle,
        }
    }

    /// Takes a handle out and gives its memory back. The extension has been unloaded.
    pub(crate) fn remove(&mut self, handle: *mut Handle) {
        let before = self.handles().find(|&before| {
            // SAFETY: *one owner*.
            unsafe { ptr::eq((*before).next, handle) }
        });
        // SAFETY: *one owner*: the handle is in the list, so it is live, and out of it once its memory goes.
        unsafe {
            match before {
                Some(before) => (*before).next = (*handle).next,
                None => self.first = (*handle).next,
            }
            give_back((*handle).exports.symbols, (*handle).exports.count);
            give_back((*handle).headers, (*handle).header_count);
            give_back(handle, 1);
        }
    }
}

impl Symtable {
    /// The symbols.
    ///
    /// # Safety
    /// C's word: `symbols` points to `count` symbols.
    pub(crate) unsafe fn symbols(&self) -> &[Symbol] {
        if self.symbols.is_null() {
            return &[];
        }
        // SAFETY: by the caller's word.
        unsafe { slice::from_raw_parts(self.symbols, self.count) }
    }
}
