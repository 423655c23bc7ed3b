//! Steps in a process of their own, beside others: one compiles while the other waits for boards.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::Step;
use crate::count::{Count, total_count};
use crate::paths;
use crate::qemu::die_with_parent;

/// Steps that run.
pub struct Beside {
    child: Child,
    log: PathBuf,
}

impl Beside {
    /// Starts `cargo xtask test` for these steps, with the options that all have. What they print goes to a file.
    ///
    /// # Errors
    /// The file cannot be written, or the program not be started.
    pub fn start(steps: &[Step], options: &[String]) -> Result<Self> {
        let log = paths::target().join("test-host.log");
        fs::create_dir_all(paths::target())?;
        let file = File::create(&log).with_context(|| paths::shown(&log))?;
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        let shown = paths::shown(&log);
        println!("=== beside the others, to {shown}: {}", names.join(", "));
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("test")
            .args(options)
            .args(names.iter().flat_map(|name| ["--only", name]))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        die_with_parent(&mut command);
        let child = command.spawn().context("cannot start xtask")?;
        Ok(Self { child, log })
    }

    /// Waits for their end and shows what they have printed. Returns what they counted, and the line with the names of those that
    /// failed.
    ///
    /// # Errors
    /// They ended without a count.
    pub fn finish(mut self) -> Result<(Count, Option<String>)> {
        let status = self.child.wait()?;
        let text = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        print!("{text}");
        let count = text.lines().rev().find_map(total_count);
        // What it counted is true if it came to its end.
        let count = count.filter(|count| status.success() == (count.failed == 0));
        let count = count.with_context(|| format!("the steps beside the others: {status}"))?;
        let mut lines = text.lines().rev().filter(|_| count.failed != 0);
        let failed = lines.find_map(|it| it.strip_prefix("failed: "));
        Ok((count, failed.map(str::to_owned)))
    }
}
