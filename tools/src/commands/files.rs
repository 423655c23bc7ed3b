//! `llext ls cat get put rm`: the target's file system.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use llext_tools::client::{Client, Error};
use llext_tools::signals::Signals;

use super::World;
use super::push::{push, quoted, read};
use super::shown::{Shown, complete};

/// List a folder of the target
#[derive(Args)]
pub struct Ls {
    /// Folder, or file
    #[arg(value_name = "PATH", default_value = "/")]
    path: String,
}

/// Write a file of the target to stdout, byte by byte as it is
#[derive(Args)]
pub struct Cat {
    /// File on the target
    #[arg(value_name = "PATH")]
    path: String,
}

/// Copy a file of the target to this computer
#[derive(Args)]
pub struct Get {
    /// File on the target
    #[arg(value_name = "PATH")]
    path: String,
    /// Where to put it [default: its name, here]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Copy a file of this computer to the target
#[derive(Args)]
pub struct Put {
    /// File of this computer
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to put it; below it, if it ends in /
    #[arg(value_name = "PATH")]
    path: String,
}

/// Remove files of the target
#[derive(Args)]
pub struct Rm {
    /// Files on the target
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Ls {
    /// Lists.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = world.target.enter()?;
        let listed = plain(&mut client, &format!("ls {}", quoted(&self.path)));
        listed.map_err(|error| world.target.told(error))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Cat {
    /// Writes it.
    ///
    /// # Errors
    /// There is no such file.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        let fetched = fetch(&mut client, &self.path, &signals);
        let bytes = fetched.map_err(|error| world.target.told(error))?;
        // Who reads no more wants no more.
        let _ = io::stdout().write_all(&bytes);
        Ok(ExitCode::SUCCESS)
    }
}

impl Get {
    /// Copies it.
    ///
    /// # Errors
    /// There is no such file, or ours cannot be written.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let file = self.file.unwrap_or_else(|| {
            let name = Path::new(&self.path).file_name().unwrap_or_default();
            PathBuf::from(name)
        });
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        let fetched = fetch(&mut client, &self.path, &signals);
        let bytes = fetched.map_err(|error| world.target.told(error))?;
        fs::write(&file, &bytes).with_context(|| file.display().to_string())?;
        println!("{}: {} bytes", file.display(), bytes.len());
        Ok(ExitCode::SUCCESS)
    }
}

impl Put {
    /// Copies it.
    ///
    /// # Errors
    /// There is no such file, or no room for it.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let bytes = read(&self.file)?;
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let path = match self.path.ends_with('/') {
            true => format!("{}{name}", self.path),
            false => self.path,
        };
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        push(&mut client, &path, &bytes, &signals).map_err(|error| world.target.told(error))?;
        println!("{path}: {} bytes", bytes.len());
        Ok(ExitCode::SUCCESS)
    }
}

impl Rm {
    /// Removes them.
    ///
    /// # Errors
    /// One of them is not there; those before it are gone.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = world.target.enter()?;
        for path in &self.paths {
            let removed = plain(&mut client, &format!("rm {}", quoted(path)));
            removed.map_err(|error| world.target.told(error))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs a command and shows what it says.
fn plain(client: &mut Client, line: &str) -> Result<(), Error> {
    let mut shown = Shown::command();
    let reply = client.request(line, &mut shown);
    shown.finish();
    complete(reply)?.ok().map(|_| ())
}

fn fetch(client: &mut Client, path: &str, signals: &Signals) -> Result<Vec<u8>, Error> {
    let mut shown = Shown::file(path, None, signals).quiet();
    let fetched = client.fetch_file(&format!("send {}", quoted(path)), &mut shown);
    shown.finish();
    let (bytes, reply) = fetched?;
    complete(Ok(reply))?.ok()?;
    Ok(bytes)
}
