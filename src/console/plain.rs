//! Reading a line in plain mode: for pipes, scripts and terminals that know nothing but text.
//!
//! What is typed is echoed, Backspace rubs out, Tab completes at the end of the line. No escape code is
//! ever sent; keys that would need one, and the history with them, mean nothing here.

use super::{
    Output,
    commands::Commands,
    complete::{self, Completion},
    input::Input,
    keys::Key,
    line::{Entered, Line},
    view::PROMPT,
};

/// Reads a line into `line`.
pub fn read(
    input: &mut Input<'_>,
    output: &Output,
    line: &mut Line,
    commands: &mut dyn Commands,
) -> Entered {
    line.clear();
    output.fresh_line();
    output.write(PROMPT.as_bytes());
    let entered = loop {
        match input.next() {
            Err(_) => break Entered::End,
            Ok(None) => {}
            Ok(Some(key)) => {
                if let Some(entered) = press(key, output, line, commands) {
                    break entered;
                }
            }
        }
    };
    output.write(if entered == Entered::Interrupted {
        b"^C\n"
    } else {
        b"\n"
    });
    entered
}

/// Does what `key` asks for; how the line ends if the key ends it.
fn press(
    key: Key,
    output: &Output,
    line: &mut Line,
    commands: &mut dyn Commands,
) -> Option<Entered> {
    match line.admit(key)? {
        Key::Enter if line.too_long() => return Some(Entered::TooLong),
        Key::Enter => return Some(Entered::Line),
        Key::Interrupt => return Some(Entered::Interrupted),
        Key::EndOfInput if line.text().is_empty() => return Some(Entered::End),
        Key::Char(c) => append(c.encode_utf8(&mut [0; 4]), output, line),
        Key::Backspace if line.pop() => rub_out(output),
        Key::KillLine => {
            while line.pop() {
                rub_out(output);
            }
        }
        Key::Tab => complete(output, line, commands),
        _ => {}
    }
    None
}

fn append(text: &str, output: &Output, line: &mut Line) {
    line.replace_tail(text);
    output.write(text.as_bytes());
}

fn rub_out(output: &Output) {
    output.write(b"\x08 \x08");
}

fn complete(output: &Output, line: &mut Line, commands: &mut dyn Commands) {
    let found = Completion::find(line, commands);
    if found.ambiguous && found.insert.is_empty() {
        output.write(b"\n");
        complete::list(&found, line, commands, output);
        output.write(PROMPT.as_bytes());
        output.write(line.text().as_bytes());
    } else {
        for c in found.insert.chars().chain(found.done.then_some(' ')) {
            if line.admit(Key::Char(c)).is_some() {
                append(c.encode_utf8(&mut [0; 4]), output, line);
            }
        }
    }
}
