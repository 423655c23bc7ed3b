//! What stands between noline and a terminal.
//!
//! noline asks the terminal for its size and the cursor's place before every line and draws with absolute
//! moves. Most of what it may be answered, or typed, makes it err or panic. Here it sits in front of a
//! terminal that always behaves: 24 rows of 9000 columns, the prompt on the first row. Its keyboard
//! sends single bytes only. What noline draws there becomes the [`Line`], and the [`View`] shows that on the real terminal
//! when no more keys are waiting.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, Write};
use heapless::{String, Vec};

use super::{
    commands::Commands,
    complete::{self, Completion},
    input::Input,
    keys::Key,
    line::{Entered, LINE_BYTES, Line},
    view::{PROMPT, View},
};

/// The answer to noline's question for the size. Columns: more than a line needs, so that it never wraps.
const SIZE: &[u8] = b"\x1b[24;9000R";

/// The answer to its question where the cursor is, after it printed the prompt: row 1, first column after the prompt.
const POSITION: &[u8] = b"\x1b[1;8R";
const _: () = assert!(
    PROMPT.len() + 1 == 8,
    "POSITION must say where the prompt ends"
);

/// How far noline is with a line.
enum Phase {
    /// It has not asked for the size yet.
    Size,
    /// It has not asked for the position yet; what it prints is the prompt.
    Position,
    /// It edits.
    Editing,
}

/// Where in a control sequence of noline's the next byte falls.
enum Sequence {
    None,
    Escape,
    Csi,
}

/// The way through the history.
///
/// noline only sets out from an empty line, and comes back to one. What was typed is put aside meanwhile.
struct Walk {
    /// Whether there is a history. Without one noline would take a later Down for the way back.
    possible: bool,
    /// Whether the line is one of the history.
    away: bool,
    /// Whether noline is about to do a step down, which may be the one that leads back.
    stepping_down: bool,
    draft: String<LINE_BYTES>,
}

/// noline's terminal while one line is read.
pub struct Shim<'a, 'p> {
    input: &'a mut Input<'p>,
    line: &'a mut Line,
    commands: &'a mut dyn Commands,
    view: View<'a>,
    walk: Walk,
    entered: Entered,
    phase: Phase,
    sequence: Sequence,
    /// The last parameter of the sequence under way.
    param: usize,
    /// Bytes for noline to read, from `taken` on.
    queue: Vec<u8, LINE_BYTES>,
    taken: usize,
}

impl<'a, 'p> Shim<'a, 'p> {
    /// The terminal for one line.
    pub fn new(
        input: &'a mut Input<'p>,
        line: &'a mut Line,
        commands: &'a mut dyn Commands,
        view: View<'a>,
        has_past: bool,
    ) -> Self {
        Self {
            input,
            line,
            commands,
            view,
            walk: Walk {
                possible: has_past,
                away: false,
                stepping_down: false,
                draft: String::new(),
            },
            entered: Entered::End,
            phase: Phase::Size,
            sequence: Sequence::None,
            param: 0,
            queue: Vec::new(),
            taken: 0,
        }
    }

    /// Shows the line as it was entered for good, and says how it was.
    pub fn finish(mut self) -> Entered {
        let mark = if self.entered == Entered::Interrupted {
            "^C"
        } else {
            ""
        };
        self.view.finish(self.line, mark);
        self.entered
    }

    /// Rings the bell; for a paste with the last key only.
    fn ring(&self) {
        if !self.input.ready() {
            self.view.ring();
        }
    }

    /// Gives noline `bytes` to read next. More than a line's worth is never needed.
    fn send(&mut self, bytes: &[u8]) {
        if self.taken == self.queue.len() {
            self.queue.clear();
            self.taken = 0;
        }
        let _ = self.queue.extend_from_slice(bytes);
    }

    /// Gives noline what `letter` sends with Ctrl, so many times.
    fn repeat(&mut self, letter: char, count: usize) {
        (0..count).for_each(|_| self.send(&[letter as u8 & 0x1f]));
    }

    /// Does what `key` asks for, or has noline do it.
    fn press(&mut self, key: Key) {
        let Some(key) = self.line.admit(key) else {
            return self.ring();
        };
        // What noline has a key for, and the letter that it goes by with Ctrl.
        let letter = match key {
            Key::Left => 'B',
            Key::Right => 'F',
            Key::Home => 'A',
            Key::End => 'E',
            Key::Backspace => 'H',
            Key::KillWordLeft => 'W',
            Key::KillLine => 'U',
            Key::KillToEnd => 'K',
            Key::Enter => return self.enter(),
            Key::Interrupt => return self.end(Entered::Interrupted, 'C'),
            Key::EndOfInput if self.line.text().is_empty() => return self.end(Entered::End, 'D'),
            Key::EndOfInput | Key::Delete => return self.delete(1),
            Key::KillWordRight => return self.delete(self.line.to_word_end()),
            Key::WordLeft => return self.repeat('B', self.line.to_word_start()),
            Key::WordRight => return self.repeat('F', self.line.to_word_end()),
            Key::Up | Key::Down => return self.walk(key),
            Key::Char(c) => return self.send(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Key::Transpose => return self.transpose(),
            Key::ClearScreen => {
                self.view.clear();
                return self.view.restart(self.line);
            }
            Key::Tab => return self.complete(),
        };
        self.repeat(letter, 1);
    }

    fn enter(&mut self) {
        if self.line.too_long() {
            self.end(Entered::TooLong, 'C');
        } else {
            self.end(Entered::Line, 'M');
        }
    }

    /// Has noline end the line with Ctrl and this letter.
    fn end(&mut self, entered: Entered, letter: char) {
        self.entered = entered;
        self.repeat(letter, 1);
    }

    /// Deletes `count` characters under and after the cursor. On an empty line Ctrl-D would end the session.
    fn delete(&mut self, count: usize) {
        if count == 0 || self.line.halves().1.is_empty() {
            self.ring();
        } else {
            self.repeat('D', count);
        }
    }

    /// Goes a line up or down in the history.
    fn walk(&mut self, key: Key) {
        if !self.walk.possible {
            return self.ring();
        }
        if key == Key::Down {
            self.walk.stepping_down = self.walk.away;
            return self.repeat('N', 1);
        }
        if !self.walk.away && !self.line.text().is_empty() {
            self.walk.draft = String::try_from(self.line.text()).unwrap_or_default();
            self.repeat('U', 1);
        }
        self.walk.away = true;
        self.repeat('P', 1);
    }

    /// After a step down: back at the line that was typed before the walk, types it again.
    fn arrive(&mut self) {
        if core::mem::take(&mut self.walk.stepping_down) && self.line.text().is_empty() {
            self.walk.away = false;
            let draft = core::mem::take(&mut self.walk.draft);
            self.send(draft.as_bytes());
        }
    }

    fn complete(&mut self) {
        let found = Completion::find(self.line, self.commands);
        if found.ambiguous && found.insert.is_empty() {
            self.view.draw(self.line);
            self.view.leave();
            complete::list(&found, self.line, self.commands, self.view.output);
            self.view.restart(self.line);
        } else if found.insert.is_empty() && !found.done {
            self.ring();
        } else {
            self.insert(&found);
        }
    }

    /// Inserts what was found, or goes over it where it stands there already; a space only where none follows.
    fn insert(&mut self, found: &Completion) {
        let (_, after) = self.line.halves();
        let word = after.split(' ').next().unwrap_or_default();
        let standing = if found.insert.starts_with(word) {
            word
        } else {
            ""
        };
        let standing = standing.len();
        let spaced = after
            .get(standing..)
            .is_some_and(|rest| rest.starts_with(' '));
        let (over, new) = found
            .insert
            .split_at_checked(standing)
            .unwrap_or(("", &found.insert));
        self.repeat('F', over.chars().count());
        self.send(new.as_bytes());
        if found.done && !spaced {
            self.send(b" ");
        }
    }

    /// noline swaps the characters around the cursor and leaves it between them. As in other editors it goes
    /// past them, and at the end of the line the last two are swapped.
    fn transpose(&mut self) {
        let (before, after) = self.line.halves();
        if before.is_empty() || self.line.columns() < 2 {
            return self.ring();
        }
        if after.is_empty() {
            self.repeat('B', 1);
        }
        self.repeat('T', 1);
        self.repeat('F', 1);
    }

    /// noline asks for a report, and has it before any key that is typed.
    fn report(&mut self) {
        match self.phase {
            Phase::Size => {
                self.phase = Phase::Position;
                self.send(SIZE);
            }
            Phase::Position => {
                self.phase = Phase::Editing;
                self.send(POSITION);
            }
            Phase::Editing => {}
        }
    }

    /// Takes text that noline prints: always all of the line from the cursor on.
    fn print(&mut self, text: &[u8]) {
        if matches!(self.phase, Phase::Editing) {
            self.line
                .replace_tail(core::str::from_utf8(text).unwrap_or_default());
        }
    }

    /// Takes a byte of noline's that is no text.
    fn obey(&mut self, byte: u8) {
        match (&self.sequence, byte) {
            (_, 0x1b) => self.sequence = Sequence::Escape,
            (Sequence::None, 0x07) => self.ring(),
            (Sequence::Escape, b'[') => (self.sequence, self.param) = (Sequence::Csi, 0),
            (Sequence::Csi, b'0'..=b'9') => {
                self.param = self
                    .param
                    .saturating_mul(10)
                    .saturating_add(usize::from(byte - b'0'));
            }
            (Sequence::Csi, b';') => self.param = 0,
            (Sequence::Csi, last) => {
                self.sequence = Sequence::None;
                match (last, &self.phase) {
                    (b'n', _) => self.report(),
                    // ESC [ row ; column H, counted from 1, on the prompt's row.
                    (b'H', Phase::Editing) => self
                        .line
                        .move_to(self.param.saturating_sub(PROMPT.len() + 1)),
                    (b'J', Phase::Editing) => self.line.erase_tail(),
                    _ => {}
                }
            }
            // ESC 7 and ESC 8, which only serve its questions, and the newline at the end of a line.
            _ => self.sequence = Sequence::None,
        }
    }
}

impl ErrorType for Shim<'_, '_> {
    type Error = Infallible;
}

impl Read for Shim<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            if self.taken == self.queue.len() {
                self.arrive();
            }
            if let Some((&byte, slot)) = self.queue.get(self.taken).zip(into.first_mut()) {
                self.taken += 1;
                *slot = byte;
                return Ok(1);
            }
            if !self.input.ready() {
                self.view.draw(self.line);
            }
            match self.input.next() {
                Ok(Some(key)) => self.press(key),
                Ok(None) => {}
                Err(_) => return Ok(0),
            }
        }
    }
}

impl Write for Shim<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if byte < 0x20 || !matches!(self.sequence, Sequence::None) {
                self.obey(byte);
                rest = tail;
            } else {
                let end = rest
                    .iter()
                    .position(|&byte| byte < 0x20)
                    .unwrap_or(rest.len());
                let (text, tail) = rest.split_at(end);
                self.print(text);
                rest = tail;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
