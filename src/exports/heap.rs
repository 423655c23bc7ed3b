//! Memory for extensions: `malloc` and its kin, and C++'s `new`, from the heap that extensions live in.
//!
//! A block belongs to the extension whose call runs, so that an unload can give back what was forgotten.

use core::{
    ops::Range,
    ptr::{self, NonNull},
};

use llext::OwnedBlocks;
#[cfg(feature = "protect")]
use llext::SplitHeap;
#[cfg(not(feature = "protect"))]
use llext::TlsfHeap;
use shell_cmds::context::Cause;
use ufmt::uwriteln;

use super::libc::Stdout;
use crate::board::Memory;
use crate::exec::{leave, owner, protected};

/// What extensions write lies apart from what they must not write, where something keeps them from it.
#[cfg(feature = "protect")]
pub(super) static BLOCKS: SplitHeap = SplitHeap::new_sealed();
#[cfg(not(feature = "protect"))]
pub(super) static BLOCKS: TlsfHeap = TlsfHeap::new();
pub(super) static ALLOCATIONS: OwnedBlocks = OwnedBlocks::new();

/// Gives the heap its memory.
///
/// # Safety
/// Called once; nothing else uses `memory.code` and `memory.heap`.
pub(super) unsafe fn start(memory: &Memory) {
    // SAFETY: the caller's promise.
    // A heap without memory refuses every request, and its figures say so.
    let _ = unsafe { init(memory) };
}

#[cfg(feature = "protect")]
unsafe fn init(memory: &Memory) -> Option<()> {
    // SAFETY: the caller's promise.
    unsafe { BLOCKS.init_split(bytes(&memory.code)?, bytes(&memory.heap)?) }.ok()
}

#[cfg(not(feature = "protect"))]
unsafe fn init(memory: &Memory) -> Option<()> {
    // SAFETY: the caller's promise.
    unsafe { BLOCKS.init(bytes(&memory.heap)?.cast(), memory.heap.len()) }.ok()
}

fn bytes(memory: &Range<usize>) -> Option<NonNull<[u8]>> {
    let start = NonNull::new(memory.start as *mut u8)?;
    Some(NonNull::slice_from_raw_parts(start, memory.len()))
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
