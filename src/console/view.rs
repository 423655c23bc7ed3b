//! Draws a line on a terminal, with no more than it takes.
//!
//! The terminal is never asked anything: not every one answers, and an answer would arrive among the
//! keys. A row of 80 columns is what all have; a line longer than that scrolls sideways in it, and is shown
//! whole when it is done. Only relative moves are used, which also hold on terminals that are wider.

use super::{Output, line::Line, line::split};

/// The prompt, in every mode.
pub const PROMPT: &str = "llext> ";

/// Columns of a terminal.
pub const COLUMNS: usize = 80;

/// Columns for the line. One stays free: where the cursor goes after the last column differs.
const WINDOW: usize = COLUMNS - PROMPT.len() - 1;

/// What the terminal shows after the prompt.
pub struct View<'a> {
    /// Where it draws.
    pub output: &'a Output,
    /// Column of the line that is shown first.
    left: usize,
    /// Columns shown.
    shown: usize,
    /// Where the terminal's cursor is, in columns after the prompt.
    at: usize,
}

impl<'a> View<'a> {
    /// Prints the prompt, on a fresh line.
    pub fn new(output: &'a Output) -> Self {
        output.fresh_line();
        output.write(PROMPT.as_bytes());
        Self {
            output,
            left: 0,
            shown: 0,
            at: 0,
        }
    }

    /// Makes the terminal show `line`.
    pub fn draw(&mut self, line: &mut Line) {
        let changed = line.take_changed();
        let scrolled = self.scroll_to(line.cursor());
        if let Some(from) = if scrolled { Some(self.left) } else { changed } {
            let from = from.clamp(self.left, self.left + WINDOW);
            self.move_to(from - self.left);
            let (_, rest) = split(line.text(), from);
            let (rest, _) = split(rest, self.left + WINDOW - from);
            self.output.write(rest.as_bytes());
            self.at += rest.chars().count();
            if self.at < self.shown {
                self.erase();
            }
            self.shown = self.at;
        }
        self.move_to(line.cursor() - self.left);
    }

    /// Shows all of `line` for good, and ends it with `mark` and a newline.
    pub fn finish(&mut self, line: &mut Line, mark: &str) {
        let columns = line.columns();
        line.move_to(columns);
        if self.left > 0 || columns > WINDOW {
            self.move_to(0);
            self.output.write(line.text().as_bytes());
            if columns < self.shown {
                self.erase();
            }
        } else {
            self.draw(line);
        }
        self.output.write(mark.as_bytes());
        self.output.write(b"\n");
    }

    /// Leaves the line where it stands and starts a new one below it.
    pub fn leave(&mut self) {
        self.output.write(b"\n");
    }

    /// Clears the screen.
    pub fn clear(&mut self) {
        self.output.write(b"\x1b[H\x1b[2J\r");
    }

    /// Shows prompt and `line` anew, on an empty row.
    pub fn restart(&mut self, line: &mut Line) {
        self.output.write(PROMPT.as_bytes());
        (self.left, self.shown, self.at) = (0, 0, 0);
        line.touch();
        self.draw(line);
    }

    /// Rings the terminal's bell.
    pub fn ring(&self) {
        self.output.write(b"\x07");
    }

    /// Scrolls until `column` is in the window; whether that took any scrolling.
    fn scroll_to(&mut self, column: usize) -> bool {
        let left = self.left;
        if !(left..=left + WINDOW).contains(&column) {
            // Half a window at a time, so that a key seldom redraws all.
            self.left = column.saturating_sub(WINDOW / 2);
        }
        self.left != left
    }

    fn move_to(&mut self, column: usize) {
        match (column.checked_sub(self.at), self.at.saturating_sub(column)) {
            (Some(0), _) => {}
            (Some(right), _) => self.control(right, 'C'),
            (None, left @ 1..=3) => (0..left).for_each(|_| self.output.write(b"\x08")),
            (None, left) => self.control(left, 'D'),
        }
        self.at = column;
    }

    fn erase(&self) {
        self.output.write(b"\x1b[K");
    }

    fn control(&self, count: usize, last: char) {
        let mut output = self.output;
        let Ok(()) = ufmt::uwrite!(output, "\x1b[{}{}", count, last);
    }
}
