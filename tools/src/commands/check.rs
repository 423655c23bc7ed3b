//! `llext check`: what a dry run on the target would say, without the target.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::build::{Language, exports};
use llext_tools::offline::{self, Findings};

use super::World;
use super::push::read;
use crate::told::{FAILED, Told};

/// Tell what an extension needs and lacks, without the target
///
/// Asks the firmware's list of exports, by the loader's own code. Other extensions, whose exports it may use too, are not known
/// here. What a load takes on top of its regions (a descriptor, scratch) only the target knows.
#[derive(Args)]
pub struct Check {
    /// Extension, as it goes to the target
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Check {
    /// Checks it.
    ///
    /// # Errors
    /// The target would refuse it.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let site = world.workshop.site()?;
        let bytes = read(&self.file)?;
        if Language::of(&self.file).is_some() {
            let file = self.file.display();
            return Err(Told::new(FAILED, format!("{file}: a source file"))
                .hint(format!("`llext build {file}` makes the extension"))
                .into());
        }
        let (exports, abi) = exports::of(&site).map_err(|error| {
            Told::new(
                FAILED,
                format!("what the firmware exports is not known: {error:#}"),
            )
            .hint("build it first: `cargo xtask build`, or take a kit: --kit DIR")
        })?;
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let machine = site.board.machine;
        let findings = offline::check(&bytes, &name, machine, &exports, abi)?;
        show(&findings, &name);
        judge(&findings, &self.file.display().to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn show(findings: &Findings, name: &str) {
    for (symbol, near) in &findings.undefined {
        let remark = match near.as_slice() {
            [] => String::new(),
            [names @ .., last] if !names.is_empty() => {
                format!(" (did you mean {} or {last}?)", names.join(", "))
            }
            [only, ..] => format!(" (did you mean {only}?)"),
        };
        println!("undefined {symbol}{remark}");
    }
    for (section, offset, r_type) in &findings.unsupported {
        println!("unsupported relocation type {r_type} at {section}+{offset:#x}");
    }
    if findings.refused.is_some() {
        return;
    }
    for (kind, bytes) in ["text", "rodata", "data", "bss"]
        .iter()
        .zip(findings.regions)
    {
        println!("{kind} {bytes}");
    }
    println!("veneers {} (within text)", findings.veneers);
    let all: usize = findings.regions.iter().sum();
    println!("{name} needs {all} bytes for its regions");
}

fn judge(findings: &Findings, file: &str) -> Result<()> {
    if let Some((error, hint)) = &findings.refused {
        let told = Told::new(FAILED, format!("{file}: {error}"));
        return Err(match hint {
            Some(hint) => told.hint(hint.clone()),
            None => told,
        }
        .into());
    }
    let (symbols, relocations) = (findings.undefined.len(), findings.unsupported.len());
    if symbols + relocations > 0 {
        let plural = |count| if count == 1 { "" } else { "s" };
        let what = format!(
            "{file}: {symbols} undefined symbol{}, {relocations} unsupported relocation{}",
            plural(symbols),
            plural(relocations)
        );
        return Err(Told::new(FAILED, what)
            .hint("what other extensions define is not known here: load those first")
            .into());
    }
    Ok(())
}
