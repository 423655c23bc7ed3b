//! What lies at an address, by name.

use crate::{
    context::{Console, Files},
    text::{Hex, print},
};
use llext::{Llext, Location};

/// `e_machine` of ARM (`EM_ARM`), where bit 0 of a function's address is the Thumb bit.
const ARM: u16 = 40;

/// The longest symbol that is shown, in bytes.
const LONGEST: usize = 64;

/// A function of the firmware is taken to be no longer than this, in bytes.
const NEAR: usize = 512;

/// Whose memory `address` is, and the address without its Thumb bit.
pub fn locate<'a>(llext: &'a Llext<'_>, address: usize) -> Option<(Location<'a>, usize)> {
    let found = llext.locate(address)?;
    let code = code(llext, address);
    if found.region.kind.has_code() && code != address {
        return Some((llext.locate(code)?, code));
    }
    Some((found, address))
}

/// Writes the symbol at a place that [`locate`] found, and `after`: `hello_world+0x6 of `. Nothing if none is known.
pub fn write_symbol(
    console: &mut dyn Console,
    files: &mut dyn Files,
    llext: &Llext<'_>,
    (location, address): &(Location<'_>, usize),
    after: &str,
) {
    let extension = location.extension;
    let mut named = false;
    // The file knows static functions too; where it cannot be read, the exports must do.
    let _ = files.read(extension.origin(), &mut |file| {
        let mut name = [0; LONGEST];
        if let Ok(Some((symbol, offset))) = llext.symbol_at(file, extension, *address, &mut name) {
            write(console, symbol, offset, after);
            named = true;
        }
    });
    if let Some((symbol, offset)) = location.symbol.filter(|_| !named) {
        write(console, symbol, offset, after);
    }
}

/// Writes `symbol`, its distance if it is not 0, and `after`.
pub fn write(console: &mut dyn Console, symbol: &str, offset: usize, after: &str) {
    console.write(symbol.as_bytes());
    if offset != 0 {
        print!(console, "+{}", Hex(offset, 1));
    }
    console.write(after.as_bytes());
}

/// The firmware's export that `address` seems to lie in, and the distance from where it begins: the nearest one
/// before it, if that is near.
pub fn in_firmware(llext: &Llext<'static>, address: usize) -> Option<(&'static str, usize)> {
    let address = code(llext, address);
    let near = |(name, export): (&'static str, usize)| {
        let offset = address.checked_sub(code(llext, export))?;
        (offset < NEAR).then_some((name, offset))
    };
    let exports = llext.exports().iter();
    exports.filter_map(near).min_by_key(|(_, offset)| *offset)
}

/// Where the code lies that is called by `address`.
fn code(llext: &Llext<'_>, address: usize) -> usize {
    address & !usize::from(llext.machine().e_machine == ARM)
}
