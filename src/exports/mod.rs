//! What the firmware offers to extensions.
//!
//! Every export is a record in a link section of its own, `.llext_export.NAME`; the linker puts them next
//! to each other in the order of their names (`src/link/llext.x`), so the table needs no start-up work and
//! no list in a second place. To add one: `export!(name)` for a C function that is linked already, or
//! `export!(name => path)` for a Rust function.

mod compiler;
mod heap;
mod kernel;
mod libc;

use core::{ops::Range, slice};

use llext::{Export, Exports, OwnedBlocks};

/// Puts a record for every name into the table.
macro_rules! export {
    ($($name:ident),+ $(,)?) => {
        $($crate::exports::export!($name => {
            unsafe extern "C" {
                fn $name();
            }
            $name
        });)+
    };
    ($name:ident => $entry:expr) => {
        const _: () = {
            const NAME: &core::ffi::CStr =
                match core::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name without NUL"),
                };
            #[used]
            #[unsafe(link_section = concat!(".llext_export.", stringify!($name)))]
            static RECORD: llext::Export = llext::Export::new(NAME, $entry as *const ());
        };
    };
}
use export;

/// Gives the heap its memory, and sets the C library up.
///
/// # Safety
/// Called once; nothing else uses `memory`.
pub unsafe fn start(memory: &Range<usize>) {
    // SAFETY: the caller's promise.
    unsafe {
        heap::start(memory);
        libc::start();
    }
}

/// The heap that extensions live in.
pub fn heap() -> &'static dyn llext::Heap {
    &heap::HEAP
}

/// What extensions have allocated in it.
pub fn allocations() -> &'static OwnedBlocks {
    &heap::ALLOCATIONS
}

/// All exports.
pub fn table() -> Exports<'static> {
    unsafe extern "C" {
        static __llext_exports_start: Export;
        static __llext_exports_end: Export;
    }
    // SAFETY: the linker put the section's records, all of them `Export`, between the two symbols.
    let records = unsafe {
        let start = &raw const __llext_exports_start;
        let end = &raw const __llext_exports_end;
        slice::from_raw_parts(start, end.offset_from_unsigned(start))
    };
    Exports::new(records)
}
