//! Lines as they come: pasted, typed ahead, with any line end, too long, in bits and pieces.

use crate::console::testing::{ran, seen, session};
use shell_cmds::context::Mode;

const MODES: [Mode; 2] = [Mode::Ansi, Mode::Plain];

#[test]
fn a_paste_loses_nothing_whatever_its_line_ends_are() {
    for mode in MODES {
        for end in ["\r", "\n", "\r\n"] {
            let paste = ["ls /", "llext list", "", "version"]
                .map(|line| format!("{line}{end}"))
                .concat();
            assert_eq!(
                ran(mode, &paste),
                ["ls /", "llext list", "version"],
                "{mode:?} {end:?}"
            );
        }
    }
}

#[test]
fn a_pasted_line_is_echoed_once() {
    let expected = "llext> ls /\nllext> llext list\nllext> vers|";
    assert_eq!(seen(&["ls /\r\nllext list\r\nvers"]), expected);
    assert_eq!(seen(&["l", "s /\r", "\nllext li", "st\nvers"]), expected);
    let (terminal, _) = session(Mode::Ansi, &[b"ls /\nhelp\n"]);
    assert_eq!(terminal.sent(), "llext> ls /\r\nllext> help\r\nllext> \r\n");
}

#[test]
fn four_kilobytes_at_once() {
    let lines: Vec<String> = (0..64)
        .map(|n| format!("command {n:02} {}", "x".repeat(52)))
        .collect();
    let paste = lines
        .iter()
        .map(|line| format!("{line}\r"))
        .collect::<String>();
    assert!(paste.len() >= 4096);
    for mode in MODES {
        assert_eq!(ran(mode, &paste), lines);
    }
}

#[test]
fn blank_lines_and_comments_run_nothing() {
    for mode in MODES {
        assert_eq!(
            ran(mode, "\r   \r# a comment\r  # one more\r ls \r"),
            ["ls"]
        );
    }
}

#[test]
fn a_line_may_have_255_bytes_and_no_more() {
    let fits = "x".repeat(255);
    let error = "error: line: longer than 255 bytes";
    for mode in MODES {
        let (terminal, commands) = session(mode, &[format!("{fits}\r{fits}y\rls\r").as_bytes()]);
        assert_eq!(commands.ran, [fits.clone(), "ls".to_owned()]);
        assert_eq!(terminal.sent().matches(error).count(), 1, "{mode:?}");
        // Characters that came in excess can be taken back, like all others.
        let taken_back = format!("{fits}yz\x7f\x7f\x7f\r{fits}y\x15ls\r{fits}y\x03");
        let (terminal, commands) = session(mode, &[taken_back.as_bytes()]);
        assert_eq!(commands.ran, ["x".repeat(254), "ls".to_owned()]);
        assert!(!terminal.sent().contains(error));
    }
}

#[test]
fn characters_of_several_bytes_count_as_such() {
    let fits = format!("{}é", "x".repeat(253));
    for mode in MODES {
        let (terminal, commands) = session(mode, &[format!("{fits}\rx{fits}\r").as_bytes()]);
        assert_eq!(commands.ran, std::slice::from_ref(&fits));
        assert!(
            terminal
                .sent()
                .contains("error: line: longer than 255 bytes")
        );
    }
}

#[test]
fn a_stray_escape_does_not_swallow_a_line() {
    for mode in MODES {
        for start in ["\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\x1b]11;rgb", "\x1bP"] {
            assert_eq!(
                ran(mode, &format!("ls{start}\rversion\r")),
                ["ls", "version"],
                "{start:?}"
            );
        }
    }
}

#[test]
fn what_terminals_report_is_no_text() {
    let reports =
        "\x1b[R\x1b[1;2R\x1b[24;80R\x1b[0;0R\x1b[?62;1;6c\x1b]11;rgb:0/0/0\x1b\\\x1b[I\x1b[200~";
    for mode in MODES {
        assert_eq!(
            ran(mode, &format!("{reports}ver{reports}sion{reports}\r")),
            ["version"]
        );
    }
}

#[test]
fn the_terminal_is_asked_nothing() {
    let (terminal, _) = session(
        Mode::Ansi,
        &[
            b"ls\t\t\x1b[A\x1b[Dabc\x0c\rversion\r",
            b"\t\t\t",
            b"\x03x\r",
        ],
    );
    let sent = terminal.sent();
    for question in ["\x1b[6n", "\x1b[5n", "\x1b[c", "\x1b[?6n", "\x1b7", "\x1b["] {
        let asked = sent.match_indices(question).filter(|(at, _)| {
            let rest = &sent[at + 2..];
            let last = rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?')
                .chars()
                .next();
            question != "\x1b[" || matches!(last, Some('n' | 'c'))
        });
        assert_eq!(asked.count(), 0, "{question:?} in {sent:?}");
    }
}
