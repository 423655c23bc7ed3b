//! The subcommands: one file each.

mod console;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use llext_tools::transport::{Port, Transport};

use crate::told::{NO_TARGET, Told};

/// Extensions for a running llext-shell: build, send, call, debug
///
/// Ends with status 0 if all went well, 1 if a command failed, 2 if it was typed wrong, 3 if the target does not answer,
/// and 4 if a call ended in a fault.
#[derive(Parser)]
#[command(
    name = "llext",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Llext {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Console(console::Console),
}

impl Llext {
    /// Does what was asked for.
    ///
    /// # Errors
    /// It cannot be done, and the message says why.
    pub fn run(self) -> Result<ExitCode> {
        let target = &self.target;
        match self.command {
            Command::Console(command) => command.run(target),
        }
    }
}

/// Where the target is.
#[derive(Args)]
pub struct Target {
    /// Where the target is: /dev/ttyUSB0, /dev/pts/3, tcp:HOST:PORT, rtt:FILE or qemu
    #[arg(long, short, global = true, env = "LLEXT_PORT", value_name = "PORT")]
    port: Option<Port>,
    /// Bits a second of a serial port
    #[arg(
        long,
        global = true,
        env = "LLEXT_BAUD",
        value_name = "RATE",
        default_value_t = 115_200
    )]
    baud: u32,
}

impl Target {
    /// The port that was named, or the only serial port with a USB plug that there is.
    ///
    /// # Errors
    /// None was named, and there is none or more than one.
    pub fn port(&self) -> Result<Port> {
        if let Some(port) = &self.port {
            return Ok(port.clone());
        }
        let ports = usb_ports();
        match ports.as_slice() {
            [only] => Ok(Port::Serial(only.clone())),
            [] => Err(Told::new(
                NO_TARGET,
                "where is the target? There is no USB serial port",
            )
            .hint(
                "say it with --port or LLEXT_PORT: a serial port, tcp:HOST:PORT, rtt:FILE or qemu",
            )
            .into()),
            several => Err(Told::new(
                NO_TARGET,
                "where is the target? There is more than one USB serial port",
            )
            .hint(format!("--port {}", several.join(" or --port ")))
            .into()),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`port`](Self::port), or it cannot be opened.
    pub fn open(&self) -> Result<(Port, Box<dyn Transport>)> {
        let port = self.port()?;
        match port.open(self.baud) {
            Ok(link) => Ok((port, link)),
            Err(error) => Err(Told::new(NO_TARGET, format!("cannot open {port}: {error}"))
                .hint(port.advice(Some(&error)))
                .into()),
        }
    }
}

/// Serial ports that are plugged in: the names that Linux gives to USB adapters and to boards with USB of their own.
fn usb_ports() -> Vec<String> {
    let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("ttyUSB") || name.starts_with("ttyACM"))
        .map(|name| format!("/dev/{name}"))
        .collect();
    names.sort();
    names
}

/// The status of a program that a signal ended: 128 and its number.
fn by_signal(signal: i32) -> ExitCode {
    ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or(0)))
}
