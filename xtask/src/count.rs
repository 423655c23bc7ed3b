//! How many tests passed and failed, by what the programs that run them print.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that passed.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
}

impl Count {
    /// Counts these, too.
    pub fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A step that is one test.
pub const PASSED: Count = Count {
    passed: 1,
    failed: 0,
};

/// Runs tests, showing what they print, and counts by the lines that `count` understands.
pub fn counted(command: &mut Command, count: fn(&str) -> Option<Count>) -> Result<Count> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", process::line(command)))?;
    let stdout = child.stdout.take().context("no pipe")?;
    let mut total = Count::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        total.add(count(&line).unwrap_or_default());
    }
    let status = child.wait()?;
    if !status.success() && total.failed == 0 {
        bail!("{status}: {}", process::line(command));
    }
    if total == Count::default() {
        bail!("no test ran: {}", process::line(command));
    }
    Ok(total)
}

/// `test result: ok. 5 passed; 0 failed; …`
pub fn cargo_count(line: &str) -> Option<Count> {
    let result = line.strip_prefix("test result: ")?;
    Some(Count {
        passed: number_before(result, " passed")?,
        // No test may be ignored, here or there: one that cannot run has failed.
        failed: number_before(result, " failed")? + number_before(result, " ignored")?,
    })
}

/// `==== 1 failed, 5 passed, 1 error in 1.23s ====`
pub fn pytest_count(line: &str) -> Option<Count> {
    // By `-q` it stands alone, else between two rules.
    let text = line.trim_matches(['=', ' ']);
    let outcomes = [" passed", " failed", " error", " skipped"];
    let is_summary = text.starts_with(|c: char| c.is_ascii_digit())
        && outcomes.iter().any(|outcome| text.contains(outcome))
        && text.contains(" in ")
        && text.ends_with(['s', ')']);
    is_summary.then(|| Count {
        passed: number_before(line, " passed").unwrap_or(0),
        failed: number_before(line, " failed").unwrap_or(0)
            + number_before(line, " error").unwrap_or(0)
            + number_before(line, " skipped").unwrap_or(0),
    })
}

/// `1923 passed, 4 failed`, the last line of `cargo xtask test`.
pub fn total_count(line: &str) -> Option<Count> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Count {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
    })
}

fn number_before(line: &str, word: &str) -> Option<usize> {
    let before = line.split_once(word)?.0;
    before.rsplit([' ', '=']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_both_tools_are_read() {
        let line =
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            cargo_count(line),
            Some(Count {
                passed: 12,
                failed: 3
            })
        );
        let line = "=========== 2 failed, 40 passed, 1 skipped, 1 error in 12.30s ===========";
        assert_eq!(
            pytest_count(line),
            Some(Count {
                passed: 40,
                failed: 4
            })
        );
        for line in [
            "============================== 7 passed in 1.02s ==============================",
            "7 passed in 1.02s",
            "7 passed in 361.29s (0:06:01)",
        ] {
            assert_eq!(
                pytest_count(line),
                Some(Count {
                    passed: 7,
                    failed: 0
                })
            );
        }
    }

    #[test]
    fn our_own_last_line_is_read() {
        let count = Count {
            passed: 1923,
            failed: 4,
        };
        assert_eq!(total_count("1923 passed, 4 failed"), Some(count));
        assert_eq!(total_count("=== unit: 1923 passed, 4 failed, 61 s"), None);
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(cargo_count("running 5 tests"), None);
        assert_eq!(pytest_count("5 passed"), None);
    }
}
