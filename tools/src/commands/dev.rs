//! `llext dev`: save, and see.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use clap::Args;
use llext_tools::client::Client;
use llext_tools::signals::Signals;

use super::World;
use super::run::What;

/// Between two looks at the files. The system could tell of changes by itself, but the maintained crate for that, `notify`, has no
/// licence that this project takes.
const LOOK: Duration = Duration::from_millis(30);
/// How often the target is told that somebody is there still.
const PING: Duration = Duration::from_secs(3);

/// Do what `run` does, again on each save, until Ctrl-C
///
/// Says how long it took from the save to the end of the call, and the median of all.
#[derive(Args)]
pub struct Dev {
    #[command(flatten)]
    what: What,
}

impl Dev {
    /// Watches, until a signal.
    ///
    /// # Errors
    /// The target does not answer when it begins. Later on, whatever fails is said, and the next save tries again.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = Some(world.target.enter()?);
        let signals = Signals::catch()?;
        let mut times = Times::default();
        let mut watched = self.what.sources();
        loop {
            let before = stamps(&watched);
            let built = match self.what.build(world) {
                Ok(extension) => {
                    watched.clone_from(&extension.inputs);
                    Some(extension)
                }
                Err(error) => {
                    crate::explain(&error);
                    // The mistake may be in a header, which the last build that succeeded has named.
                    watched.extend(self.what.sources());
                    watched.sort();
                    watched.dedup();
                    None
                }
            };
            let seen = since(&before, stamps(&watched));
            if let Some(extension) = built.filter(|_| signals.ever().is_none()) {
                let sent = again(world, &mut client, &signals)
                    .and_then(|client| self.what.send(world, client, &extension, &signals));
                if let Err(error) = &sent {
                    crate::explain(error);
                    client = client.filter(|_| is_the_targets_own(error));
                }
                times.tell(&seen);
            }
            // It may have ended the compiler, or the call.
            if let Some(signal) = signals.ever() {
                return Ok(super::by_signal(signal));
            }
            eprintln!("llext: watching {} files; Ctrl-C ends", seen.len());
            if let Some(signal) = wait(&watched, &seen, &mut client, &signals) {
                return Ok(super::by_signal(signal));
            }
            times.next();
        }
    }
}

/// The client, or another one if the connection was lost.
fn again<'c>(
    world: &World,
    client: &'c mut Option<Client>,
    signals: &Signals,
) -> Result<&'c mut Client> {
    let there = match client.take() {
        Some(there) => there,
        // A target that does not answer is not waited for by who has typed Ctrl-C.
        None => signals.let_through(|| world.target.enter())?,
    };
    Ok(client.insert(there))
}

/// Whether the connection still stands: the target said what is wrong.
fn is_the_targets_own(error: &anyhow::Error) -> bool {
    let told = error.downcast_ref::<crate::told::Told>();
    told.is_some_and(|told| told.status != crate::told::NO_TARGET)
}

/// Waits for a change of what is watched, or for a signal.
fn wait(
    watched: &[PathBuf],
    seen: &Stamps,
    client: &mut Option<Client>,
    signals: &Signals,
) -> Option<i32> {
    let mut last = Instant::now();
    loop {
        if let Some(signal) = signals.take() {
            return Some(signal);
        }
        if stamps(watched) != *seen {
            return None;
        }
        thread::sleep(LOOK);
        if last.elapsed() >= PING {
            last = Instant::now();
            // One that is gone is looked for at the next save.
            if client.as_mut().is_some_and(|client| client.ping().is_err()) {
                *client = None;
            }
        }
    }
}

type Stamps = BTreeMap<PathBuf, SystemTime>;

/// When each file was changed last. An editor that writes a new file and renames it is between the two without one.
fn stamps(files: &[PathBuf]) -> Stamps {
    let changed = |file: &PathBuf| fs::metadata(file).and_then(|it| it.modified()).ok();
    files
        .iter()
        .filter_map(|file| Some((file.clone(), changed(file)?)))
        .collect()
}

/// What is known of files after a build that began when they were as `before`: a file that was saved meanwhile is to be built again.
/// Folders are another matter, for a build may put files into them.
fn since(before: &Stamps, mut now: Stamps) -> Stamps {
    for (file, changed) in &mut now {
        if let Some(earlier) = before.get(file).filter(|_| !file.is_dir()) {
            *changed = *earlier;
        }
    }
    now
}

/// How long it took, save by save.
#[derive(Default)]
struct Times {
    all: Vec<Duration>,
    is_save: bool,
}

impl Times {
    /// What comes now begins with a save.
    fn next(&mut self) {
        self.is_save = true;
    }

    /// Counts from the last change of what was built until now.
    fn tell(&mut self, seen: &Stamps) {
        let saved = seen.values().max().filter(|_| self.is_save);
        let Some(took) = saved.and_then(|saved| saved.elapsed().ok()) else {
            return;
        };
        self.all.push(took);
        let mut sorted = self.all.clone();
        sorted.sort();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        eprintln!(
            "llext: {:.2} s from the save to the output; median of {}: {:.2} s",
            took.as_secs_f64(),
            sorted.len(),
            median.as_secs_f64()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_seen_and_a_file_that_is_gone_is_too() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let watched = [file.path().to_owned()];
        let seen = stamps(&watched);
        assert_eq!(seen, stamps(&watched));
        let later = SystemTime::now() + Duration::from_secs(5);
        file.as_file().set_modified(later).expect("it is ours");
        assert_ne!(seen, stamps(&watched));
        assert_ne!(since(&seen, stamps(&watched)), stamps(&watched));
        assert_eq!(since(&Stamps::new(), stamps(&watched)), stamps(&watched));
        drop(file);
        assert!(stamps(&watched).is_empty());
    }
}
