//! Sentences with numbers in them, put together by one function instead of one expansion each (they are many, and
//! flash is dear).

/// What stands for a `{}` of a template.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    /// As it is.
    Text(&'a str),
    /// In decimal.
    Dec(usize),
    /// In hexadecimal, with `0x`.
    Hex(usize),
    /// In decimal, with its sign.
    Int(isize),
}

/// Passes `template` on to `put`, piece by piece, with an argument for each `{}`.
pub(crate) fn write(template: &str, args: &[Arg<'_>], put: &mut dyn FnMut(&str)) {
    let mut args = args.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        put(before);
        match args.next() {
            Some(Arg::Text(text)) => put(text),
            Some(Arg::Dec(number)) => write_digits(*number, 10, put),
            Some(Arg::Hex(number)) => {
                put("0x");
                write_digits(*number, 16, put);
            }
            Some(Arg::Int(number)) => {
                if *number < 0 {
                    put("-");
                }
                write_digits(number.unsigned_abs(), 10, put);
            }
            None => {}
        }
        rest = after.get(1..).unwrap_or_default();
    }
    put(rest);
}

fn write_digits(mut number: usize, base: usize, put: &mut dyn FnMut(&str)) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b"0123456789abcdef"
            .get(number % base)
            .copied()
            .unwrap_or_default();
        number /= base;
        start = at;
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(start..).unwrap_or_default();
    put(core::str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn text(template: &str, args: &[Arg<'_>]) -> String {
        let mut text = String::new();
        write(template, args, &mut |piece| text.push_str(piece));
        text
    }

    #[test]
    fn arguments_take_the_places_of_braces() {
        assert_eq!(text("plain", &[]), "plain");
        assert_eq!(
            text("{} is {}", &[Arg::Text("a"), Arg::Hex(0xbeef)]),
            "a is 0xbeef"
        );
        assert_eq!(
            text("{}{}{}", &[Arg::Dec(0), Arg::Int(-12), Arg::Int(7)]),
            "0-127"
        );
        assert_eq!(text("{}", &[Arg::Dec(usize::MAX)]), usize::MAX.to_string());
        assert_eq!(text("{}", &[Arg::Int(isize::MIN)]), isize::MIN.to_string());
        assert_eq!(
            text("{}", &[Arg::Hex(usize::MAX)]),
            format!("{:#x}", usize::MAX)
        );
    }
}
