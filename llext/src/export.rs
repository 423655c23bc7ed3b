//! What a firmware offers to extensions. (Skeleton.)

/// One exported symbol; the record that `EXPORT_SYMBOL` and `#[export]` put into a link section
/// (Zephyr's `struct llext_const_symbol`: two pointers).
#[repr(C)]
pub struct Export {
    name: *const core::ffi::c_char,
    address: *const (),
}

/// A table of exports, sorted by name.
#[derive(Clone, Copy)]
pub struct Exports<'a> {
    records: &'a [Export],
}

impl<'a> Exports<'a> {
    /// How many there are.
    pub fn len(&self) -> usize { self.records.len() }
    /// The address of `name`.
    pub fn find(&self, name: &[u8]) -> Option<usize> { let _ = name; todo!() }
    /// Names and addresses, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, usize)> + 'a { core::iter::empty() }
}
