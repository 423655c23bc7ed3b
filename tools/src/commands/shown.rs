//! What a person sees of a request that runs: output, text, a progress bar; and Ctrl-C, which goes to the target.

use std::io::{self, Write};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use llext_tools::client::{Error, Reply, Watcher};
use llext_tools::signals::Signals;

/// Shows a request.
pub struct Shown<'s> {
    signals: Option<&'s Signals>,
    is_call: bool,
    bar: Option<ProgressBar>,
    /// What the shell says is not for this user.
    is_quiet: bool,
    /// The beginning of a line of the shell's, of which it is not known yet whether it is to be shown.
    held: Vec<u8>,
}

impl<'s> Shown<'s> {
    /// Of a command.
    pub fn command() -> Self {
        Shown {
            signals: None,
            is_call: false,
            bar: None,
            is_quiet: false,
            held: Vec::new(),
        }
    }

    /// Of something that runs the user's code, for as long as it likes, until one of `signals` comes.
    pub fn call(signals: &'s Signals) -> Self {
        Shown {
            signals: Some(signals),
            is_call: true,
            ..Self::command()
        }
    }

    /// Of a file of `size` bytes that goes or comes, until one of `signals` comes. The bar is drawn on a terminal alone.
    pub fn file(what: &str, size: Option<usize>, signals: &'s Signals) -> Self {
        let template = match size {
            Some(_) => "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}",
            None => "{msg} {bytes} {bytes_per_sec}",
        };
        let bar = match size {
            Some(size) => ProgressBar::new(u64::try_from(size).unwrap_or(u64::MAX)),
            None => ProgressBar::no_length(),
        };
        let style = ProgressStyle::with_template(template).ok();
        let bar = style.into_iter().fold(bar, ProgressBar::with_style);
        Shown {
            signals: Some(signals),
            bar: Some(bar.with_message(what.to_owned())),
            ..Self::command()
        }
    }

    /// The same, but what the shell says of it is left to us.
    pub fn quiet(self) -> Self {
        Shown {
            is_quiet: true,
            ..self
        }
    }

    /// Takes the bar away, and shows what is left of the text.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let rest = std::mem::take(&mut self.held);
        if !self.is_quiet {
            show(&rest);
        }
    }
}

impl Watcher for Shown<'_> {
    /// Shows whole lines. What failed, and what helps, is said at the end, by us.
    fn text(&mut self, text: &[u8]) {
        self.held.extend_from_slice(text);
        while let Some(end) = self.held.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.held.drain(..=end).collect();
            if !self.is_quiet && !line.starts_with(b"error: ") && !line.starts_with(b"hint: ") {
                show(&line);
            }
        }
    }

    fn output(&mut self, output: &[u8]) {
        show(output);
    }

    fn progress(&mut self, bytes: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    fn is_interrupted(&mut self) -> bool {
        self.signals.is_some_and(|signals| signals.take().is_some())
    }

    fn may_take_long(&self) -> bool {
        self.is_call
    }
}

/// Writes to stdout. A reader that is gone wants no more of it.
fn show(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Says of a reply that a part of it was lost, if it was.
///
/// # Errors
/// None of its own.
pub fn complete(reply: Result<Reply, Error>) -> Result<Reply, Error> {
    let reply = reply?;
    if reply.lost > 0 {
        eprintln!("llext: {} frames were lost on the line", reply.lost);
    }
    Ok(reply)
}
