//! Ways to a target: each is a stream of bytes in both directions, and nothing else.
//!
//! | as `--port` says it | what it is |
//! |---|---|
//! | `/dev/ttyUSB0`, `/dev/pts/3` | a serial port, or a pseudo-terminal of an emulator: [`serial`] |
//! | `tcp:HOST:PORT` | a socket, such as QEMU's `-serial tcp:…,server`: [`tcp`] |
//! | `rtt:FILE[@ADDRESS]` | SEGGER RTT through a file that is the target's memory: [`rtt`] |
//! | `probe:CHIP[@SERIAL]` | SEGGER RTT through a debug probe, by the feature `probe-rs`: `probe` |
//! | `qemu[:BOARD]` | a board of this repository, started for it and ended with it: [`qemu`] |

#[cfg(feature = "probe-rs")]
pub mod probe;
pub mod qemu;
pub mod rtt;
pub mod serial;
pub mod tcp;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// How long a write may go without taking a byte.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream of bytes to and from a target.
pub trait Transport: Send {
    /// Reads what came, and waits up to `timeout` for the first byte. 0 says that none came.
    ///
    /// # Errors
    /// The other end is gone ([`io::ErrorKind::UnexpectedEof`], or what the system says).
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize>;

    /// Writes as many of `bytes` as go at once, and waits up to `timeout` for the first. 0 says that none went.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize>;

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`]: nobody took a byte for five seconds. Else as [`read`](Self::read).
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut last = Instant::now();
        while !bytes.is_empty() {
            let count = self.write_some(bytes, Duration::from_millis(100))?;
            bytes = bytes.get(count..).unwrap_or_default();
            if count > 0 {
                last = Instant::now();
            } else if last.elapsed() > WRITE_TIMEOUT {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the target takes nothing",
                ));
            }
        }
        Ok(())
    }
}

/// Where a target is: what `--port` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A serial port or a pseudo-terminal.
    Serial(String),
    /// `HOST:PORT`.
    Tcp(String),
    /// A file that is the target's memory, and the address of its first byte if that is said.
    Rtt(String, Option<u32>),
    /// A chip, and the serial number of the debug probe that it is at, if that is said.
    Probe(String, Option<String>),
    /// A board of the repository, in QEMU.
    Qemu(Option<String>),
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Port, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "tcp" if rest.contains(':') => Ok(Port::Tcp(rest.to_owned())),
            "tcp" => Err("a TCP port is tcp:HOST:PORT, as in tcp:localhost:5555".to_owned()),
            "rtt" if rest.is_empty() => Err("RTT is rtt:FILE or rtt:FILE@ADDRESS".to_owned()),
            "rtt" => rtt_port(rest),
            "probe" => probe_port(rest),
            "qemu" => Ok(Port::Qemu((!rest.is_empty()).then(|| rest.to_owned()))),
            "" => Err("the name of a port is empty".to_owned()),
            _ => Ok(Port::Serial(text.to_owned())),
        }
    }
}

fn rtt_port(text: &str) -> Result<Port, String> {
    let Some((file, address)) = text.rsplit_once("@0x") else {
        return Ok(Port::Rtt(text.to_owned(), None));
    };
    match u32::from_str_radix(address, 16) {
        Ok(address) => Ok(Port::Rtt(file.to_owned(), Some(address))),
        Err(_) => Err(format!("0x{address} is no address of 32 bits")),
    }
}

fn probe_port(text: &str) -> Result<Port, String> {
    let (chip, serial) = match text.split_once('@') {
        Some((chip, serial)) => (chip, Some(serial)),
        None => (text, None),
    };
    match chip.is_empty() || serial == Some("") {
        true => Err(
            "a debug probe is probe:CHIP or probe:CHIP@SERIAL, as in probe:STM32F407VGTx"
                .to_owned(),
        ),
        false => Ok(Port::Probe(chip.to_owned(), serial.map(str::to_owned))),
    }
}

/// Attaches by the debug probe with this serial number, or by the only one.
#[cfg(feature = "probe-rs")]
fn at_probe(chip: &str, serial: Option<&str>) -> io::Result<rtt::Rtt> {
    probe::open(chip, serial)
}

/// Says that this program was built without probe-rs.
#[cfg(not(feature = "probe-rs"))]
fn at_probe(_: &str, _: Option<&str>) -> io::Result<rtt::Rtt> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this llext was built without debug probes",
    ))
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Serial(path) => f.write_str(path),
            Port::Tcp(address) => write!(f, "tcp:{address}"),
            Port::Rtt(file, None) => write!(f, "rtt:{file}"),
            Port::Rtt(file, Some(address)) => write!(f, "rtt:{file}@{address:#x}"),
            Port::Probe(chip, None) => write!(f, "probe:{chip}"),
            Port::Probe(chip, Some(serial)) => write!(f, "probe:{chip}@{serial}"),
            Port::Qemu(None) => f.write_str("qemu"),
            Port::Qemu(Some(board)) => write!(f, "qemu:{board}"),
        }
    }
}

impl Port {
    /// Opens it; a serial port at `baud` bits a second.
    ///
    /// # Errors
    /// It is not there, or somebody else's.
    pub fn open(&self, baud: u32) -> io::Result<Box<dyn Transport>> {
        Ok(match self {
            Port::Serial(path) => Box::new(serial::Serial::open(path, baud)?),
            Port::Tcp(address) => Box::new(tcp::Tcp::connect(address)?),
            Port::Rtt(file, address) => Box::new(rtt::Rtt::open(file.as_ref(), *address)?),
            Port::Probe(chip, serial) => Box::new(at_probe(chip, serial.as_deref())?),
            Port::Qemu(board) => Box::new(qemu::Qemu::start(board.as_deref())?),
        })
    }

    /// What may help when it could not be opened, or does not answer.
    pub fn advice(&self, error: Option<&io::Error>) -> &'static str {
        match (self, error.map(io::Error::kind)) {
            (Port::Serial(_), Some(io::ErrorKind::PermissionDenied)) => {
                "serial ports are for a group of users: `sudo usermod -aG dialout $USER`, then log in again"
            }
            (Port::Serial(_), Some(_)) => {
                "is it plugged in, and has no other program taken it? `ls /dev/ttyUSB* /dev/ttyACM*`"
            }
            (Port::Serial(_), None) => {
                "is llext-shell running on it, at this --baud rate, with nothing else in its console?"
            }
            (Port::Tcp(_), Some(_)) => {
                "start the board first: `cargo xtask run --serial tcp:PORT`, or QEMU with `-serial tcp:HOST:PORT,server`"
            }
            (Port::Rtt(..), Some(_)) => {
                "start the board with `cargo xtask run --rtt`: the file is its memory"
            }
            (Port::Probe(..), Some(kind)) => probe_advice(kind),
            (Port::Probe(..), None) => {
                "is llext-shell with RTT running on that chip, with nothing else in its console?"
            }
            (Port::Qemu(_), Some(_)) => {
                "what cargo said is above; it needs a folder of the repository to be in"
            }
            (_, None) => "is llext-shell running there, with nothing else in its console?",
        }
    }
}

fn probe_advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::Unsupported => {
            "build it with them: `cargo install --path tools --features probe-rs`"
        }
        io::ErrorKind::NotFound => {
            "is it plugged in, and may you use it? Linux wants a udev rule: https://probe.rs/docs/getting-started/probe-setup"
        }
        io::ErrorKind::InvalidInput => "https://probe.rs/targets lists all chips",
        io::ErrorKind::AddrInUse => "say which one: --port probe:CHIP@SERIAL",
        _ => {
            "is the board powered and wired to the probe, and does no other program use the probe?"
        }
    }
}

/// The end of a stream, as an error.
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the other end is closed")
}

/// What a read that may find nothing in time has brought.
fn in_time(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(gone()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(0)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_and_written_alike() {
        for (text, port) in [
            ("/dev/ttyUSB0", Port::Serial("/dev/ttyUSB0".into())),
            ("tcp:localhost:5555", Port::Tcp("localhost:5555".into())),
            ("rtt:a b.ram", Port::Rtt("a b.ram".into(), None)),
            ("rtt:m@0x21000000", Port::Rtt("m".into(), Some(0x2100_0000))),
            (
                "probe:STM32F407VGTx",
                Port::Probe("STM32F407VGTx".into(), None),
            ),
            (
                "probe:nRF52840_xxAA@0668:1",
                Port::Probe("nRF52840_xxAA".into(), Some("0668:1".into())),
            ),
            ("qemu", Port::Qemu(None)),
            ("qemu:rv32-virt", Port::Qemu(Some("rv32-virt".into()))),
        ] {
            assert_eq!(text.parse(), Ok(port.clone()), "{text}");
            assert_eq!(port.to_string(), text);
        }
    }

    #[test]
    fn ports_that_cannot_be_are_refused_with_what_they_look_like() {
        for (text, part) in [
            ("tcp:5555", "tcp:HOST:PORT"),
            ("rtt:", "rtt:FILE"),
            ("rtt:m@0xzz", "no address"),
            ("probe:", "probe:CHIP"),
            ("probe:chip@", "probe:CHIP@SERIAL"),
            ("", "empty"),
        ] {
            let error = text.parse::<Port>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
