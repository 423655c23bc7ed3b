//! The memory of the library.

use crate::errno::{EBUSY, EEXIST, EINVAL};
use crate::state::{self, HEAP, State};
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use llext::HeapError;

/// What C is told of a heap.
fn code(result: Result<(), HeapError>) -> Result<c_int, c_int> {
    match result {
        Ok(()) => Ok(0),
        Err(HeapError::HasMemory) => Err(-EEXIST),
        Err(HeapError::InUse) => Err(-EBUSY),
        Err(_) => Err(-EINVAL),
    }
}

/// Gives the library its memory.
///
/// # Safety
/// C's word: nothing else uses the memory until `llext_heap_uninit`, and it is initialised (to anything).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_heap_init(memory: *mut c_void, bytes: usize) -> c_int {
    let Some(memory) = NonNull::new(memory) else {
        return -EINVAL;
    };
    // SAFETY: C's word.
    state::with_code(|_| code(unsafe { HEAP.init(memory.cast(), bytes) }))
}

/// The same with memory of its own for code.
///
/// # Safety
/// C's word, as above, of both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llext_heap_init_harvard(
    instructions: *mut c_void,
    instruction_bytes: usize,
    data: *mut c_void,
    data_bytes: usize,
) -> c_int {
    let (Some(instructions), Some(data)) = (NonNull::new(instructions), NonNull::new(data)) else {
        return -EINVAL;
    };
    let instructions = NonNull::slice_from_raw_parts(instructions.cast(), instruction_bytes);
    let data = NonNull::slice_from_raw_parts(data.cast(), data_bytes);
    // SAFETY: C's word.
    state::with_code(|_| code(unsafe { HEAP.init_split(instructions, data) }))
}

/// Takes the memory away again.
#[unsafe(no_mangle)]
pub extern "C" fn llext_heap_uninit() -> c_int {
    state::with_code(|state: &mut State| {
        if !state.first.is_null() {
            return Err(-EBUSY);
        }
        code(HEAP.uninit())
    })
}
