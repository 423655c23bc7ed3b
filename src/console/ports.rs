//! One console at several ports: what is printed goes to all, and keys come from each.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

use super::{Incoming, Port};

/// How long a line that was begun at one port keeps the others waiting after its last key, in milliseconds: programs that
/// type lines at two ports at once then do not type into each other's.
const TURN_MS: u32 = 500;

/// What the ports need of the machine.
#[derive(Clone, Copy)]
pub struct Wait {
    /// Sleeps until the function says so; if the first argument is true, somebody has to look now and then.
    pub sleep_until: fn(bool, &dyn Fn() -> bool),
    /// Milliseconds since some point in the past; wraps.
    pub now_ms: fn() -> u32,
}

/// Some [`Port`]s that are one. Keys are taken line by line: who has begun a line goes on.
pub struct Ports {
    ports: &'static [&'static dyn Port],
    wait: Wait,
    /// Where the last key came from.
    last: AtomicUsize,
    /// It was not the end of a line,
    mid_line: AtomicBool,
    /// and came at this time.
    since: AtomicU32,
    /// There is no other port now.
    alone: AtomicBool,
}

impl Ports {
    /// All of `ports`.
    pub const fn new(ports: &'static [&'static dyn Port], wait: Wait) -> Self {
        Self {
            ports,
            wait,
            last: AtomicUsize::new(0),
            mid_line: AtomicBool::new(false),
            since: AtomicU32::new(0),
            alone: AtomicBool::new(false),
        }
    }

    /// The port of the last key.
    fn current(&self) -> Option<&'static dyn Port> {
        self.ports.get(self.last.load(Relaxed)).copied()
    }

    /// Those that are in use.
    fn used(&self) -> impl Iterator<Item = &'static dyn Port> {
        let (last, alone) = (self.last.load(Relaxed), self.alone.load(Relaxed));
        let ports = self.ports.iter().copied().enumerate();
        ports.filter_map(move |(index, port)| (!alone || index == last).then_some(port))
    }

    /// The port whose turn it is, of those that have something.
    fn next(&self) -> Option<(usize, &'static dyn Port)> {
        let last = self.last.load(Relaxed);
        let after = usize::from(!self.mid_line.load(Relaxed));
        let count = self.ports.len();
        let mut turns = (0..count).filter_map(|turn| {
            let index = (last + after + turn) % count;
            self.ports.get(index).map(|port| (index, *port))
        });
        let found = turns.find(|(_, port)| port.ready());
        found.filter(|(index, _)| *index == last || !self.is_taken())
    }

    /// Waits until `ready` says so; false if it does not within `timeout_ms`.
    fn happens(&self, ready: &dyn Fn() -> bool, timeout_ms: u32) -> bool {
        // The clock costs more than a byte.
        if !ready() {
            let start = (self.wait.now_ms)();
            let is_over = || (self.wait.now_ms)().wrapping_sub(start) >= timeout_ms;
            (self.wait.sleep_until)(true, &|| ready() || is_over());
        }
        ready()
    }

    /// Whether the line that was begun keeps other ports waiting.
    fn is_taken(&self) -> bool {
        let silent = (self.wait.now_ms)().wrapping_sub(self.since.load(Relaxed));
        self.mid_line.load(Relaxed) && silent < TURN_MS
    }
}

impl Port for Ports {
    fn read(&self, into: &mut [u8]) -> usize {
        (self.wait.sleep_until)(self.is_polled(), &|| self.ready());
        let Some((index, port)) = self.next() else {
            return 0;
        };
        let count = port.read(into);
        let end = into.get(..count).and_then(<[u8]>::last);
        self.last.store(index, Relaxed);
        self.mid_line
            .store(!matches!(end, Some(b'\r' | b'\n' | 0x03)), Relaxed);
        self.since.store((self.wait.now_ms)(), Relaxed);
        count
    }

    fn ready(&self) -> bool {
        self.next().is_some()
    }

    fn write(&self, bytes: &[u8]) {
        self.used().for_each(|port| port.write(bytes));
    }

    fn write_raw(&self, bytes: &[u8]) {
        if let Some(port) = self.current() {
            port.write(bytes);
        }
    }

    fn read_within(&self, into: &mut [u8], timeout_ms: u32) -> usize {
        let Some(port) = self.current() else {
            return 0;
        };
        if self.happens(&|| port.ready(), timeout_ms) {
            port.read(into)
        } else {
            0
        }
    }

    fn peek_within(&self, index: usize, timeout_ms: u32) -> Option<u8> {
        let port = self.current()?;
        self.happens(&|| port.peek_within(index, 0).is_some(), timeout_ms);
        port.peek_within(index, 0)
    }

    fn set_input(&self, input: Incoming) {
        let last = self.last.load(Relaxed);
        for (index, port) in self.ports.iter().enumerate() {
            port.set_input(match input {
                Incoming::Frames if index != last => Incoming::Nothing,
                _ => input,
            });
        }
        self.alone.store(input == Incoming::Frames, Relaxed);
    }

    fn take_interrupt(&self) -> bool {
        self.used().any(|port| port.take_interrupt())
    }

    fn broken(&self) -> bool {
        self.current().is_some_and(|port| port.broken())
    }

    fn is_polled(&self) -> bool {
        // A line that keeps others waiting ends without an interrupt, too.
        self.ports.len() > 1 || self.ports.iter().any(|port| port.is_polled())
    }

    fn poll(&self) -> bool {
        let polled = self.ports.iter().map(|port| port.poll());
        polled.fold(false, |any, full| any | full)
    }

    fn drop_excess(&self) {
        let full = self.ports.iter().filter(|port| port.poll());
        full.for_each(|port| port.drop_excess());
    }

    fn losses(&self) -> u32 {
        let losses = self.ports.iter().map(|port| port.losses());
        losses.fold(0, u32::wrapping_add)
    }

    fn unread(&self) -> u32 {
        let unread = self.ports.iter().map(|port| port.unread());
        unread.fold(0, u32::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use shell_cmds::context::{Console, Mode};

    use super::*;
    use crate::console::{Output, testing::Terminal};

    thread_local! {
        static NOW: Cell<u32> = const { Cell::new(0) };
    }

    const WAIT: Wait = Wait {
        // Nobody else moves the clock: what is not ready becomes so when the turn is over.
        sleep_until: |_, ready| {
            while !ready() {
                NOW.set(NOW.get() + 1);
            }
        },
        now_ms: || NOW.get(),
    };

    fn ports(of: &[&'static Terminal]) -> Ports {
        let ports: Vec<&'static dyn Port> = of.iter().map(|&port| port as _).collect();
        Ports::new(ports.leak(), WAIT)
    }

    fn read(ports: &Ports, count: usize) -> String {
        let mut byte = [0];
        let bytes = (0..count).map(|_| {
            assert_eq!(ports.read(&mut byte), 1);
            byte[0]
        });
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn lines_of_two_hosts_do_not_mix() {
        let ports = ports(&[
            Terminal::typing(&[b"one\rthree\r"]),
            Terminal::typing(&[b"two\rfour\r"]),
        ]);
        // The first turn is the second port's, as if the first had had one.
        assert_eq!(read(&ports, 19), "two\rone\rfour\rthree\r");
        assert!(!ports.ready());
    }

    #[test]
    fn a_line_that_nobody_ends_keeps_others_waiting_for_a_while() {
        let ports = ports(&[Terminal::typing(&[b"one\r"]), Terminal::typing(&[b"tw"])]);
        assert_eq!(read(&ports, 2), "tw");
        let before = NOW.get();
        assert!(!ports.ready());
        assert_eq!(read(&ports, 4), "one\r");
        assert_eq!(NOW.get() - before, TURN_MS);
    }

    #[test]
    fn all_ports_see_what_is_written() {
        let (one, two) = (Terminal::typing(&[]), Terminal::typing(&[]));
        ports(&[one, two]).write(b"text");
        assert_eq!([one.sent(), two.sent()], ["text", "text"]);
    }

    #[test]
    fn a_question_is_answered_by_whoever_is_there() {
        // The host that the command came from has gone.
        let hosts = [Terminal::typing(&[b"go\r"]), Terminal::typing(&[])];
        let ports: &'static Ports = Box::leak(Box::new(ports(&hosts)));
        assert_eq!(read(ports, 3), "go\r");
        let output = &Output::new(ports, Mode::Ansi);
        assert!(output.has_reader());
        output.write(b"sure? ");
        assert_eq!(hosts.map(Terminal::sent), ["sure? ", "sure? "]);
        let late: [&dyn Port; 2] = [hosts[0], Terminal::typing(&[b"\x03"])];
        let ports: &'static Ports = Box::leak(Box::new(Ports::new(late.to_vec().leak(), WAIT)));
        assert_eq!((&Output::new(ports, Mode::Ansi)).read_key(), Some(3));
    }

    #[test]
    fn an_interrupt_is_found_at_each_port() {
        let ports = ports(&[Terminal::typing(&[]), Terminal::typing(&[b"a\x03b"])]);
        assert!(ports.take_interrupt() && !ports.take_interrupt());
        assert_eq!(read(&ports, 2), "ab");
    }
}
