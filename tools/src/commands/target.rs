//! Where the target is, and how it is reached.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use llext_tools::client::{Client, Error};
use llext_tools::transport::{Port, Transport};

use crate::told::{FAILED, NO_TARGET, Told};

/// A board of the repository is built first, and boots.
const BUILDING: Duration = Duration::from_secs(600);

/// Where the target is.
#[derive(Args)]
pub struct Target {
    /// Where the target is: /dev/ttyUSB0, /dev/pts/3, tcp:HOST:PORT, rtt:FILE, probe:CHIP or qemu[:BOARD]
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
    pub baud: u32,
    /// How long the target may take to answer at first
    #[arg(
        long,
        global = true,
        env = "LLEXT_WAIT",
        value_name = "SECONDS",
        default_value_t = 10
    )]
    wait: u64,
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
        let told = match ports.as_slice() {
            [only] => return Ok(Port::Serial(only.clone())),
            [] => Told::new(
                NO_TARGET,
                "where is the target? There is no USB serial port",
            )
            .hint(
                "say it with --port or LLEXT_PORT: a serial port, tcp:HOST:PORT, rtt:FILE or qemu",
            ),
            several => Told::new(
                NO_TARGET,
                "where is the target? There is more than one USB serial port",
            )
            .hint(format!("--port {}", several.join(" or --port "))),
        };
        Err(told.into())
    }

    /// Agrees with `--board` on the board to start, if one is to be started.
    ///
    /// # Errors
    /// They name two boards.
    pub fn agree(&mut self, board: &mut Option<String>) -> Result<()> {
        let Some(Port::Qemu(started)) = &mut self.port else {
            return Ok(());
        };
        match (started.as_deref(), board.as_deref()) {
            (Some(started), Some(board)) if started != board => {
                let what = format!("--port qemu:{started} starts another board than {board}");
                Err(Told::new(FAILED, what)
                    .hint(
                        "leave out --board and LLEXT_BOARD, or name the board in one of them alone",
                    )
                    .into())
            }
            (Some(_), _) => {
                board.clone_from(started);
                Ok(())
            }
            (None, _) => {
                started.clone_from(board);
                Ok(())
            }
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

    /// Opens it, and brings the target into machine mode.
    ///
    /// # Errors
    /// As [`open`](Self::open), or the target does not answer.
    pub fn enter(&self) -> Result<Client> {
        let (port, link) = self.open()?;
        let client = match port {
            Port::Qemu(_) => Client::enter_at_boot(link, BUILDING),
            _ => Client::enter(link, Duration::from_secs(self.wait)),
        };
        client.map_err(|error| self.told(error))
    }

    /// What to say of an error of the target's.
    pub fn told(&self, error: Error) -> anyhow::Error {
        let Ok(port) = self.port() else {
            return error.into();
        };
        let told = match &error {
            Error::Link(io) => {
                Told::new(NO_TARGET, format!("{port}: {error}")).hint(port.advice(Some(io)))
            }
            Error::Silent => {
                Told::new(NO_TARGET, format!("{port}: {error}")).hint(port.advice(None))
            }
            Error::Protocol(_) => Told::new(FAILED, format!("{port}: {error}"))
                .hint("build this program and the firmware from the same version of llext-shell"),
            Error::Failed {
                error,
                hint: Some(hint),
            } => Told::new(FAILED, error.clone()).hint(hint.clone()),
            _ => Told::new(FAILED, error.to_string()),
        };
        told.into()
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
