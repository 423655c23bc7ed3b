//! What lies at an address, by name.

use crate::{
    context::{Console, Files, Layout},
    text::{Hex, plural, print},
};
use core::ops::Range;
use llext::{Exports, Extension, Llext, Location, Section};

/// `e_machine` of ARM (`EM_ARM`), where bit 0 of a function's address is the Thumb bit.
const ARM: u16 = 40;

/// The longest symbol that is shown, in bytes.
const LONGEST: usize = 64;

/// A function of the firmware is taken to be no longer than this, in bytes.
const NEAR: usize = 512;

/// So far beside an extension's memory, in bytes, an address is told by its distance.
const BESIDE: usize = 4096;

/// Whose memory `address` is, and the address without its Thumb bit.
pub fn locate<'a>(llext: &'a Llext<'_>, address: usize) -> Option<(Location<'a>, usize)> {
    let found = llext.locate(address)?;
    let code = code(llext, address);
    if found.region.kind.has_code() && code != address {
        return Some((llext.locate(code)?, code));
    }
    Some((found, address))
}

/// The symbol of the extension's file that `address` lies in, and the distance from where it begins.
pub fn symbol<'b>(
    files: &mut dyn Files,
    llext: &Llext<'_>,
    extension: &Extension,
    address: usize,
    buffer: &'b mut [u8; LONGEST],
) -> Option<(&'b str, usize)> {
    let mut found = None;
    let mut place = Some(buffer);
    // One that came over the console has a name, and no file.
    let path = extension
        .origin()
        .starts_with('/')
        .then(|| extension.origin())?;
    let _ = files.read(path, &mut |file| {
        if let Some(buffer) = place.take()
            && let Ok(symbol) = llext.symbol_at(file, extension, address, buffer)
        {
            found = symbol;
        }
    });
    found
}

/// Writes the symbol at a place that [`locate`] found, after `before`, for an address that is `beyond` bytes further on:
/// `hello_world+0x6`. Nothing if none is known.
pub fn write_symbol(
    console: &mut dyn Console,
    files: &mut dyn Files,
    llext: &Llext<'_>,
    (location, address): &(Location<'_>, usize),
    (before, beyond): (&str, usize),
) {
    let mut name = [0; LONGEST];
    // The file knows static functions too; where it cannot be read, the exports must do.
    let found = symbol(files, llext, location.extension, *address, &mut name).or(location.symbol);
    if let Some((symbol, offset)) = found {
        console.write(before.as_bytes());
        write(console, symbol, offset + beyond);
    }
}

/// Where the function begins that the code at `address` lies in, as far as the extension's file says.
pub fn function(files: &mut dyn Files, llext: &Llext<'_>, address: usize) -> Option<usize> {
    let (location, address) = locate(llext, address)?;
    let (_, offset) = symbol(files, llext, location.extension, address, &mut [0; LONGEST])?;
    address.checked_sub(offset)
}

/// Writes `symbol`, and its distance if it is not 0.
pub fn write(console: &mut dyn Console, symbol: &str, offset: usize) {
    console.write(symbol.as_bytes());
    if offset != 0 {
        print!(console, "+{}", Hex(offset, 1));
    }
}

/// The firmware's export that the code at `address` seems to lie in, and the distance from where it begins: the nearest one
/// before it, if that is near. `mode_bits` are what of an export's address is no part of where it lies.
pub fn in_firmware(
    exports: &Exports<'static>,
    mode_bits: usize,
    address: usize,
) -> Option<(&'static str, usize)> {
    let near = |(name, export): (&'static str, usize)| {
        let offset = address.checked_sub(export & !mode_bits)?;
        (offset < NEAR).then_some((name, offset))
    };
    let nearest = exports.iter().filter_map(near);
    // Of names for one function, one that people know.
    nearest.min_by_key(|(name, offset)| (*offset, name.starts_with('_')))
}

/// The section that `address` lies in, and the distance from its start.
pub fn section(extension: &Extension, address: usize) -> Option<(Section<'_>, usize)> {
    extension.sections().find_map(|section| {
        let offset = address.checked_sub(section.address)?;
        (offset < section.size).then_some((section, offset))
    })
}

/// Writes what lies at `address`: `hello .data+0x12`, `8 bytes past the end of hello .bss`, `the null page`.
pub fn write_at(
    console: &mut dyn Console,
    llext: Option<&Llext<'_>>,
    layout: &Layout,
    address: usize,
) {
    let owned = llext.and_then(|llext| llext.locate(address));
    if let Some(location) = owned {
        console.write(location.extension.name().as_bytes());
        match section(location.extension, address) {
            Some((section, offset)) => print!(console, " {}+{}", section.name, Hex(offset, 1)),
            None => print!(console, " {}", location.region.kind.name()),
        }
        return;
    }
    let range = |range: &Range<usize>| range.contains(&address);
    let text: &[u8] = match () {
        () if range(&layout.null) => b"the null page",
        () if range(&layout.guard) => b"the guard below the stack",
        () if range(&layout.stack) => b"the stack of extensions",
        () if range(&layout.code) => b"the firmware's code",
        () if range(&layout.constants) => b"the firmware's constants",
        () if range(&layout.rtt) => b"the buffers of RTT",
        () if range(&layout.data) => b"the firmware's variables",
        () if llext.is_some_and(|llext| write_beside(console, llext, address)) => return,
        () if range(&layout.heap) => b"the heap",
        () => b"nothing that is known",
    };
    console.write(text);
}

/// Writes how far `address` is from the section next to it; false if none is near.
fn write_beside(console: &mut dyn Console, llext: &Llext<'_>, address: usize) -> bool {
    let mut nearest = (BESIDE, None);
    for extension in llext.iter() {
        for section in extension.sections() {
            let end = section.address.wrapping_add(section.size);
            let past = (address.wrapping_sub(end), "past the end of");
            let before = (section.address.wrapping_sub(address), "before");
            for (distance, word) in [past, before] {
                if distance < nearest.0 {
                    nearest = (distance, Some((extension, section.name, word)));
                }
            }
        }
    }
    let (distance, Some((extension, section, word))) = nearest else {
        return false;
    };
    let bytes = plural(distance, "byte", "bytes");
    print!(console, "{} {} {} ", distance, bytes, word);
    print!(console, "{} {}", extension.name(), section);
    true
}

/// Where the code lies that is called by `address`.
fn code(llext: &Llext<'_>, address: usize) -> usize {
    address & !mode_bits(llext)
}

/// What of a code address is no part of where the code lies.
pub fn mode_bits(llext: &Llext<'_>) -> usize {
    usize::from(llext.machine().e_machine == ARM)
}
