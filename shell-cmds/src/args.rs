//! Arguments: numbers, and characters and strings as C writes them.

/// What a number must look like, for messages.
pub const NUMBER: &str = "a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1";

/// Reads `12`, `-7`, `0x1f`, `0b101`.
pub fn number(text: &str) -> Option<u32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        _ => (10, digits),
    };
    if digits.starts_with('+') {
        return None;
    }
    let magnitude = u32::from_str_radix(digits, radix).ok()?;
    match negative {
        false => Some(magnitude),
        true => (magnitude <= 1 << 31).then(|| magnitude.wrapping_neg()),
    }
}

/// An argument of a C function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal<'a> {
    /// A number or a character.
    Number(u32),
    /// What stands between the quotes of a string, escapes and all.
    String(&'a str),
}

/// Why an argument is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLiteral {
    /// No number, no character and no string.
    Number,
    /// Single quotes around anything but one character.
    Character,
    /// A string without its second quote, or with an escape that C does not know.
    String,
}

impl BadLiteral {
    /// What was expected.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Number => {
                "expected a number from -2^31 to 2^32-1 (decimal, 0x…, 0b…), 'c' or \"text\""
            }
            Self::Character => "expected one character between single quotes",
            Self::String => "expected \"text\" with both quotes and the escapes of C",
        }
    }
}

/// Reads one argument as it was typed.
pub fn literal(text: &str) -> Result<Literal<'_>, BadLiteral> {
    if let Some(rest) = text.strip_prefix('"') {
        let inner = rest.strip_suffix('"').ok_or(BadLiteral::String)?;
        return unescape(inner, &mut |_| Some(()))
            .map(|()| Literal::String(inner))
            .ok_or(BadLiteral::String);
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').ok_or(BadLiteral::Character)?;
        let mut value = None;
        let one = unescape(inner, &mut |byte| match value.replace(byte) {
            None => Some(()),
            Some(_) => None,
        });
        return one
            .and(value)
            .map(|byte| Literal::Number(byte.into()))
            .ok_or(BadLiteral::Character);
    }
    number(text).map(Literal::Number).ok_or(BadLiteral::Number)
}

/// Hands out the bytes that `text` stands for in C: `\n`, `\0`, `\x41`, `\\`, `\'`, `\"` … are one each.
/// None if an escape is not C's, or as soon as `each` gives None.
pub fn unescape(text: &str, each: &mut dyn FnMut(u8) -> Option<()>) -> Option<()> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'0' => 0,
                b'a' => 7,
                b'b' => 8,
                b'e' => 0x1b,
                b'x' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
                quoted @ (b'\\' | b'\'' | b'"') => quoted,
                _ => return None,
            },
            _ => byte,
        };
        each(byte)?;
    }
    Some(())
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("-7", Some(-7i32 as u32)),
            ("0x1F", Some(0x1f)),
            ("-0x10", Some(-16i32 as u32)),
            ("0b101", Some(5)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("-2147483648", Some(1 << 31)),
            ("-2147483649", None),
            ("", None),
            ("-", None),
            ("0x", None),
            ("+1", None),
            ("0x+1", None),
            ("--1", None),
            ("1.5", None),
            ("ten", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn characters() {
        for (text, expected) in [
            ("'a'", Some(97)),
            ("' '", Some(32)),
            ("'\\n'", Some(10)),
            ("'\\0'", Some(0)),
            ("'\\''", Some(39)),
            ("'\\x41'", Some(65)),
            ("'\\\\'", Some(92)),
            ("''", None),
            ("'ab'", None),
            ("'", None),
            ("'a", None),
            ("'\\'", None),
            ("'\\q'", None),
            ("'\\x4'", None),
            ("'ä'", None),
        ] {
            let literal = literal(text);
            match expected {
                Some(value) => assert_eq!(literal, Ok(Literal::Number(value)), "{text}"),
                None => assert_eq!(literal, Err(BadLiteral::Character), "{text}"),
            }
        }
    }

    #[test]
    fn strings() {
        assert_eq!(literal("\"\""), Ok(Literal::String("")));
        assert_eq!(literal("\"a b\""), Ok(Literal::String("a b")));
        assert_eq!(literal("\"123\""), Ok(Literal::String("123")));
        for bad in ["\"", "\"abc", "\"\\q\"", "\"a\\\""] {
            assert_eq!(literal(bad), Err(BadLiteral::String), "{bad}");
        }
        let mut bytes = vec![];
        unescape("a\\tb\\x21\\\"", &mut |byte| {
            bytes.push(byte);
            Some(())
        })
        .unwrap();
        assert_eq!(bytes, b"a\tb!\"");
    }
}
