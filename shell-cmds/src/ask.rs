//! A question in the middle of a command: `unload hello first? [y/N] `.
//!
//! Whoever asks has found out that [somebody may answer](Console::has_reader); who cannot be asked is told instead what to type.

use crate::{
    context::Console,
    text::{self, Show},
};

/// What is typed before Enter counts up to here; more is neither of the two answers.
const LONGEST: usize = 3;

/// Asks, with a question that is formatted as by [`text::write`], until there is an answer. Only `y` or `yes` and Enter is a yes; Ctrl-C
/// and Ctrl-D, a break of the line, and a terminal that hangs up are a no at once.
pub fn yes(console: &mut dyn Console, question: &str, values: &[&dyn Show]) -> bool {
    text::write(console, question, values);
    console.write(b" [y/N] ");
    let (mut typed, mut count) = ([0; LONGEST], 0);
    loop {
        match console.read_key() {
            Some(b'\r' | b'\n') => {
                console.write(b"\n");
                let answer = typed.get(..count).unwrap_or_default();
                return [&b"y"[..], b"yes"].contains(&answer);
            }
            Some(0x03) => console.write(b"^C\n"),
            None | Some(0 | 0x04) => console.write(b"\n"),
            Some(0x08 | 0x7f) => {
                if count != 0 {
                    console.write(b"\x08 \x08");
                    count -= 1;
                }
                continue;
            }
            Some(key @ b' '..=b'~') => {
                console.write(&[key]);
                if let Some(place) = typed.get_mut(count) {
                    *place = key.to_ascii_lowercase();
                }
                count = count.saturating_add(1);
                continue;
            }
            Some(_) => continue,
        }
        return false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Mode;

    /// A terminal at which `keys` are typed before it hangs up.
    struct Terminal {
        keys: std::vec::IntoIter<u8>,
        shown: String,
    }

    impl Console for Terminal {
        fn write(&mut self, text: &[u8]) {
            self.shown.push_str(std::str::from_utf8(text).unwrap());
        }

        fn fresh_line(&mut self) {}

        fn mode(&self) -> Mode {
            Mode::Ansi
        }

        fn set_mode(&mut self, _: Mode) {}

        fn interrupted(&mut self) -> bool {
            false
        }

        fn read_key(&mut self) -> Option<u8> {
            self.keys.next()
        }
    }

    /// The answer that `keys` are, what is shown after the question, and how many keys were left.
    fn answer(keys: &str) -> (bool, String, usize) {
        let mut terminal = Terminal {
            keys: keys.as_bytes().to_vec().into_iter(),
            shown: String::new(),
        };
        let answer = yes(&mut terminal, "go {} first?", &[&"on"]);
        let shown = terminal.shown.strip_prefix("go on first? [y/N] ");
        (answer, shown.unwrap().to_owned(), terminal.keys.count())
    }

    #[test]
    fn only_yes_is_yes() {
        for keys in [
            "y\r", "Y\n", "yes\r", "YES\r", "n\x08y\r", "\x7fy\r", "\x1by\r",
        ] {
            assert!(answer(keys).0, "{keys:?}");
        }
        for keys in [
            "\r",
            "n\r",
            "ye\r",
            "yess\r",
            "yesyes\r",
            "yyyy\x7f\r",
            "y\x7f\r",
            " y\r",
            "é\r",
        ] {
            assert!(!answer(keys).0, "{keys:?}");
        }
    }

    #[test]
    fn who_goes_away_says_no() {
        assert_eq!(answer("y\x03y\r"), (false, "y^C\n".to_owned(), 2));
        assert_eq!(answer("y\x04"), (false, "y\n".to_owned(), 0));
        assert_eq!(answer("y\0\0"), (false, "y\n".to_owned(), 1));
        assert_eq!(answer("y"), (false, "y\n".to_owned(), 0));
    }

    #[test]
    fn what_is_typed_is_seen() {
        assert_eq!(
            answer("nx\x7f\x7f\x7fyes\rls").1,
            "nx\x08 \x08\x08 \x08yes\n"
        );
        assert_eq!(answer("y\rls"), (true, "y\n".to_owned(), 2));
    }
}
