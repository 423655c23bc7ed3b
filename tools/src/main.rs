//! `llext`: extensions for a running target, from the developer's machine.
#![deny(unsafe_code)]

mod commands;
mod told;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

use told::Told;

fn main() -> ExitCode {
    match commands::Llext::parse().run() {
        Ok(code) => code,
        Err(error) => explain(&error),
    }
}

/// Says what went wrong, why, and what to do.
fn explain(error: &anyhow::Error) -> ExitCode {
    let (red, green) = match colours() {
        true => (
            anstyle::AnsiColor::Red.on_default().bold(),
            anstyle::AnsiColor::Green.on_default().bold(),
        ),
        false => Default::default(),
    };
    eprintln!("{red}error:{red:#} {error:#}");
    let told = error.downcast_ref::<Told>();
    if let Some(hint) = told.and_then(|told| told.hint.as_ref()) {
        eprintln!("{green}hint:{green:#} {hint}");
    }
    told.map_or(ExitCode::FAILURE, |told| ExitCode::from(told.status))
}

/// Whether stderr may have colours: <https://no-color.org>.
fn colours() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !set("NO_COLOR") && !dumb
}
