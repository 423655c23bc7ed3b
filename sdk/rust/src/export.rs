//! What the extension offers: records that the loader reads.

/// One exported symbol: two pointers, as Zephyr's `struct llext_const_symbol`.
#[repr(C)]
pub struct Record {
    name: *const u8,
    address: *const (),
}

// SAFETY: a record is never written, and only the loader reads what it points at.
unsafe impl Sync for Record {}

impl Record {
    /// The record of what lies at `address` under `name`, which ends in a zero byte.
    pub const fn new(name: &'static str, address: *const ()) -> Self {
        Self {
            name: name.as_ptr(),
            address,
        }
    }
}

/// Where the linker starts when it collects dead code (`ld -r --gc-sections -e llext_sdk_root`), which needs one
/// symbol to start from. Everything in `.exported_sym` is kept by sdk/extension.ld.
#[unsafe(no_mangle)]
extern "C" fn llext_sdk_root() {}
