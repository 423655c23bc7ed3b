//! `llext call`: a function of an extension.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use llext_tools::client::{Client, Error, Reply};
use llext_tools::signals::Signals;

use super::World;
use super::push::quoted;
use super::shown::{Shown, complete};
use crate::told::{FAULT, Told};

/// Call a function of an extension that is loaded
///
/// Shows what it prints, then `=> DEC (0xHEX)`. Arguments are written as at the prompt: 12 -7 0xff 0b11 'c' "text"; what is none
/// of these is a text. Ctrl-C ends the call.
#[derive(Args)]
pub struct Call {
    /// Extension
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    how: Calling,
    /// Function
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Up to 8 arguments
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<String>,
}

/// How a call goes.
#[derive(Args)]
pub struct Calling {
    /// End it after so many milliseconds
    #[arg(long, value_name = "MS")]
    timeout: Option<u32>,
    /// Tell how long it took, and how much stack
    #[arg(long)]
    stats: bool,
    /// Call an extension that has faulted again
    #[arg(long)]
    force: bool,
}

impl Call {
    /// Calls it.
    ///
    /// # Errors
    /// There is no such function, or it faulted.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = world.target.enter()?;
        let signals = Signals::catch()?;
        let line = self.how.line(&self.name, &self.function, &self.arguments);
        let reply = call(&mut client, &line, &signals);
        ended(reply.map_err(|error| world.target.told(error))?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Calling {
    /// The command line.
    pub fn line(&self, name: &str, function: &str, arguments: &[String]) -> String {
        let mut line = format!("llext call {} {}", quoted(name), quoted(function));
        for argument in arguments {
            line.push(' ');
            line.push_str(&written(argument));
        }
        if let Some(timeout) = self.timeout {
            line.push_str(&format!(" --timeout {timeout}"));
        }
        for (is_set, option) in [(self.stats, " --stats"), (self.force, " --force")] {
            line.push_str(if is_set { option } else { "" });
        }
        line
    }
}

/// An argument as the prompt wants it. The user's own shell has taken a pair of quotes away.
fn written(argument: &str) -> String {
    let digits = argument.trim_start_matches(['-', '+']);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
    let is_quoted = argument.len() > 1
        && ['"', '\'']
            .iter()
            .any(|&quote| argument.starts_with(quote) && argument.ends_with(quote));
    match is_number || is_quoted {
        true => argument.to_owned(),
        false => format!(
            "\"{}\"",
            argument.replace('\\', "\\\\").replace('"', "\\\"")
        ),
    }
}

/// Runs a call and shows it.
///
/// # Errors
/// The target is gone.
pub fn call(client: &mut Client, line: &str, signals: &Signals) -> Result<Reply, Error> {
    let mut shown = Shown::call(signals);
    let reply = client.request(line, &mut shown);
    shown.finish();
    complete(reply)
}

/// The end of a call, as a status: a fault is told from a function that does not exist.
///
/// # Errors
/// The call failed.
pub fn ended(reply: Reply) -> Result<Reply> {
    let has_fault = reply.get("outcome").is_some();
    match reply.ok() {
        Ok(reply) => Ok(reply),
        Err(Error::Failed { error, hint }) => {
            let status = if has_fault {
                FAULT
            } else {
                crate::told::FAILED
            };
            let told = Told::new(status, error);
            Err(match hint {
                Some(hint) => told.hint(hint),
                None => told,
            }
            .into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_written_as_at_the_prompt() {
        for (argument, line) in [
            ("12", "12"),
            ("-7", "-7"),
            ("0xff", "0xff"),
            ("'c'", "'c'"),
            ("\"a b\"", "\"a b\""),
            ("bob", "\"bob\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ] {
            assert_eq!(written(argument), line);
        }
        let how = Calling {
            timeout: Some(5),
            stats: true,
            force: false,
        };
        let line = how.line("calc", "add", &["1".into(), "-2".into()]);
        assert_eq!(line, "llext call calc add 1 -2 --timeout 5 --stats");
    }
}
