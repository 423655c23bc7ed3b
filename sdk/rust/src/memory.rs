//! `alloc`, on the firmware's heap.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::ptr;

unsafe extern "C" {
    safe fn malloc(size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

/// Alignment that `malloc` promises, in bytes.
const MALLOC_ALIGN: usize = 8;

struct Malloc;

#[global_allocator]
static ALLOCATOR: Malloc = Malloc;

// SAFETY: blocks come from `malloc` and have the size and alignment asked for. Where the alignment is more than
// `malloc` promises, the block is that much larger, and the word below the address handed out holds the
// address that `malloc` gave.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            return malloc(layout.size()).cast();
        }
        let Some(size) = layout.size().checked_add(layout.align()) else {
            return ptr::null_mut();
        };
        let block: *mut u8 = malloc(size).cast();
        if block.is_null() {
            return block;
        }
        // The block is 8-aligned and the alignment at least 16, so that 8 bytes or more are below `aligned`.
        let aligned = block.wrapping_add(layout.align() - block.addr() % layout.align());
        // SAFETY: the word below `aligned` lies in the block, which is `align` bytes larger than what is handed out.
        unsafe { aligned.cast::<*mut u8>().sub(1).write(block) };
        aligned
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `alloc` returned `block` for this layout, and put its origin below it where it is not itself the origin.
        unsafe {
            let origin = if layout.align() <= MALLOC_ALIGN {
                block
            } else {
                block.cast::<*mut u8>().sub(1).read()
            };
            free(origin.cast());
        }
    }
}
