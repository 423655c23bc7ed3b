//! One test an editing key, in the words of the screen: `|` is the cursor.

use crate::console::testing::{seen, session};
use shell_cmds::context::Mode;

const LEFT: &str = "\x1b[D";

/// What stands on the screen when `keys` come one by one.
fn typed(keys: &[&str]) -> String {
    let screen = seen(keys);
    // However keys are cut into parts, a person ends up with the same screen.
    assert_eq!(screen, seen(&[&keys.concat()]));
    screen
}

#[test]
fn text_appears_as_it_is_typed() {
    assert_eq!(typed(&["v", "e", "r"]), "llext> ver|");
    assert_eq!(typed(&["hé€"]), "llext> hé€|");
}

#[test]
fn text_is_sent_once_and_alone() {
    let (terminal, _) = session(Mode::Ansi, &[b"v", b"e", b"r\r"]);
    assert_eq!(terminal.sent(), "llext> ver\r\nllext> \r\n");
}

#[test]
fn left_and_right() {
    assert_eq!(typed(&["abc", LEFT]), "llext> ab|c");
    assert_eq!(typed(&["abc", "\x1bOD", "\x02"]), "llext> a|bc");
    assert_eq!(typed(&["abc", LEFT, LEFT, "\x1b[C"]), "llext> ab|c");
    assert_eq!(
        typed(&["abc", LEFT, LEFT, "\x1bOC", "\x06", "\x06"]),
        "llext> abc|"
    );
    assert_eq!(typed(&["a", LEFT, LEFT, LEFT]), "llext> |a");
    assert_eq!(typed(&["ac", LEFT, "b"]), "llext> ab|c");
}

#[test]
fn home_and_end() {
    for home in ["\x01", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"] {
        assert_eq!(typed(&["abc", home]), "llext> |abc");
        for end in ["\x05", "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"] {
            assert_eq!(typed(&["abc", home, end]), "llext> abc|");
        }
    }
}

#[test]
fn by_words() {
    for left in ["\x1b[1;5D", "\x1bb", "\x1bOd"] {
        assert_eq!(
            typed(&["load /ext/a.elf", left, left]),
            "llext> load /ext/|a.elf"
        );
    }
    for right in ["\x1b[1;5C", "\x1bf", "\x1bOc"] {
        assert_eq!(
            typed(&["load /ext/a.elf", "\x01", right, right]),
            "llext> load /ext|/a.elf"
        );
    }
}

#[test]
fn backspace_and_delete() {
    for backspace in ["\x7f", "\x08"] {
        assert_eq!(typed(&["abc", backspace]), "llext> ab|");
        assert_eq!(typed(&["abc", LEFT, backspace]), "llext> a|c");
        assert_eq!(typed(&["a", backspace, backspace]), "llext> |");
    }
    for delete in ["\x1b[3~", "\x04"] {
        assert_eq!(typed(&["abc", LEFT, LEFT, delete]), "llext> a|c");
        assert_eq!(typed(&["abc", delete]), "llext> abc|");
    }
    assert_eq!(
        typed(&["\x1b[3~"]),
        "llext> |",
        "Delete on an empty line is no Ctrl-D"
    );
}

#[test]
fn kills() {
    assert_eq!(typed(&["abc def", LEFT, "\x0b"]), "llext> abc de|");
    assert_eq!(typed(&["abc def", LEFT, "\x15"]), "llext> |");
    assert_eq!(typed(&["abc def", "\x17"]), "llext> abc |");
    assert_eq!(typed(&["abc def", "\x1b\x7f"]), "llext> abc |");
    assert_eq!(typed(&["abc def", "\x01", "\x1bd"]), "llext> | def");
}

#[test]
fn transpose() {
    assert_eq!(typed(&["lsit", LEFT, LEFT, "\x14"]), "llext> lis|t");
    assert_eq!(typed(&["heap", "\x14"]), "llext> hepa|");
    assert_eq!(typed(&["a", "\x14"]), "llext> a|");
    assert_eq!(typed(&["\x14"]), "llext> |");
    assert_eq!(typed(&["ab", "\x01", "\x14"]), "llext> |ab");
}

#[test]
fn clear_screen_keeps_the_line() {
    assert_eq!(typed(&["\r\rabc", LEFT, "\x0c"]), "llext> ab|c");
    assert_eq!(typed(&["\r\rabc", LEFT, "\x0c", "X"]), "llext> abX|c");
}

#[test]
fn interrupt_drops_the_line() {
    let (terminal, commands) = session(Mode::Ansi, &[b"abc", b"\x1b[D", b"\x03", b"ls\r"]);
    assert_eq!(terminal.seen(), "llext> abc^C\nllext> ls\nllext> |");
    assert_eq!(commands.ran, ["ls"]);
}

#[test]
fn end_of_input_ends_the_session_on_an_empty_line_only() {
    let (terminal, commands) = session(Mode::Ansi, &[b"ls\x04\r\x04never\r"]);
    assert_eq!(commands.ran, ["ls"]);
    assert_eq!(terminal.sent(), "llext> ls\r\nllext> \r\n");
}

#[test]
fn history() {
    assert_eq!(
        typed(&["ls\r", "help\r", "\x1b[A"]),
        "llext> ls\nllext> help\nllext> help|"
    );
    assert_eq!(
        typed(&["ls\rhelp\r", "\x1bOA", "\x10"]),
        "llext> ls\nllext> help\nllext> ls|"
    );
    assert_eq!(
        typed(&["ls\rhelp\r", "\x1b[A", "\x1b[A", "\x1b[A", "\x1b[B"]),
        "llext> ls\nllext> help\nllext> help|"
    );
    assert_eq!(typed(&["ls\r", "\x1b[A", "\x1bOB"]), "llext> ls\nllext> |");
    assert_eq!(
        typed(&["help\r", "\x1b[A", LEFT, "\x7f"]),
        "llext> help\nllext> he|p"
    );
}

#[test]
fn history_gives_back_what_was_typed_before() {
    assert_eq!(typed(&["ls\r", "abc", "\x1b[A"]), "llext> ls\nllext> ls|");
    assert_eq!(
        typed(&["ls\r", "abc", "\x1b[A", "\x1b[B"]),
        "llext> ls\nllext> abc|"
    );
    assert_eq!(
        typed(&["ls\r", "abc", "\x1b[A", "\x1b[B", "\x1b[B", "d"]),
        "llext> ls\nllext> abcd|"
    );
    assert_eq!(
        typed(&["ls\r", "abc", "\x1b[A", "\x15", "\x1b[B"]),
        "llext> ls\nllext> abc|"
    );
}

#[test]
fn history_skips_blanks_and_repetitions() {
    let screen = typed(&["ls\r", "help\r", "help\r", "\r", "  \r", "\x1b[A", "\x1b[A"]);
    assert!(screen.ends_with("\nllext> ls|"), "{screen}");
}

#[test]
fn without_a_history_up_and_down_change_nothing() {
    assert_eq!(typed(&["\x1b[A", "abc", "\x1b[B", "\x1b[A"]), "llext> abc|");
}

#[test]
fn a_history_that_is_full_forgets_the_oldest() {
    let mut keys: Vec<String> = (0..100)
        .map(|n| format!("command {n} {}\r", "x".repeat(n % 40)))
        .collect();
    keys.extend((0..5).map(|_| "\x1b[A".to_owned()));
    let parts: Vec<&str> = keys.iter().map(String::as_str).collect();
    let expected = format!("\nllext> command 95 {}|", "x".repeat(95 % 40));
    assert!(seen(&parts).ends_with(&expected), "{}", seen(&parts));
}

#[test]
fn a_line_longer_than_the_screen_scrolls_sideways() {
    let long: String = ('a'..='z').cycle().take(150).collect();
    let screen = seen(&[&long]);
    assert!(
        screen.starts_with("llext> ") && !screen.contains('\n'),
        "{screen}"
    );
    let tail = screen
        .strip_prefix("llext> ")
        .unwrap()
        .strip_suffix('|')
        .unwrap();
    assert!(long.ends_with(tail) && tail.len() >= 30, "{screen}");
    assert_eq!(seen(&[&long, "\x01"]), format!("llext> |{}", &long[..72]));
    assert_eq!(
        seen(&[&long, "\x01", "X"]),
        format!("llext> X|{}", &long[..71])
    );
    // When it is entered, all of it stands there.
    let entered = seen(&[&long, "\x01", "\r"]);
    assert_eq!(
        entered,
        format!("llext> {}\n{}\nllext> |", &long[..73], &long[73..])
    );
    let killed = seen(&[&long, "\x1b[D\x1b[D", "\x15", "ls\r"]);
    assert_eq!(killed, "llext> ls\nllext> |");
}
