//! GDB commands, in the words of its manual ("Files").

use crate::Extension;
use ufmt::{uWrite, uwrite, uwriteln};

/// Writes the GDB command that reads the symbols of the file that `extension` was built as, for the places that its sections
/// have, and a newline. The parts of `file` make its path. Nothing if its sections were not kept (`LoadOptions::keep_sections`).
///
/// Every section is named, so that GDB needs no address of the text; addresses are those of sections, without Thumb bits.
pub fn add_symbol_file<W: uWrite + ?Sized>(
    out: &mut W,
    file: &[&str],
    extension: &Extension,
) -> Result<(), W::Error> {
    if extension.sections().next().is_none() {
        return Ok(());
    }
    out.write_str("add-symbol-file ")?;
    write_word(out, file)?;
    for section in extension.sections() {
        out.write_str(" -s ")?;
        write_word(out, &[section.name])?;
        uwrite!(out, " {:#x}", section.address)?;
    }
    out.write_str("\n")
}

/// Writes the GDB command that takes away what [`add_symbol_file`] added, and a newline.
pub fn remove_symbol_file<W: uWrite + ?Sized>(
    out: &mut W,
    extension: &Extension,
) -> Result<(), W::Error> {
    let mut sections = extension.sections();
    let first = sections.next();
    let text = sections.find(|section| section.region.has_code());
    match first
        .filter(|first| first.region.has_code())
        .or(text)
        .or(first)
    {
        Some(section) => uwriteln!(out, "remove-symbol-file -a {:#x}", section.address),
        None => Ok(()),
    }
}

/// Writes one argument, in parts, in quotes if GDB would take it for more than one or for something else (`gdb_buildargv`).
fn write_word<W: uWrite + ?Sized>(out: &mut W, parts: &[&str]) -> Result<(), W::Error> {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"._-+/$@:,=%~".contains(&byte) || !byte.is_ascii()
    };
    let mut bytes = parts.iter().flat_map(|part| part.bytes());
    let first = bytes.next();
    if first.is_some_and(|first| first != b'-' && is_plain(first)) && bytes.all(is_plain) {
        return parts.iter().try_for_each(|part| out.write_str(part));
    }
    out.write_str("\"")?;
    for letter in parts.iter().flat_map(|part| part.chars()) {
        if matches!(letter, '"' | '\\') {
            out.write_str("\\")?;
        }
        // A newline would end the command, and what follows it would be one.
        let letter = if letter.is_ascii_control() {
            '?'
        } else {
            letter
        };
        out.write_str(letter.encode_utf8(&mut [0; 4]))?;
    }
    out.write_str("\"")
}
