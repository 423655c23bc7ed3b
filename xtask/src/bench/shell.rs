//! Instructions that the shell takes for boot, load, call and unload.
//!
//! With `-icount shift=10` every instruction takes 1024 ns of the board's time, so the shell's own
//! `time` and `uptime` count instructions, to within one.

use std::env;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::NANOSECONDS;
use crate::board::Board;
use crate::firmware;
use crate::paths;

/// What is measured, and the command whose answer has the microseconds.
const ROWS: &[(&str, &str)] = &[
    ("boot to prompt", "uptime"),
    (
        "`llext load /ext/hello.elf`",
        "time llext load /ext/hello.elf",
    ),
    (
        "`llext call hello hello_world`",
        "time llext call hello hello_world",
    ),
    ("`llext unload hello`", "time llext unload hello"),
];

/// Instructions of every row on every board, as a table.
///
/// # Errors
/// Something does not build or run.
pub fn table(boards: &[Board]) -> Result<String> {
    let columns = boards.iter().map(measure).collect::<Result<Vec<_>>>()?;
    rows(boards, &columns)
}

/// Instructions of every row on `board`.
fn measure(board: &Board) -> Result<Vec<u64>> {
    let mut console = Console::start(board, &firmware::build(board)?)?;
    let rows = ROWS.iter();
    let counts = rows.map(|(_, command)| console.count(command)).collect();
    console.end()?;
    counts
}

/// A run with instructions counted.
///
/// Every command is typed at its prompt: typed ahead, its bytes would interrupt the one before and
/// count with it.
pub(super) struct Console {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Console {
    /// Starts `firmware` on a fresh image.
    pub(super) fn start(board: &Board, firmware: &Path) -> Result<Console> {
        let image = paths::target()
            .join("bench")
            .join(format!("{}.img", board.name));
        let mut child = Command::new(env::current_exe()?)
            .args([
                "run",
                "--board",
                &board.name,
                "--icount",
                "--fresh",
                "--image",
            ])
            .arg(image)
            .arg("--firmware")
            .arg(firmware)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("no pipe")?;
        let stdout = child.stdout.take().context("no pipe")?;
        let mut console = Console {
            child,
            stdin,
            stdout,
        };
        console.answer()?;
        Ok(console)
    }

    /// Types a command, and returns what it prints.
    pub(super) fn run(&mut self, command: &str) -> Result<String> {
        writeln!(self.stdin, "{command}")?;
        self.answer()
    }

    /// The instructions that the time in the answer to `command` stands for.
    pub(super) fn count(&mut self, command: &str) -> Result<u64> {
        let answer = self.run(command)?;
        microseconds(&answer)
            .map(|us| us * 1000 / NANOSECONDS)
            .with_context(|| format!("no time for `{command}` in: {answer}"))
    }

    /// What comes before the next prompt.
    fn answer(&mut self) -> Result<String> {
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"llext> ") {
            if self.stdout.read(&mut byte)? == 0 {
                bail!("the run ended after: {}", String::from_utf8_lossy(&answer));
            }
            answer.extend(byte);
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Ends the run.
    pub(super) fn end(mut self) -> Result<()> {
        // Its end of input ends the run.
        drop(self.stdin);
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the run ended with {status}");
        }
        Ok(())
    }
}

/// The number before the last ` us`.
fn microseconds(answer: &str) -> Option<u64> {
    let before = answer.rsplit_once(" us")?.0;
    before.rsplit(' ').next()?.parse().ok()
}

fn rows(boards: &[Board], columns: &[Vec<u64>]) -> Result<String> {
    let mut text = format!("| {:32} |", "");
    for board in boards {
        write!(text, " {:>12} |", board.name)?;
    }
    write!(text, "\n|{:-<34}|", "")?;
    for _ in boards {
        write!(text, "{:->13}:|", "")?;
    }
    for (row, (name, _)) in ROWS.iter().enumerate() {
        write!(text, "\n| {name:32} |")?;
        for column in columns {
            write!(
                text,
                " {:>12} |",
                column.get(row).copied().unwrap_or_default()
            )?;
        }
    }
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_found_in_both_answers() {
        assert_eq!(
            microseconds("uptime\nup 1.234 s, prompt after 56789 us\n"),
            Some(56_789)
        );
        assert_eq!(
            microseconds("time x\nloaded x\ntime: 2048 us\n"),
            Some(2048)
        );
        assert_eq!(microseconds("error: x: no"), None);
    }
}
