//! `cargo xtask run`: a board's shell on the user's terminal or pipes.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Child, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use llext_tools::console::Options;
use llext_tools::transport::rtt::Rtt as Memory;

use crate::board::Board;
use crate::console::{self, End};
use crate::firmware;
use crate::image::{Added, Image, Request};
use crate::paths;
use crate::qemu::{Machine, Serial};
use crate::tools;

/// Port on which GDB is awaited if the user names none.
pub const GDB_PORT: u16 = 3333;

/// The board that is run if the user names none.
pub const DEFAULT_BOARD: &str = "mps2-an385";

/// Run a board in QEMU, with its serial console on stdin and stdout
///
/// On a terminal, Ctrl-C and all other keys go to the shell; Ctrl-] x quits.
/// Piped input runs as a script: the run ends after its last command.
#[derive(Args)]
pub struct Run {
    /// Board to run: a folder of boards/
    #[arg(long, value_name = "NAME", default_value = DEFAULT_BOARD)]
    board: String,
    /// Copy a host file to the image first; its default place is /ext/BASENAME
    #[arg(long, value_name = "HOST_FILE[:TARGET_PATH]")]
    add: Vec<Added>,
    /// Use and keep this littlefs image; made if it does not exist
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Make the image anew
    #[arg(long)]
    fresh: bool,
    /// Put a host file into memory for `llext load flash:ADDRESS`, where board.toml says
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Wait for GDB before the first instruction
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "3333")]
    gdb: Option<u16>,
    /// Count instructions: each takes 1024 ns of the board's time
    #[arg(long)]
    icount: bool,
    /// Leave the serial line to others: `pty`, or `tcp:PORT` of the local host
    #[arg(long, value_name = "WHERE")]
    serial: Option<Serial>,
    /// Let QEMU's monitor listen at this Unix socket
    #[arg(long, value_name = "SOCKET")]
    monitor: Option<PathBuf>,
    /// Type this line at the first prompt, before anything else (repeatable)
    #[arg(long = "type", value_name = "LINE")]
    typed: Vec<String>,
    /// Run this firmware ELF instead of building the project's own
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    /// Take RTT for the console, as a debug probe would; the serial line leads nowhere
    #[arg(long, conflicts_with = "serial")]
    rtt: bool,
    /// No escape codes; the default when TERM=dumb or stdout is no terminal
    #[arg(long, conflicts_with = "ansi")]
    plain: bool,
    /// Line editing with escape codes; the default otherwise
    #[arg(long)]
    ansi: bool,
}

impl Run {
    /// Runs the board until its shell exits or the user quits.
    ///
    /// # Errors
    /// Something is missing, does not build, or the image cannot be used.
    pub fn run(self) -> Result<ExitCode> {
        let board = Board::load(paths::root(), &self.board)?;
        let mut needed = tools::to_run(&board);
        needed.extend(tools::to_build(&board));
        tools::install(&needed)?;
        let firmware = match &self.firmware {
            Some(file) => file.clone(),
            None => firmware::build(&board)?,
        };
        let image = Image::prepare(
            &board,
            &Request {
                file: self.image.clone(),
                fresh: self.fresh,
                add: self.add.clone(),
            },
        )?;
        let machine = Machine {
            board: &board,
            firmware,
            image: image.path().to_owned(),
            options: if self.is_plain() {
                vec!["--plain".to_owned()]
            } else {
                Vec::new()
            },
            gdb: self.gdb,
            icount: self.icount,
            mapped: self.map.clone(),
            trace: None,
            serial: match self.rtt {
                true => Some(Serial::Nowhere),
                false => self.serial.clone(),
            },
            monitor: self.monitor.clone(),
            rtt: true,
        };
        self.explain(&board);
        machine.forget_memory();
        let end = match self.rtt {
            true => over_rtt(&machine, &self.typed),
            false => console::attach(machine.start()?, &self.typed),
        };
        machine.forget_memory();
        Ok(status(&end?))
    }

    fn is_plain(&self) -> bool {
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        self.plain || (!self.ansi && (dumb || !io::stdout().is_terminal()))
    }

    /// What a person at the terminal should know.
    fn explain(&self, board: &Board) {
        if let Some(port) = self.gdb {
            let flag = if port == GDB_PORT {
                String::new()
            } else {
                format!(" --port {port}")
            };
            eprintln!("xtask: waiting for GDB on 127.0.0.1:{port}; in another terminal:");
            eprintln!("xtask:     cargo xtask gdb --board {}{flag}", board.name);
        }
        if io::stdin().is_terminal() {
            let keys = if self.rtt { "Ctrl-]" } else { "Ctrl-] x" };
            eprintln!("xtask: {}; {keys} quits", board.config.description);
        }
    }
}

/// Runs `machine` with its RTT at the user's terminal or pipes, as if the lines of `typed` had been typed first.
fn over_rtt(machine: &Machine<'_>, typed: &[String]) -> Result<End> {
    let mut emulator = machine.start()?;
    let ended = talk_rtt(machine, &mut emulator, typed);
    if !matches!(ended, Ok(End::Exited(_))) {
        // It may have ended by itself meanwhile, which is as good.
        let _ = emulator.kill();
        emulator.wait().context("waiting for the emulator")?;
    }
    ended
}

fn talk_rtt(machine: &Machine<'_>, emulator: &mut Child, typed: &[String]) -> Result<End> {
    /// An end of the line that was begun, and Ctrl-D, which the shell takes for `exit`.
    const LEAVE: &[u8] = b"\n\x04";
    let memory = machine.memory();
    let link = loop {
        // The emulator makes the file, and gives it its length.
        match Memory::open(&memory, None) {
            Ok(link) => break link,
            Err(error) if emulator.try_wait()?.is_some() => {
                return Err(error).with_context(|| paths::shown(&memory));
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut status = None;
    let options = Options {
        reopen: None,
        typed: typed
            .iter()
            .flat_map(|line| line.bytes().chain([b'\n']))
            .collect(),
        last: LEAVE.to_vec(),
        is_over: &mut || {
            status = emulator.try_wait().unwrap_or_default();
            status.is_some()
        },
    };
    let end = llext_tools::console::attach(Box::new(link), options)?;
    Ok(match (end, status) {
        (llext_tools::console::End::Over, Some(status)) => End::Exited(status),
        (llext_tools::console::End::Signal(signal), _) => End::Signal(signal),
        _ => End::Quit,
    })
}

/// The status that the shell's `exit` gave, or 128 and the signal that ended the run.
fn status(end: &End) -> ExitCode {
    match end {
        End::Exited(status) => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
        End::Quit => ExitCode::SUCCESS,
        End::Signal(signal) => {
            ExitCode::from(128_u8.saturating_add(u8::try_from(*signal).unwrap_or(0)))
        }
    }
}
