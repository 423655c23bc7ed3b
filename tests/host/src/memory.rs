//! Memory of this process for extensions.

use llext::SplitHeap;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut, slice_from_raw_parts_mut, without_provenance_mut};

/// Bytes of each of the two stretches.
const SIZE: usize = 1 << 20;

/// Where memory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Below 2 GiB, as code without -fPIC expects of itself (x86-64 psABI, 3.5.1, "Small code model").
    Low,
    /// Wherever the system puts it, which is far from the program.
    Anywhere,
}

/// A heap whose code is written while it loads and executed while it runs, and not both at a time.
pub struct Memory {
    heap: SplitHeap,
    code: *mut c_void,
    data: *mut c_void,
    /// Code stays writable while it runs.
    open: bool,
}

impl Memory {
    /// Fresh memory, to be written.
    ///
    /// # Panics
    /// The system has none there.
    pub fn new(place: Where) -> Self {
        // Next to each other: code reaches its data.
        let base = map(place, 2 * SIZE);
        let (code, data) = (base, base.wrapping_byte_add(SIZE));
        let heap = SplitHeap::new();
        let stretch = |start: *mut c_void| {
            let start = NonNull::new(start.cast::<u8>()).expect("not null");
            NonNull::new(slice_from_raw_parts_mut(start.as_ptr(), SIZE)).expect("not null")
        };
        // SAFETY: both were mapped right now, zeroed, and are unmapped after the heap's last use.
        unsafe { heap.init_split(stretch(code), stretch(data)) }.expect("a fresh heap");
        Self {
            heap,
            code,
            data,
            open: false,
        }
    }

    /// The same for shared libraries, whose variables keep their distance from the code, and so lie in one block with it.
    ///
    /// # Panics
    /// As [`Memory::new`].
    pub fn open(place: Where) -> Self {
        let mut memory = Self::new(place);
        memory.open = true;
        memory
    }

    /// The heap.
    pub fn heap(&self) -> &SplitHeap {
        &self.heap
    }

    /// Runs `run` while code may be executed, and not be written: as long as that, nothing is loaded or unloaded.
    pub fn executable<R>(&self, run: impl FnOnce() -> R) -> R {
        let write = match self.open {
            true => MprotectFlags::WRITE,
            false => MprotectFlags::empty(),
        };
        self.protect(MprotectFlags::READ | MprotectFlags::EXEC | write);
        let result = run();
        self.protect(MprotectFlags::READ | MprotectFlags::WRITE);
        result
    }

    fn protect(&self, how: MprotectFlags) {
        // SAFETY: the whole of the code, which nobody else uses.
        unsafe { mprotect(self.code, SIZE, how) }.expect("pages of ours");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for start in [self.code, self.data] {
            // SAFETY: what was loaded is gone, since it borrows the heap.
            let _ = unsafe { munmap(start, SIZE) };
        }
    }
}

/// `size` bytes of zeroes.
fn map(place: Where, size: usize) -> *mut c_void {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let at = |hint| {
        // SAFETY: without FIXED, nothing that is mapped is touched.
        unsafe { mmap_anonymous(hint, size, protection, MapFlags::PRIVATE) }.expect("memory")
    };
    if place == Where::Anywhere {
        return at(null_mut());
    }
    // A hint is only that: other tests map memory meanwhile.
    for hint in (0x1000_0000..0x7000_0000).step_by(0x40_0000) {
        let start = at(without_provenance_mut(hint));
        if start.addr() + size <= 1 << 31 {
            return start;
        }
        // SAFETY: mapped right now.
        let _ = unsafe { munmap(start, size) };
    }
    panic!("no memory below 2 GiB");
}
