//! The way out: one newline normaliser for everything that reaches the terminal.
//!
//! The shell, the commands and running extensions all write here, so lines end the same way whoever
//! wrote them, and the shell knows whether the cursor stands on a fresh line.

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};

use llext_wire::{Done, Framer, Kind, Status, WAITING};
use shell_cmds::context::{Console, Mode};

use super::{Incoming, Port};

/// The output half of the console; a firmware keeps it in a `static`.
///
/// In [`Mode::Ansi`] a `\n` leaves as `\r\n` and a `\r\n` as it is; in [`Mode::Plain`] a `\r\n` leaves as
/// `\n`. Both hold when the two bytes come in two writes: plain mode therefore holds a `\r` back until
/// the byte after it is known.
///
/// The state is in relaxed atomics, used as cells: writers take turns (the shell waits while an
/// extension runs), and an interrupt that writes can at worst get a newline wrong.
pub struct Output {
    port: &'static dyn Port,
    mode: AtomicU8,
    wanted: AtomicU8,
    /// The last byte that was written is a `\r` (in plain mode it is still held back).
    after_return: AtomicBool,
    /// Something was written since the last `\n`.
    mid_line: AtomicBool,
    /// Everything leaves in frames.
    framed: AtomicBool,
    framer: Framer<FRAMED>,
    /// The id of a LEAVE that came while a request ran; [`STAYS`] if none did.
    leaving: AtomicU32,
}

/// Bytes that wait for their frame. What the firmware is built without takes no memory.
const FRAMED: usize = if cfg!(feature = "machine") {
    WAITING
} else {
    0
};

/// No id.
const STAYS: u32 = u32::MAX;

impl Output {
    /// An output through `port` that starts in `mode`, at the start of a line.
    pub const fn new(port: &'static dyn Port, mode: Mode) -> Self {
        Self {
            port,
            mode: AtomicU8::new(mode as u8),
            wanted: AtomicU8::new(mode as u8),
            after_return: AtomicBool::new(false),
            mid_line: AtomicBool::new(false),
            framed: AtomicBool::new(false),
            framer: Framer::new(),
            leaving: AtomicU32::new(STAYS),
        }
    }

    /// The mode that is in force.
    pub fn mode(&self) -> Mode {
        decode(self.mode.load(Relaxed))
    }

    /// Asks for `mode` from the next prompt on.
    pub fn set_mode(&self, mode: Mode) {
        self.wanted.store(mode as u8, Relaxed);
    }

    /// Puts the mode that was asked for in force, and returns it.
    pub(crate) fn switch_mode(&self) -> Mode {
        self.mode.store(self.wanted.load(Relaxed), Relaxed);
        self.mode()
    }

    /// Writes `bytes`, with the line ends that the mode asks for; or as text of the request that runs.
    pub fn write(&self, bytes: &[u8]) {
        if self.framed() {
            self.frame(Kind::Text, bytes);
        } else {
            self.write_lines(bytes);
        }
    }

    /// Writes what extension code prints.
    pub fn write_output(&self, bytes: &[u8]) {
        if self.framed() {
            self.frame(Kind::Output, bytes);
        } else {
            self.write_lines(bytes);
        }
    }

    /// Sends what waits for more of its frame. For who writes: an interrupt would cut the frame that is being made.
    pub fn flush(&self) {
        if self.framed() {
            self.framer.flush(&mut |bytes| self.port.write(bytes));
        }
    }

    /// Whether all leaves in frames. What the firmware is built without takes no flash.
    fn framed(&self) -> bool {
        cfg!(feature = "machine") && self.framed.load(Relaxed)
    }

    fn frame(&self, kind: Kind, bytes: &[u8]) {
        self.framer
            .write(kind, bytes, &mut |bytes| self.port.write(bytes));
    }

    fn write_lines(&self, bytes: &[u8]) {
        let plain = self.mode() == Mode::Plain;
        let mut after_return = self.after_return.load(Relaxed);
        for piece in bytes.split_inclusive(|&byte| matches!(byte, b'\r' | b'\n')) {
            let (end, text) = match piece.split_last() {
                Some((&end @ (b'\r' | b'\n'), text)) => (end, text),
                _ => (0, piece),
            };
            if !text.is_empty() {
                if plain && after_return {
                    self.port.write(b"\r");
                }
                self.port.write(text);
                after_return = false;
                self.mid_line.store(true, Relaxed);
            }
            match end {
                b'\n' => {
                    self.port.write(if plain || after_return {
                        b"\n"
                    } else {
                        b"\r\n"
                    });
                    self.mid_line.store(false, Relaxed);
                }
                // A return does not make a line fresh: its text still stands there.
                b'\r' if !plain => self.port.write(b"\r"),
                _ => {}
            }
            after_return = end == b'\r';
        }
        self.after_return.store(after_return, Relaxed);
    }

    /// Goes to the start of a new line, unless the cursor is at the start of one.
    pub fn fresh_line(&self) {
        if self.mid_line.load(Relaxed) && !self.framed() {
            self.write(b"\n");
        }
    }
}

impl Console for &Output {
    fn write(&mut self, text: &[u8]) {
        Output::write(self, text);
    }

    fn fresh_line(&mut self) {
        Output::fresh_line(self);
    }

    fn mode(&self) -> Mode {
        Output::mode(self)
    }

    fn set_mode(&mut self, mode: Mode) {
        Output::set_mode(self, mode);
    }

    fn interrupted(&mut self) -> bool {
        self.port.take_interrupt()
    }

    fn has_reader(&self) -> bool {
        Output::mode(self) == Mode::Ansi && !Output::framed(self) && !self.port.ready()
    }

    fn read_key(&mut self) -> Option<u8> {
        let mut key = [0];
        (self.port.read(&mut key) == 1).then_some(key[0])
    }

    fn broken(&mut self) -> bool {
        self.port.broken()
    }

    fn read_raw(&mut self, into: &mut [u8], timeout_ms: u32) -> usize {
        self.port.read_within(into, timeout_ms)
    }

    fn peek_raw(&mut self, index: usize, timeout_ms: u32) -> Option<u8> {
        self.port.peek_within(index, timeout_ms)
    }

    fn write_raw(&mut self, bytes: &[u8]) {
        self.port.write_raw(bytes);
    }

    fn set_framed(&mut self, request: Option<u16>) {
        if let Some(id) = request {
            self.framer.begin(id);
        }
        self.framed.store(request.is_some(), Relaxed);
        self.port.set_input(match request {
            Some(_) => Incoming::Frames,
            None => Incoming::Keys,
        });
    }

    fn framed(&self) -> Option<u16> {
        Output::framed(self).then(|| self.framer.request())
    }

    fn leave(&mut self, id: u16) {
        self.leaving.store(id.into(), Relaxed);
    }

    fn take_leave(&mut self) -> Option<u16> {
        self.leaving.swap(STAYS, Relaxed).try_into().ok()
    }

    fn write_fields(&mut self, text: &[u8]) {
        if Output::framed(self) {
            self.frame(Kind::Fields, text);
        }
    }

    fn send(&mut self, kind: Kind, payload: &[&[u8]]) {
        if Output::framed(self) {
            // What is too long for a frame is not sent, and counts as one: so it is noticed.
            let _ = self
                .framer
                .send(kind, payload, &mut |bytes| self.port.write(bytes));
        }
    }

    fn done(&mut self, status: Status) -> Done {
        if !Output::framed(self) {
            return Done { status, frames: 0 };
        }
        self.framer
            .done(status, &mut |bytes| self.port.write(bytes))
    }
}

impl ufmt::uWrite for &Output {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.write(text.as_bytes());
        Ok(())
    }
}

fn decode(mode: u8) -> Mode {
    if mode == Mode::Plain as u8 {
        Mode::Plain
    } else {
        Mode::Ansi
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::testing::Terminal;

    /// What leaves when `parts` are written one after the other.
    fn written(mode: Mode, parts: &[&str]) -> String {
        let terminal = Terminal::typing(&[]);
        let output = Output::new(terminal, mode);
        for part in parts {
            output.write(part.as_bytes());
        }
        terminal.sent()
    }

    #[test]
    fn ansi_mode_ends_every_line_in_return_and_newline() {
        assert_eq!(written(Mode::Ansi, &["a\nb\n\nc"]), "a\r\nb\r\n\r\nc");
        assert_eq!(written(Mode::Ansi, &["a\r\nb\r\n"]), "a\r\nb\r\n");
        assert_eq!(
            written(Mode::Ansi, &["a\r", "\nb", "\n", "\n"]),
            "a\r\nb\r\n\r\n"
        );
        assert_eq!(
            written(Mode::Ansi, &["10%\r", "20%\r", "done\n"]),
            "10%\r20%\rdone\r\n"
        );
    }

    #[test]
    fn plain_mode_ends_every_line_in_newline_alone() {
        assert_eq!(written(Mode::Plain, &["a\nb\r\n\r\nc"]), "a\nb\n\nc");
        assert_eq!(written(Mode::Plain, &["a\r", "\nb\r", "", "\n"]), "a\nb\n");
        assert_eq!(
            written(Mode::Plain, &["10%\r", "20%\r", "done\n"]),
            "10%\r20%\rdone\n"
        );
    }

    #[test]
    fn a_fresh_line_is_started_only_after_unterminated_text() {
        let terminal = Terminal::typing(&[]);
        let output = Output::new(terminal, Mode::Plain);
        output.fresh_line();
        output.write(b"half");
        output.fresh_line();
        output.fresh_line();
        output.write(b"whole\n");
        output.fresh_line();
        output.write(b"50%");
        output.write(b"\r");
        output.fresh_line();
        assert_eq!(terminal.sent(), "half\nwhole\n50%\n");
    }

    #[test]
    fn only_who_waits_at_a_terminal_is_asked() {
        let asked = |mode, keys: &[&[u8]], request| {
            let output = &mut &Output::new(Terminal::typing(keys), mode);
            output.set_framed(request);
            output.has_reader()
        };
        assert!(asked(Mode::Ansi, &[], None));
        // The first part is there at once, the others come when somebody waits.
        assert!(!asked(Mode::Ansi, &[b"ls\r"], None));
        assert!(asked(Mode::Ansi, &[b"", b"y\r"], None));
        assert!(!asked(Mode::Plain, &[], None));
        assert!(!asked(Mode::Ansi, &[], Some(1)));
        let output = &mut &Output::new(Terminal::typing(&[b"", b"y\x03"]), Mode::Ansi);
        let keys: Vec<_> = std::iter::from_fn(|| output.read_key()).collect();
        assert_eq!(keys, b"y\x03");
    }

    #[test]
    fn a_mode_takes_effect_at_the_next_prompt() {
        let terminal = Terminal::typing(&[]);
        let output = Output::new(terminal, Mode::Ansi);
        output.set_mode(Mode::Plain);
        output.write(b"still ansi\n");
        assert_eq!(output.switch_mode(), Mode::Plain);
        output.write(b"plain\n");
        assert_eq!(terminal.sent(), "still ansi\r\nplain\n");
    }
}
