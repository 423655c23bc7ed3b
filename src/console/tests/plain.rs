//! Plain mode, byte for byte.

use crate::console::testing::session;
use shell_cmds::context::Mode;

/// What is sent when `keys` are typed, up to where the terminal hangs up.
fn sent(keys: &str) -> String {
    let (terminal, _) = session(Mode::Plain, &[keys.as_bytes()]);
    terminal.sent().strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn text_is_echoed() {
    assert_eq!(
        sent("version\rls\r\nhelp\n"),
        "llext> version\nllext> ls\nllext> help\nllext> "
    );
    assert_eq!(sent("é€\r"), "llext> é€\nllext> ");
}

#[test]
fn backspace_rubs_out() {
    assert_eq!(
        sent("ab\x7fc\x08\r"),
        "llext> ab\x08 \x08c\x08 \x08\nllext> "
    );
    assert_eq!(sent("\x7f\x08a"), "llext> a");
    assert_eq!(sent("é\x7fa"), "llext> é\x08 \x08a");
    assert_eq!(
        session(Mode::Plain, &[b"verr\x7fsion\r"]).1.ran,
        ["version"]
    );
}

#[test]
fn a_line_is_killed_by_rubbing_it_out() {
    assert_eq!(
        sent("abc\x15ls\r"),
        "llext> abc\x08 \x08\x08 \x08\x08 \x08ls\nllext> "
    );
}

#[test]
fn interrupt_and_end_of_input() {
    assert_eq!(sent("abc\x03ls"), "llext> abc^C\nllext> ls");
    let (terminal, commands) = session(Mode::Plain, &[b"ls\x04\r\x04version\r"]);
    assert_eq!(terminal.sent(), "llext> ls\nllext> \n");
    assert_eq!(commands.ran, ["ls"]);
}

#[test]
fn keys_that_move_mean_nothing() {
    assert_eq!(
        sent("ls\x1b[A\x1b[D\x1bOH\x01\x0c\x10\x1b[3~ /\r"),
        "llext> ls /\nllext> "
    );
}

#[test]
fn tab_completes_at_the_end() {
    assert_eq!(sent("ver\t\r"), "llext> version \nllext> ");
    assert_eq!(
        sent("llext l\to\t\r"),
        "llext> llext l\nlist  load\nllext> llext load \nllext> "
    );
    assert_eq!(
        sent("llext load /\tc\t\r"),
        "llext> llext load /ext/calc.elf \nllext> "
    );
    assert_eq!(sent("nonsense\t\r"), "llext> nonsense\nllext> ");
}

#[test]
fn there_is_not_one_escape_code() {
    let keys: String = (0u8..0x80)
        .map(|byte| format!("ls {} x\t\r", char::from(byte)))
        .collect();
    assert!(!sent(&keys).contains('\x1b') && !sent(&keys).contains('\x07'));
}

#[test]
fn modes_can_be_switched_between_lines() {
    use crate::console::{Output, commands::Commands, shell::run, testing::Terminal};
    use shell_cmds::Candidate;

    /// A command that does as `term` does.
    struct Term(&'static Output);
    impl Commands for Term {
        fn execute(&mut self, line: &str) {
            self.0.set_mode(if line == "plain" {
                Mode::Plain
            } else {
                Mode::Ansi
            });
            self.0.write(b"done\n");
        }
        fn complete(&mut self, _: &str, _: usize, _: &mut dyn FnMut(Candidate<'_>)) -> usize {
            0
        }
    }

    let terminal = Terminal::typing(&[
        b"plain\r",
        b"ab\x7f\x15ansi\r",
        b"ab",
        b"\x7f",
        b"\x15plain",
    ]);
    let output: &Output = Box::leak(Box::new(Output::new(terminal, Mode::Ansi)));
    run(terminal, output, &mut Term(output));
    assert_eq!(
        terminal.sent(),
        "llext> plain\r\ndone\r\nllext> ab\x08 \x08\x08 \x08ansi\ndone\nllext> ab\x08\x1b[K\x08plain\r\n"
    );
}
