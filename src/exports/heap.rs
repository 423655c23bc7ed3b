//! Memory for extensions: `malloc` and its kin, and C++'s `new`, from the heap that extensions live in.
//!
//! A block belongs to the extension whose call runs, so that an unload can give back what was forgotten.

use core::{
    ops::Range,
    ptr::{self, NonNull},
};

use llext::{OwnedBlocks, TlsfHeap};
use shell_cmds::context::Cause;
use ufmt::uwriteln;

use super::libc::Stdout;
use crate::exec::{leave, owner, protected};

pub(super) static BLOCKS: TlsfHeap = TlsfHeap::new();
pub(super) static ALLOCATIONS: OwnedBlocks = OwnedBlocks::new();

/// Gives the heap its memory.
///
/// # Safety
/// Called once; nothing else uses `memory`.
pub(super) unsafe fn start(memory: &Range<usize>) {
    if let Some(start) = NonNull::new(memory.start as *mut u8) {
        // SAFETY: the caller's promise.
        // A heap without memory refuses every request, and its figures say so.
        let _ = unsafe { BLOCKS.init(start, memory.len()) };
    }
}

extern "C" fn malloc(size: usize) -> *mut u8 {
    protected(|| ALLOCATIONS.malloc(&BLOCKS, owner(), size))
}

extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(bytes) = count.checked_mul(size) else {
        return ptr::null_mut();
    };
    let block = malloc(bytes);
    if !block.is_null() {
        // SAFETY: a block of so many bytes that nobody else knows yet.
        unsafe { block.write_bytes(0, bytes) };
    }
    block
}

extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    protected(|| ALLOCATIONS.realloc(&BLOCKS, owner(), block, size))
}

/// A pointer that is no live block ends the call, as it would end a process: the caller's data is wrong.
extern "C" fn free(block: *mut u8) {
    if !block.is_null() && !protected(|| ALLOCATIONS.free(&BLOCKS, block)) {
        let _ = uwriteln!(
            Stdout,
            "free: 0x{:x} is no block that is in use",
            block as usize
        );
        leave(Cause::Abort);
    }
}

/// `operator new`. It may not return null, and there are no exceptions.
extern "C" fn operator_new(size: usize) -> *mut u8 {
    // C++ wants a pointer of its own for every object, even for one of no bytes.
    let block = malloc(size.max(1));
    if block.is_null() {
        let _ = uwriteln!(Stdout, "operator new: no memory for {} bytes", size);
        leave(Cause::Abort);
    }
    block
}

extern "C" fn operator_delete(block: *mut u8, _size: usize) {
    free(block);
}

llext::export_group! {
    /// C's and C++'s allocation. The latter by the Itanium C++ ABI, section 5.1.5 (mangling); `j` is unsigned int, which
    /// size_t is on these targets.
    pub HEAP:
    malloc => malloc,
    calloc => calloc,
    realloc => realloc,
    free => free,
    _Znwj => operator_new,
    _Znaj => operator_new,
    _ZdlPv => free,
    _ZdaPv => free,
    _ZdlPvj => operator_delete,
    _ZdaPvj => operator_delete,
}
