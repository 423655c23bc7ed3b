//! `llext load`: a file of the target's, or of this computer's without the file system.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::client::{Client, Error};
use llext_tools::signals::Signals;

use super::World;
use super::push::{quoted, read};
use super::shown::{Shown, complete};

/// Load an extension
///
/// A file of this computer goes straight to the loader, without the target's file system; else the path is the target's.
#[derive(Args)]
pub struct Load {
    /// File of this computer, or path on the target
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name to give it [default: that of the file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Change nothing; tell what it needs and lacks
    #[arg(long)]
    dry_run: bool,
    /// Load it even if it was built for a firmware with other exports
    #[arg(long)]
    force: bool,
}

impl Load {
    /// Loads it.
    ///
    /// # Errors
    /// The loader refuses it.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let mut options = format!(" --name {}", quoted(self.name.as_deref().unwrap_or(&stem)));
        for (is_set, option) in [(self.dry_run, " --dry-run"), (self.force, " --force")] {
            options.push_str(if is_set { option } else { "" });
        }
        let file = match self.file.exists() || !is_the_targets(&self.file) {
            true => Some(read(&self.file)?),
            false => None,
        };
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        let loaded = match file {
            Some(bytes) => from_here(&mut client, &self.file, &bytes, &options, &signals),
            None => {
                let path = quoted(&self.file.to_string_lossy());
                from_there(
                    &mut client,
                    &format!("llext load {path}{options}"),
                    &signals,
                )
            }
        };
        loaded.map_err(|error| world.target.told(error))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether it looks like a file of the target: `/ext/hello.elf`, `flash:0x200000`. Those of this computer may begin with / too.
fn is_the_targets(file: &Path) -> bool {
    let text = file.to_string_lossy();
    text.starts_with('/') || text.contains(':')
}

fn from_here(
    client: &mut Client,
    file: &Path,
    bytes: &[u8],
    options: &str,
    signals: &Signals,
) -> Result<(), Error> {
    let mut shown = Shown::file(&file.to_string_lossy(), Some(bytes.len()), signals);
    let sent = client.send_file(&format!("llext load -{options}"), bytes, &mut shown);
    shown.finish();
    complete(sent)?.ok().map(|_| ())
}

/// Runs a command that may run constructors.
///
/// # Errors
/// It fails.
pub fn from_there(client: &mut Client, line: &str, signals: &Signals) -> Result<(), Error> {
    let mut shown = Shown::call(signals);
    let reply = client.request(line, &mut shown);
    shown.finish();
    complete(reply)?.ok().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_target_are_known_by_their_looks() {
        for (file, is) in [
            ("/ext/a.elf", true),
            ("flash:0x200000", true),
            ("a.elf", false),
            ("b/a.elf", false),
        ] {
            assert_eq!(is_the_targets(Path::new(file)), is, "{file}");
        }
    }
}
