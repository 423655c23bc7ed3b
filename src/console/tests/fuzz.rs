//! Whatever comes in, the shell goes on.

use crate::console::testing::session;
use shell_cmds::context::Mode;

/// xorshift64: the same bytes in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }
}

/// What is more likely to break an editor than plain noise.
const PIECES: &[&[u8]] = &[
    b"llext ",
    b"load ",
    b"/ext/h",
    b"version",
    b" ",
    b"x",
    "é".as_bytes(),
    "€".as_bytes(),
    "🦀".as_bytes(),
    b"\t",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b"\x03",
    b"\x7f",
    b"\x08",
    b"\x01",
    b"\x02",
    b"\x05",
    b"\x06",
    b"\x0b",
    b"\x0c",
    b"\x0e",
    b"\x10",
    b"\x14",
    b"\x15",
    b"\x17",
    b"\x1b",
    b"\x1b[",
    b"\x1bO",
    b"\x1b[A",
    b"\x1b[B",
    b"\x1b[C",
    b"\x1b[D",
    b"\x1b[H",
    b"\x1b[F",
    b"\x1b[3~",
    b"\x1b[1;5D",
    b"\x1b[1;5C",
    b"\x1bd",
    b"\x1b[R",
    b"\x1b[1;2R",
    b"\x1b[0;0R",
    b"\x1b[24;80R",
    b"\x1b]0;",
    b"\xff",
    b"\xc3",
    b"\x00",
    b"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
];

/// Noise without Ctrl-D, which may well end the session.
fn noise(random: &mut Random) -> Vec<u8> {
    let pieces = random.below(60);
    let mut bytes = Vec::new();
    for _ in 0..pieces {
        match random.below(4) {
            0 => bytes.push(random.below(256) as u8),
            _ => bytes.extend_from_slice(random.pick(PIECES)),
        }
    }
    bytes.retain(|&byte| byte != 0x04);
    bytes
}

/// Gives `session` so many rounds of noise, each in a mode of its own and with a line end and `version` after it.
pub fn noise_in(rounds: usize, mut session: impl FnMut(Mode, &[&[u8]])) {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..rounds {
        let mode = if round % 4 == 0 {
            Mode::Plain
        } else {
            Mode::Ansi
        };
        let bytes = noise(&mut random);
        let (now, later) = bytes.split_at(random.below(bytes.len() + 1));
        session(mode, &[now, later, b"\rversion\r"]);
    }
}

/// In a debug build the reader also asserts that its line is noline's.
#[test]
fn noise_never_stops_the_shell() {
    noise_in(4000, |mode, keys| {
        let (terminal, commands) = session(mode, keys);
        let typed = String::from_utf8_lossy(&keys.concat()).into_owned();
        assert_eq!(
            commands.ran.last().map(String::as_str),
            Some("version"),
            "{mode:?} {typed:?}"
        );
        if mode == Mode::Ansi {
            let screen = terminal.seen();
            assert!(screen.ends_with("\nllext> |"), "{screen:?} after {typed:?}");
        }
    });
}
