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

/// So many pieces of noise, without Ctrl-D, which may well end the session.
fn noise(random: &mut Random, pieces: usize) -> Vec<Vec<u8>> {
    let pieces = (0..pieces).map(|_| match random.below(4) {
        0 => vec![random.below(256) as u8],
        _ => random.pick(PIECES).to_vec(),
    });
    pieces.filter(|piece| piece != b"\x04").collect()
}

fn noise_up_to(random: &mut Random, limit: usize) -> Vec<Vec<u8>> {
    let pieces = random.below(limit);
    noise(random, pieces)
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
        let bytes = noise_up_to(&mut random, 60).concat();
        let (now, later) = bytes.split_at(random.below(bytes.len() + 1));
        session(mode, &[now, later, b"\rversion\r"]);
    }
}

/// In a debug build the reader also asserts that its line is noline's.
#[test]
fn noise_never_stops_the_shell() {
    noise_in(2000, |mode, keys| {
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

#[test]
fn a_long_session_is_no_different() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for mode in [Mode::Ansi, Mode::Ansi, Mode::Plain] {
        let (_, commands) = session(
            mode,
            &[&noise(&mut random, 20_000).concat(), b"\rversion\r"],
        );
        assert!(commands.ran.len() > 200, "{}", commands.ran.len());
        assert_eq!(commands.ran.last().map(String::as_str), Some("version"));
    }
}

#[test]
fn an_early_end_of_input_ends_no_more_than_the_session() {
    let mut random = Random(0xd1b5_4a32_d192_ed03);
    for _ in 0..500 {
        let mut pieces = noise_up_to(&mut random, 20);
        pieces.resize(pieces.len() + 5, b"\x04".to_vec());
        let at = random.below(pieces.len());
        pieces.rotate_left(at);
        session(Mode::Ansi, &[&pieces.concat()]);
    }
}

#[test]
fn how_keys_are_cut_into_parts_makes_no_difference_on_the_screen() {
    let mut random = Random(0x853c_49e6_748f_ea9b);
    for _ in 0..500 {
        let mut pieces = noise_up_to(&mut random, 25);
        // What a line scrolled out of the window shows depends on the way there. And vt100 shows nothing
        // for U+FFFD, and two columns for a crab.
        pieces.retain(|piece| {
            piece.len() < 20 && std::str::from_utf8(piece).is_ok_and(|text| text != "🦀")
        });
        let parts: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let at_once = session(Mode::Ansi, &[&pieces.concat()]).0.seen();
        assert_eq!(
            session(Mode::Ansi, &parts).0.seen(),
            at_once,
            "{:?}",
            String::from_utf8_lossy(&pieces.concat())
        );
    }
}
