//! Where a firmware's instructions come from: functions and lines, inlined ones too, by the cross toolchain's addr2line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

use crate::board::Board;

/// A function that an instruction is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name, demangled.
    pub function: String,
    /// The file, with its folders, and the line.
    pub line: String,
}

/// For each of `addresses` in `firmware`: the function as written, then the one that it was inlined into, and so on.
///
/// # Errors
/// addr2line cannot be run.
pub fn frames(board: &Board, firmware: &Path, addresses: &[u64]) -> Result<Vec<Vec<Frame>>> {
    let mut child = Command::new(board.cross("addr2line"))
        .args([
            "--addresses",
            "--functions",
            "--inlines",
            "--demangle",
            "--exe",
        ])
        .arg(firmware)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut list = String::new();
    for address in addresses {
        writeln!(list, "{address:#x}")?;
    }
    let mut stdin = child.stdin.take().context("no pipe")?;
    // It answers as it reads.
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()));
    let output = child.wait_with_output()?;
    writer
        .join()
        .map_err(|_| anyhow!("the writer panicked"))??;
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// `0x…`, then two lines a frame, for every address.
fn parse(text: &str) -> Vec<Vec<Frame>> {
    let mut all: Vec<Vec<Frame>> = Vec::new();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        if first.starts_with("0x") {
            all.push(Vec::new());
            continue;
        }
        let line = lines.next().unwrap_or_default();
        let frame = Frame {
            function: first.to_owned(),
            line: line.split(" (").next().unwrap_or_default().to_owned(),
        };
        if let Some(frames) = all.last_mut() {
            frames.push(frame);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_in_their_order() {
        let text = "0x00000010\ninner\n/a/b.rs:3 (discriminator 1)\nouter\n/a/c.rs:9\n0x00000012\n??\n??:0\n";
        let frame = |function: &str, line: &str| Frame {
            function: function.to_owned(),
            line: line.to_owned(),
        };
        let expected = [
            vec![frame("inner", "/a/b.rs:3"), frame("outer", "/a/c.rs:9")],
            vec![frame("??", "??:0")],
        ];
        assert_eq!(parse(text), expected);
    }
}
