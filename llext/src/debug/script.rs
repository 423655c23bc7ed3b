use crate::Extension;
use ufmt::uWrite;

/// Writes the GDB command that gives `file` the addresses of `extension`'s sections, and a newline.
pub fn add_symbol_file<W: uWrite + ?Sized>(
    out: &mut W,
    file: &str,
    extension: &Extension,
) -> Result<(), W::Error> {
    let _ = (file, extension);
    out.write_str("")
}
