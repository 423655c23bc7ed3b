//! What the console's tests share: terminals that are not there, and commands that do little.

use std::{collections::VecDeque, sync::Mutex};

use shell_cmds::{Candidate, context::Mode};

use super::{Output, Port, commands::Commands, shell::run};

/// A person at a terminal: types what the test says, and sees what the `vt100` crate makes of the output.
///
/// At the end of what there is to type it hangs up.
pub struct Terminal(Mutex<State>);

struct State {
    /// What is still to be typed; a part is there at once, the next one when the shell waits for it.
    keys: VecDeque<VecDeque<u8>>,
    screen: vt100::Parser,
    bytes: Vec<u8>,
    /// The screen when the shell waited for more than there was.
    seen: Option<String>,
}

impl Terminal {
    /// A terminal of 24 rows and 80 columns at which `keys` are typed.
    pub fn typing(keys: &[&[u8]]) -> &'static Self {
        let keys = keys
            .iter()
            .map(|part| part.iter().copied().collect())
            .collect();
        let state = State {
            keys,
            screen: vt100::Parser::default(),
            bytes: Vec::new(),
            seen: None,
        };
        // As long-lived as a driver.
        Box::leak(Box::new(Self(Mutex::new(state))))
    }

    /// The screen when everything was typed, without the rows and columns after the last text; the cursor is a `|`.
    pub fn seen(&self) -> String {
        let state = self.0.lock().unwrap();
        state.seen.clone().unwrap_or_else(|| state.draw())
    }

    /// Every byte that the shell sent.
    pub fn sent(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().bytes.clone()).unwrap()
    }
}

impl State {
    fn draw(&self) -> String {
        let screen = self.screen.screen();
        let (row, column) = screen.cursor_position();
        let mut rows: Vec<String> = screen.rows(0, 80).collect();
        let at = &mut rows[usize::from(row)];
        let mut chars: Vec<char> = at.chars().collect();
        chars.resize(chars.len().max(usize::from(column)), ' ');
        chars.insert(usize::from(column), '|');
        *at = chars.into_iter().collect();
        let rows: Vec<&str> = rows.iter().map(|row| row.trim_end()).collect();
        rows.join("\n").trim_end().to_owned()
    }
}

impl Port for Terminal {
    fn read(&self, into: &mut [u8]) -> usize {
        let mut state = self.0.lock().unwrap();
        while state.keys.front().is_some_and(VecDeque::is_empty) {
            state.keys.pop_front();
        }
        if state.keys.is_empty() {
            let seen = state.draw();
            state.seen.get_or_insert(seen);
        }
        match state.keys.front_mut().and_then(VecDeque::pop_front) {
            Some(byte) => {
                into[0] = byte;
                1
            }
            None => 0,
        }
    }

    fn ready(&self) -> bool {
        self.0
            .lock()
            .unwrap()
            .keys
            .front()
            .is_some_and(|part| !part.is_empty())
    }

    fn write(&self, bytes: &[u8]) {
        let mut state = self.0.lock().unwrap();
        state.bytes.extend_from_slice(bytes);
        state.screen.process(bytes);
    }

    fn take_interrupt(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        let Some(part) = state.keys.front_mut() else {
            return false;
        };
        let place = part.iter().position(|&byte| byte == 3);
        place.and_then(|place| part.remove(place)).is_some()
    }

    fn losses(&self) -> u32 {
        0
    }
}

/// Commands that only say that they ran, and a few words to complete.
#[derive(Default)]
pub struct StandIn {
    /// The lines that were run.
    pub ran: Vec<String>,
}

/// What can follow what: the words of a line so far, and the candidates after them.
const WORDS: &[(&str, &[&str])] = &[
    ("", &["help", "llext", "ls", "version"]),
    ("llext", &["call", "list", "load", "unload"]),
    (
        "llext load",
        &["/ext/", "/ext/calc.elf", "/ext/hello.elf", "/ext/help.elf"],
    ),
    ("llext call", &["calc", "hello"]),
    ("llext call hello", &["hello_world"]),
    (
        "ls",
        &["/ext/", "/ext/calc.elf", "/ext/hello.elf", "/ext/help.elf"],
    ),
];

impl Commands for StandIn {
    fn execute(&mut self, line: &str) {
        self.ran.push(line.to_owned());
    }

    fn complete(
        &mut self,
        line: &str,
        cursor: usize,
        each: &mut dyn FnMut(Candidate<'_>),
    ) -> usize {
        let typed = &line[..cursor];
        let start = typed.rfind(' ').map_or(0, |space| space + 1);
        let words = WORDS
            .iter()
            .find(|(before, _)| *before == typed[..start].trim_end());
        for text in words.map_or(&[][..], |(_, words)| words) {
            let below = text.strip_prefix(&typed[start..]);
            // A directory's files are candidates once it is typed.
            let shown = text.ends_with('/')
                || !text.starts_with('/')
                || typed[start..].starts_with("/ext/");
            if below.is_some_and(|rest| shown && !(rest.is_empty() && text.ends_with('/'))) {
                each(Candidate {
                    text,
                    done: !text.ends_with('/'),
                });
            }
        }
        start
    }
}

/// A session in which `keys` are typed; each part is there only when the shell waits for it.
pub fn session(mode: Mode, keys: &[&[u8]]) -> (&'static Terminal, StandIn) {
    let terminal = Terminal::typing(keys);
    let mut commands = StandIn::default();
    run(terminal, &Output::new(terminal, mode), &mut commands);
    (terminal, commands)
}

/// What a person sees who typed `parts` one after the other in ansi mode.
pub fn seen(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    session(Mode::Ansi, &parts).0.seen()
}

/// The lines that are run when `keys` come at once.
pub fn ran(mode: Mode, keys: &str) -> Vec<String> {
    session(mode, &[keys.as_bytes()]).1.ran
}
