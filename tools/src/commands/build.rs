//! `llext build`: an extension from sources.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::build::{Extension, Recipe, Site, exports};

use super::{World, workshop};
use crate::told::{FAILED, Told};

/// Build an extension from C and C++ files, or from a folder of them or of a Rust package
///
/// Prints the path of the file for the target. GDB finds the debug information by the build-id.
#[derive(Args)]
pub struct Build {
    /// Source files (.c, .cpp), or one folder
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Put it here
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    how: Making,
    /// More flags for the compiler, or for cargo; they win over the kit's
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<String>,
}

/// How an extension is built.
#[derive(Args)]
pub struct Making {
    /// Name of the extension; that of the folder or of the first file unless given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Bind it to the exports of the firmware as it is now: other firmware refuses it
    #[arg(long)]
    abi: bool,
}

impl Making {
    /// Builds.
    ///
    /// # Errors
    /// A tool is missing, or the sources do not compile.
    pub fn build(&self, site: &Site, sources: &[PathBuf], flags: &[String]) -> Result<Extension> {
        let abi = match self.abi {
            true => exports::of(site)?.1,
            false => None,
        };
        if self.abi && abi.is_none() {
            return Err(Told::new(FAILED, "the firmware has no id of its exports")
                .hint("build it first: `cargo xtask build`")
                .into());
        }
        let recipe = Recipe {
            name: self.name.as_deref(),
            abi,
            flags,
        };
        workshop::build(site, sources, &recipe)
    }
}

impl Build {
    /// Builds.
    ///
    /// # Errors
    /// A tool is missing, or the sources do not compile.
    pub fn run(mut self, world: &World) -> Result<ExitCode> {
        let name = Extension::name_at(self.output.as_deref());
        self.how.name = self.how.name.or(name);
        let site = world.workshop.site()?;
        let extension = self.how.build(&site, &self.sources, &self.flags)?;
        extension.deliver(self.output)?;
        Ok(ExitCode::SUCCESS)
    }
}
