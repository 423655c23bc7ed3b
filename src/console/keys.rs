//! From bytes to keys: escape sequences, line ends and UTF-8.
//!
//! A key has as many encodings as there are terminals; above this module it has one name. What is no
//! key (a terminal's reports, sequences of keys that mean nothing here) is swallowed whole.
//! Every control character ends a sequence that is under way, so that a stray ESC cannot eat a line end.

/// A key that means something to the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Text. What was no valid UTF-8, or a control character in it, is U+FFFD.
    Char(char),
    /// The end of a line: CR, LF or CR LF.
    Enter,
    /// Tab.
    Tab,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    EndOfInput,
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// To the start of the word before the cursor.
    WordLeft,
    /// To the end of the word after the cursor.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// The line before in the history.
    Up,
    /// The line after in the history.
    Down,
    /// Removes the character before the cursor.
    Backspace,
    /// Removes the character under the cursor.
    Delete,
    /// Removes the word before the cursor.
    KillWordLeft,
    /// Removes up to the end of the word after the cursor.
    KillWordRight,
    /// Removes the whole line.
    KillLine,
    /// Removes what follows the cursor.
    KillToEnd,
    /// Swaps the two characters around the cursor.
    Transpose,
    /// Clears the screen.
    ClearScreen,
}

/// Where in an escape sequence the next byte falls (ECMA-48; DEC's name for the states: VT500 parser).
#[derive(Clone, Copy)]
enum State {
    /// In none.
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte, as in `ESC ( B`.
    Intermediate,
    /// After `ESC [`.
    Csi,
    /// After `ESC [ [`: the Linux console's F1 to F5, one more byte.
    Linux,
    /// After `ESC O`.
    Ss3,
    /// In a string (`ESC ]`, `ESC P`, …), which ends with BEL or ESC \.
    String,
}

/// The decoder; keeps what a sequence needs from one byte to the next.
pub struct Keys {
    state: State,
    /// Numeric parameters of a sequence; of more than two only the last counts as second.
    params: [u8; 2],
    second: bool,
    utf8: [u8; 4],
    utf8_len: usize,
    after_return: bool,
}

impl Keys {
    /// A decoder in front of the first byte.
    pub const fn new() -> Self {
        Self {
            state: State::Ground,
            params: [0; 2],
            second: false,
            utf8: [0; 4],
            utf8_len: 0,
            after_return: false,
        }
    }

    /// Takes the next byte, and returns the key that it completes.
    pub fn push(&mut self, byte: u8) -> Option<Key> {
        let folded = core::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
        if byte < 0x20 {
            self.utf8_len = 0;
            return if folded { None } else { self.control(byte) };
        }
        if byte >= 0x80 && !matches!(self.state, State::String) {
            // No sequence has such bytes.
            self.state = State::Ground;
        }
        match self.state {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Intermediate => self.enter(if byte < 0x30 {
                State::Intermediate
            } else {
                State::Ground
            }),
            State::Csi => self.parameter(byte, csi_key),
            State::Linux => self.enter(State::Ground),
            State::Ss3 => self.parameter(byte, ss3_key),
            State::String => None,
        }
    }

    fn enter(&mut self, state: State) -> Option<Key> {
        self.state = state;
        None
    }

    fn control(&mut self, byte: u8) -> Option<Key> {
        self.state = if byte == 0x1b {
            State::Escape
        } else {
            State::Ground
        };
        Some(match byte {
            b'\r' | b'\n' => Key::Enter,
            b'\t' => Key::Tab,
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x03 => Key::Interrupt,
            0x04 => Key::EndOfInput,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x08 => Key::Backspace,
            0x0b => Key::KillToEnd,
            0x0c => Key::ClearScreen,
            0x0e => Key::Down,
            0x10 => Key::Up,
            0x14 => Key::Transpose,
            0x15 => Key::KillLine,
            0x17 => Key::KillWordLeft,
            _ => return None,
        })
    }

    fn ground(&mut self, byte: u8) -> Option<Key> {
        if byte < 0x80 {
            let broken = core::mem::take(&mut self.utf8_len) > 0;
            return Some(match byte {
                // An unfinished character before this one is lost; the mark for it takes this one's place.
                0x20..=0x7e if broken => Key::Char(char::REPLACEMENT_CHARACTER),
                0x20..=0x7e => Key::Char(byte as char),
                _ => Key::Backspace,
            });
        }
        if byte >= 0xc0 {
            self.utf8_len = 0;
        }
        let slot = self.utf8.get_mut(self.utf8_len)?;
        *slot = byte;
        self.utf8_len += 1;
        let bytes = self.utf8.get(..self.utf8_len).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Err(error) if error.error_len().is_none() => None,
            decoded => {
                self.utf8_len = 0;
                let c = decoded
                    .ok()
                    .and_then(|text| text.chars().next())
                    .filter(|c| !c.is_control());
                Some(Key::Char(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
            }
        }
    }

    /// After ESC: the start of a longer sequence, or a key pressed with Alt.
    fn escape(&mut self, byte: u8) -> Option<Key> {
        (self.params, self.second) = ([0; 2], false);
        self.state = match byte {
            b'[' => State::Csi,
            b'O' => State::Ss3,
            b']' | b'P' | b'X' | b'^' | b'_' => State::String,
            0x20..=0x2f => State::Intermediate,
            _ => State::Ground,
        };
        match byte {
            b'b' => Some(Key::WordLeft),
            b'f' => Some(Key::WordRight),
            b'd' => Some(Key::KillWordRight),
            0x7f => Some(Key::KillWordLeft),
            _ => None,
        }
    }

    /// In a sequence with parameters: collects them until its final byte, which `key` looks up.
    fn parameter(&mut self, byte: u8, key: fn(u8, [u8; 2]) -> Option<Key>) -> Option<Key> {
        match byte {
            b'0'..=b'9' => {
                let [first, second] = &mut self.params;
                let param = if self.second { second } else { first };
                *param = param.saturating_mul(10).saturating_add(byte - b'0');
                None
            }
            b';' => {
                self.params[1] = 0;
                self.second = true;
                None
            }
            b'[' if matches!(self.state, State::Csi) => self.enter(State::Linux),
            0x40..=0x7e => {
                self.state = State::Ground;
                key(byte, self.params)
            }
            _ => None,
        }
    }
}

/// Keys sent as `ESC [ … last`: xterm's and the VT220's, with Linux's and rxvt's variants.
fn csi_key(last: u8, params: [u8; 2]) -> Option<Key> {
    match (last, params) {
        (b'~', [1 | 7, _]) => Some(Key::Home),
        (b'~', [4 | 8, _]) => Some(Key::End),
        (b'~', [3, _]) => Some(Key::Delete),
        (b'A'..=b'D' | b'F' | b'H', _) => cursor_key(last, params),
        _ => None,
    }
}

/// Keys sent as `ESC O … last` (application mode); lower case is rxvt's way to say Ctrl.
fn ss3_key(last: u8, params: [u8; 2]) -> Option<Key> {
    match last {
        b'a'..=b'd' => cursor_key(last.to_ascii_uppercase(), [1, CTRL]),
        // Some terminals send the modifier as the only parameter.
        _ if params[1] == 0 => cursor_key(last, [1, params[0]]),
        _ => cursor_key(last, params),
    }
}

/// xterm's second parameter for Alt and for Ctrl.
const ALT: u8 = 3;
const CTRL: u8 = 5;

fn cursor_key(last: u8, [_, modifier]: [u8; 2]) -> Option<Key> {
    let by_word = matches!(modifier, ALT | CTRL);
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if by_word => Key::WordRight,
        b'C' => Key::Right,
        b'D' if by_word => Key::WordLeft,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::new();
        bytes.iter().filter_map(|&byte| keys.push(byte)).collect()
    }

    #[test]
    fn every_encoding_of_a_key_is_that_key() {
        let table: &[(Key, &[&str])] = &[
            (
                Key::Home,
                &["\x01", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"],
            ),
            (
                Key::End,
                &["\x05", "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"],
            ),
            (Key::Left, &["\x02", "\x1b[D", "\x1bOD", "\x1b[1;2D"]),
            (Key::Right, &["\x06", "\x1b[C", "\x1bOC"]),
            (Key::Up, &["\x10", "\x1b[A", "\x1bOA"]),
            (Key::Down, &["\x0e", "\x1b[B", "\x1bOB"]),
            (
                Key::WordLeft,
                &["\x1bb", "\x1b[1;5D", "\x1b[1;3D", "\x1bOd", "\x1bO5D"],
            ),
            (
                Key::WordRight,
                &["\x1bf", "\x1b[1;5C", "\x1b[1;3C", "\x1bOc", "\x1bO5C"],
            ),
            (Key::Backspace, &["\x08", "\x7f"]),
            (Key::Delete, &["\x1b[3~"]),
            (Key::KillWordLeft, &["\x17", "\x1b\x7f"]),
            (Key::KillWordRight, &["\x1bd"]),
            (Key::KillLine, &["\x15"]),
            (Key::KillToEnd, &["\x0b"]),
            (Key::Transpose, &["\x14"]),
            (Key::ClearScreen, &["\x0c"]),
            (Key::Interrupt, &["\x03"]),
            (Key::EndOfInput, &["\x04"]),
            (Key::Tab, &["\t"]),
            (Key::Enter, &["\r", "\n", "\r\n"]),
        ];
        for (key, encodings) in table {
            for encoding in *encodings {
                assert_eq!(keys(encoding.as_bytes()), [*key], "{encoding:?}");
            }
        }
    }

    #[test]
    fn line_ends_are_counted_once() {
        let lines = |text: &str| {
            keys(text.as_bytes())
                .iter()
                .filter(|key| **key == Key::Enter)
                .count()
        };
        assert_eq!(lines("a\r\nb\r\n"), 2);
        assert_eq!(lines("\r\r"), 2);
        assert_eq!(lines("\n\n"), 2);
        assert_eq!(lines("\n\r"), 2);
        assert_eq!(lines("\r\n\n"), 2);
    }

    #[test]
    fn reports_and_unknown_sequences_are_swallowed_whole() {
        for sequence in [
            "\x1b[R",
            "\x1b[1;2R",
            "\x1b[24;80R",
            "\x1b[0;0R",
            "\x1b[?1;2c",
            "\x1b[>0;276;0c",
            "\x1b[15~",
            "\x1bOP",
            "\x1b[[A",
            "\x1b[200~",
            "\x1b[201~",
            "\x1b(B",
            "\x1bx",
            "\x1b]11;rgb:0000/0000/0000\x07",
            "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
            "\x1bP1$r0m\x1b\\",
            "\x1b[99999999999999999999;7u",
            "\x1b[I",
        ] {
            let mut bytes = sequence.as_bytes().to_vec();
            bytes.push(b'!');
            assert_eq!(keys(&bytes), [Key::Char('!')], "{sequence:?}");
        }
    }

    #[test]
    fn a_control_character_ends_an_unfinished_sequence() {
        for start in [
            "\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\x1b]0;", "\x1b(", "\x1b[[", "\u{e9}",
        ] {
            let start = &start.as_bytes()[..start.len().min(4)];
            let bytes = [start, b"\rok"].concat();
            assert_eq!(
                keys(&bytes)
                    .iter()
                    .rev()
                    .take(3)
                    .rev()
                    .copied()
                    .collect::<Vec<_>>(),
                [Key::Enter, Key::Char('o'), Key::Char('k')]
            );
        }
        assert_eq!(keys(b"\x1b\x1b[D"), [Key::Left]);
        assert_eq!(keys("\x1bé\x1b[1;é".as_bytes()), [Key::Char('é'); 2]);
    }

    #[test]
    fn text_is_utf8_and_what_is_not_is_marked() {
        assert_eq!(
            keys("aé€🦀".as_bytes()),
            ['a', 'é', '€', '🦀'].map(Key::Char)
        );
        let mark = Key::Char(char::REPLACEMENT_CHARACTER);
        for bad in [
            &b"\x80"[..],
            b"\xff",
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf5\x80",
            b"\xc2\x9b",
            b"\xe2\x82\xe2\x82",
        ] {
            assert!(
                keys(bad).iter().all(|key| *key == mark),
                "{bad:?} {:?}",
                keys(bad)
            );
        }
        assert_eq!(keys(b"\xe9a"), [mark]);
        assert_eq!(keys(b"\xe9\xc3\xa9"), [Key::Char('é')]);
    }
}
