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

/// Makes functions known to the shell (`llext call NAME FUNCTION`) and to other extensions.
///
/// Each becomes an `extern "C"` function of that very name. From the shell it gets up to eight words;
/// a string arrives as a pointer to its first byte.
#[macro_export]
macro_rules! export {
    ($($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$attribute])*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type),*) $(-> $result)? $body

        const _: () = {
            #[used]
            #[unsafe(link_section = ".exported_sym")]
            static RECORD: $crate::export::Record =
                $crate::export::Record::new(concat!(stringify!($name), "\0"), $name as *const ());
        };
    )*};
}
