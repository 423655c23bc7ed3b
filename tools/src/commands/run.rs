//! `llext run`: from a source file to its output.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::build::{Extension, sources_of};
use llext_tools::client::{Client, Error, Quiet};
use llext_tools::signals::Signals;

use super::call::{self, ended};
use super::load::from_there;
use super::push::{push, quoted};
use super::{World, build};

/// Build an extension, send it, load it, and call a function
///
/// One that is loaded already is reloaded: with its state, where it has llext_save and llext_restore.
#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    what: What,
}

/// What is built and called.
#[derive(Args)]
pub struct What {
    /// Source file (.c, .cpp), or a folder
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// More source files
    #[arg(long, value_name = "SOURCE")]
    with: Vec<PathBuf>,
    #[command(flatten)]
    how: build::Making,
    /// More flags for the compiler, or for cargo
    #[arg(long = "flag", value_name = "FLAG", allow_hyphen_values = true)]
    flags: Vec<String>,
    /// Unload the old one before the new one is loaded: where there is no room for both
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    call: call::Calling,
    /// Function to call, with its arguments
    #[arg(
        value_name = "FUNCTION",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    function: Vec<String>,
}

impl Run {
    /// Does all of it.
    ///
    /// # Errors
    /// One of the steps fails; the later ones are not begun.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let extension = self.what.build(world)?;
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        self.what.send(world, &mut client, &extension, &signals)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl What {
    /// Builds it.
    ///
    /// # Errors
    /// It does not compile.
    pub fn build(&self, world: &World) -> Result<Extension> {
        let site = world.workshop.site()?;
        let sources = [std::slice::from_ref(&self.source), &self.with].concat();
        self.how.build(&site, &sources, &self.flags)
    }

    /// The files whose change makes another extension, as far as that is known without a build.
    pub fn sources(&self) -> Vec<PathBuf> {
        sources_of(&[std::slice::from_ref(&self.source), &self.with].concat())
    }

    /// Sends it, loads or reloads it, and calls the function.
    ///
    /// # Errors
    /// The target refuses, or the function faults.
    pub fn send(
        &self,
        world: &World,
        client: &mut Client,
        extension: &Extension,
        signals: &Signals,
    ) -> Result<()> {
        let told = |error| world.target.told(error);
        let path = format!("/ext/{}.elf", extension.name);
        push(client, &path, &extension.bytes, signals).map_err(told)?;
        let (name, path) = (quoted(&extension.name), quoted(&path));
        let replace = if self.replace { " --replace" } else { "" };
        let line = match is_loaded(client, &extension.name).map_err(told)? {
            true => format!("llext reload {name} {path}{replace}"),
            false => format!("llext load {path}"),
        };
        from_there(client, &line, signals).map_err(|error| told(as_typed_here(error)))?;
        if let Some((function, arguments)) = self.function.split_first() {
            let line = self.call.line(&extension.name, function, arguments);
            ended(call::call(client, &line, signals).map_err(told)?)?;
        }
        Ok(())
    }
}

/// What the target says of too little memory, with the option as it is called here.
fn as_typed_here(error: Error) -> Error {
    match error {
        Error::Failed {
            error,
            hint: Some(hint),
        } if hint.contains("--replace") => Error::Failed {
            error,
            hint: Some(
                "the old one runs on, for there is no room for both; with --replace it is unloaded first"
                    .to_owned(),
            ),
        },
        other => other,
    }
}

fn is_loaded(client: &mut Client, name: &str) -> Result<bool, Error> {
    let list = client.request("llext list", &mut Quiet)?.ok()?;
    let mut names = list.records.iter().filter_map(|record| record.get("name"));
    Ok(names.any(|loaded| loaded == name))
}
