//! Text to the console: `ufmt` shows each value, and one function, not one expansion of a macro a line,
//! puts values and text together. That keeps the commands small.

use crate::{
    Failed, Status,
    context::{Console, Mode},
};
use core::convert::Infallible;
use ufmt::{Formatter, uDisplay, uWrite};

/// The console as `ufmt` sees it.
pub struct Out<'a>(pub &'a mut dyn Console);

impl uWrite for Out<'_> {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// A value of any type that `ufmt` displays.
pub trait Show {
    /// Writes it.
    fn show(&self, out: &mut Out<'_>);
}

impl<T: uDisplay> Show for T {
    fn show(&self, out: &mut Out<'_>) {
        let Ok(()) = self.fmt(&mut Formatter::new(out));
    }
}

/// Writes `format`, each `{}` in it replaced by the next of `values`.
pub fn write(console: &mut dyn Console, format: &str, values: &[&dyn Show]) {
    let mut values = values.iter();
    let mut rest = format;
    while let Some(at) = rest.find('{') {
        let (text, hole) = rest.split_at(at);
        console.write(text.as_bytes());
        if let Some(value) = values.next() {
            value.show(&mut Out(&mut *console));
        }
        rest = hole.get("{}".len()..).unwrap_or_default();
    }
    console.write(rest.as_bytes());
}

/// Writes the line `error: WHAT: WHY`, of a WHY that is formatted as by [`write()`]; for machines the fields `what` and `error`.
pub fn write_error(console: &mut dyn Console, what: &dyn Show, format: &str, values: &[&dyn Show]) {
    write(console, "error: {}: ", &[what]);
    write(console, format, values);
    console.write(b"\n");
    end_record(console);
    write_field(console, "what", "{}", &[what]);
    write_field(console, "error", format, values);
}

/// Writes the line `hint: …`, formatted as by [`write()`]; for machines the field `hint`.
pub fn write_hint(console: &mut dyn Console, format: &str, values: &[&dyn Show]) {
    console.write(b"hint: ");
    write(console, format, values);
    console.write(b"\n");
    write_field(console, "hint", format, values);
}

/// Writes the line `warning: …`, formatted as by [`write()`]; for machines a record of its own.
pub fn write_warning(console: &mut dyn Console, format: &str, values: &[&dyn Show]) {
    console.write(b"warning: ");
    write(console, format, values);
    console.write(b"\n");
    end_record(console);
    write_field(console, "warning", format, values);
    end_record(console);
}

/// Writes the field `key` for machines; nothing at a terminal.
pub fn write_field(console: &mut dyn Console, key: &str, format: &str, values: &[&dyn Show]) {
    field_with(console, key, &mut |value| write(value, format, values));
}

/// Writes the field `key`, whose value is what `body` writes; it is not asked at a terminal.
pub fn field_with(console: &mut dyn Console, key: &str, body: &mut dyn FnMut(&mut dyn Console)) {
    if is_framed(console) {
        console.write_fields(key.as_bytes());
        console.write_fields(b"=");
        body(&mut Value(&mut *console));
        console.write_fields(b"\n");
    }
}

/// Whether fields go anywhere. A firmware without machine mode has no code for them.
pub fn is_framed(console: &dyn Console) -> bool {
    cfg!(feature = "machine") && console.framed().is_some()
}

/// Writes fields: `keys` with a space after each, and their `values`.
pub fn write_fields(console: &mut dyn Console, keys: &str, values: &[&dyn Show]) {
    if is_framed(console) {
        for (key, value) in keys.split(' ').zip(values) {
            field_with(console, key, &mut |out| value.show(&mut Out(out)));
        }
    }
}

/// Writes a record of fields likewise. The first key says what it is of.
pub fn write_record(console: &mut dyn Console, keys: &str, values: &[&dyn Show]) {
    write_fields(console, keys, values);
    end_record(console);
}

/// Ends a record of fields, if it has any: the next one is of something else.
pub fn end_record(console: &mut dyn Console) {
    if cfg!(feature = "machine") {
        console.write_fields(b"\n");
    }
}

/// Ends a request whose command does not return: the machine restarts, and is at the human prompt then.
pub fn part(console: &mut dyn Console) {
    if is_framed(console) {
        console.done(llext_wire::Status::Ok);
        console.set_framed(None);
    }
}

/// A console whose text goes into the value of a field.
struct Value<'a>(&'a mut dyn Console);

impl Console for Value<'_> {
    fn write(&mut self, text: &[u8]) {
        llext_wire::escape(text, &mut |piece| self.0.write_fields(piece));
    }

    fn fresh_line(&mut self) {}

    fn mode(&self) -> Mode {
        Mode::Plain
    }

    fn set_mode(&mut self, _: Mode) {}

    fn interrupted(&mut self) -> bool {
        false
    }
}

/// Ends a command with much to say where Ctrl-C was typed: every loop over its output asks before it writes more.
pub fn go_on(console: &mut dyn Console) -> Status {
    if console.interrupted() {
        console.write(b"^C\n");
        end_record(console);
        write_fields(console, "error", &[&"interrupted by Ctrl-C"]);
        return Err(Failed);
    }
    Ok(())
}

/// Writes formatted text to a [`Console`]: `print!(ctx.console, "{} bytes\n", n)`.
macro_rules! print {
    ($console:expr, $format:literal $(, $value:expr)* $(,)?) => {
        $crate::text::write(&mut *$console, $format, &[$(&$value),*])
    };
}

/// Writes the line `error: WHAT: WHY` and evaluates to [`Failed`]: `Err(fail!(ctx, "cat", "no {}", path))`.
macro_rules! fail {
    ($ctx:expr, $what:expr, $format:literal $(, $value:expr)* $(,)?) => {{
        $crate::text::write_error(&mut *$ctx.console, &$what, $format, &[$(&$value),*]);
        $crate::Failed
    }};
}

/// Writes the line `hint: …`, which follows an error line.
macro_rules! hint {
    ($ctx:expr, $format:literal $(, $value:expr)* $(,)?) => {
        $crate::text::write_hint(&mut *$ctx.console, $format, &[$(&$value),*])
    };
}

/// Writes the line `warning: …`: `warning!(ctx.console, "no {}", name)`.
macro_rules! warning {
    ($console:expr, $format:literal $(, $value:expr)* $(,)?) => {
        $crate::text::write_warning(&mut *$console, $format, &[$(&$value),*])
    };
}

/// Writes a record of fields for machines: `record!(ctx.console, "name": name, "size": size)`.
macro_rules! record {
    ($console:expr, $($key:literal: $value:expr),+ $(,)?) => {
        $crate::text::write_record(&mut *$console, concat!($($key, " "),+), &[$(&$value),+])
    };
}

/// Writes a field for machines: `field!(ctx.console, "size", size)`, or formatted: `field!(ctx.console, "at", "{}+{}", a, b)`.
macro_rules! field {
    ($console:expr, $key:expr, $format:literal $(, $value:expr)+ $(,)?) => {
        $crate::text::write_field(&mut *$console, $key, $format, &[$(&$value),+])
    };
    ($console:expr, $key:expr, $value:expr $(,)?) => {
        $crate::text::write_fields(&mut *$console, $key, &[&$value])
    };
}

pub(crate) use {fail, field, hint, print, record, warning};

/// A number in hexadecimal, `0x` before it, padded with zeros to `.1` digits.
#[derive(Clone, Copy)]
pub struct Hex(pub usize, pub usize);

impl uDisplay for Hex {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str("0x")?;
        Digits(self.0, self.1).fmt(f)
    }
}

/// A number in hexadecimal without `0x`, padded with zeros to `.1` digits.
#[derive(Clone, Copy)]
pub struct Digits(pub usize, pub usize);

impl uDisplay for Digits {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        const DIGITS: usize = usize::BITS as usize / 4;
        let Self(value, width) = *self;
        let needed = DIGITS - (value | 1).leading_zeros() as usize / 4;
        for digit in (0..needed.max(width.min(DIGITS))).rev() {
            let nibble = (value >> (4 * digit)) as u32 & 0xf;
            f.write_char(char::from_digit(nibble, 16).unwrap_or('?'))?;
        }
        Ok(())
    }
}

/// Text filled up with spaces to `.1` columns.
#[derive(Clone, Copy)]
pub struct Left<'a>(pub &'a str, pub usize);

impl uDisplay for Left<'_> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.0)?;
        spaces(f, self.1.saturating_sub(self.0.len()))
    }
}

/// A decimal number, right-aligned in `.1` columns.
#[derive(Clone, Copy)]
pub struct Right(pub usize, pub usize);

impl uDisplay for Right {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let digits = self.0.checked_ilog10().map_or(1, |log| log as usize + 1);
        spaces(f, self.1.saturating_sub(digits))?;
        uDisplay::fmt(&self.0, f)
    }
}

fn spaces<W: uWrite + ?Sized>(f: &mut Formatter<'_, W>, count: usize) -> Result<(), W::Error> {
    (0..count).try_for_each(|_| f.write_char(' '))
}

/// `one` if `count` is 1, else `many`.
pub fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// Writes up to sixteen bytes as a line of a hexadecimal dump: address, bytes in words of `width`, and their text.
pub fn dump_line(console: &mut dyn Console, address: usize, bytes: &[u8], width: usize) {
    print!(console, "{} ", Digits(address, 8));
    for column in 0..16 {
        if column & (width - 1) == 0 {
            console.write(if column == 8 { b"  " } else { b" " });
        }
        // Words are shown as numbers: the last byte of a little-endian word comes first.
        match bytes.get(column ^ (width - 1)) {
            Some(byte) => print!(console, "{}", Digits((*byte).into(), 2)),
            None => console.write(b"  "),
        }
    }
    console.write(b"  |");
    for byte in bytes {
        console.write(&[if matches!(byte, 0x20..=0x7e) {
            *byte
        } else {
            b'.'
        }]);
    }
    console.write(b"|\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl uDisplay) -> String {
        struct Text(String);
        impl uWrite for Text {
            type Error = Infallible;
            fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
                self.0.push_str(text);
                Ok(())
            }
        }
        let mut text = Text(String::new());
        let Ok(()) = ufmt::uwrite!(text, "{}", value);
        text.0
    }

    #[test]
    fn numbers_and_columns() {
        assert_eq!(text(Hex(0, 1)), "0x0");
        assert_eq!(text(Hex(0x1f, 8)), "0x0000001f");
        assert_eq!(text(Hex(0x1234_5678, 2)), "0x12345678");
        assert_eq!(text(Digits(0x10, 1)), "10");
        assert_eq!(text(Left("ab", 4)), "ab  ");
        assert_eq!(text(Left("abcde", 4)), "abcde");
        assert_eq!(text(Right(0, 3)), "  0");
        assert_eq!(text(Right(1234, 3)), "1234");
    }
}
