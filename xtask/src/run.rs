//! `cargo xtask run`: a board's shell on the user's terminal or pipes.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

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
    /// Type this line at the first prompt, before anything else (repeatable)
    #[arg(long = "type", value_name = "LINE")]
    typed: Vec<String>,
    /// Run this firmware ELF instead of building the project's own
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
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
            serial: self.serial.clone(),
        };
        self.explain(&board);
        Ok(status(&console::attach(machine.start()?, &self.typed)?))
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
            eprintln!("xtask: {}; Ctrl-] x quits", board.config.description);
        }
    }
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
