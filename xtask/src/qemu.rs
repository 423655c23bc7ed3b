//! The one place that knows QEMU's command line.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol};

use crate::board::{Board, Qemu};

/// How a board is to be run.
pub struct Machine<'a> {
    /// The board.
    pub board: &'a Board,
    /// The firmware's ELF.
    pub firmware: PathBuf,
    /// The littlefs image, of the size that [`crate::image::Image`] gives it.
    pub image: PathBuf,
    /// Words of the firmware's command line after its name.
    pub options: Vec<String>,
    /// Wait for GDB on this port of the local host.
    pub gdb: Option<u16>,
    /// Count instructions: each takes 1024 ns of the machine's time.
    pub icount: bool,
    /// A file for the firmware to use in place.
    pub mapped: Option<PathBuf>,
    /// Write every instruction's address to this file.
    pub trace: Option<PathBuf>,
    /// Where the serial line leads instead of stdin and stdout.
    pub serial: Option<Serial>,
    /// Where QEMU's monitor listens: a Unix socket.
    pub monitor: Option<PathBuf>,
    /// Keep the memory that RTT is in in the file [`Machine::memory`].
    pub rtt: bool,
}

/// Where others find a board's serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serial {
    /// On a pseudo-terminal, whose name QEMU says.
    Pty,
    /// At this TCP port of the local host.
    Tcp(u16),
    /// Nowhere.
    Nowhere,
}

impl FromStr for Serial {
    type Err = String;

    fn from_str(text: &str) -> Result<Serial, String> {
        match (text, text.strip_prefix("tcp:").map(str::parse)) {
            ("pty", _) => Ok(Serial::Pty),
            (_, Some(Ok(port))) => Ok(Serial::Tcp(port)),
            _ => Err("it is `pty` or `tcp:PORT`".to_owned()),
        }
    }
}

impl Machine<'_> {
    /// The host file that holds the memory of RTT while the board runs: the image, or one beside it.
    pub fn memory(&self) -> PathBuf {
        self.own_memory().unwrap_or_else(|| self.image.clone())
    }

    /// The one beside it.
    fn own_memory(&self) -> Option<PathBuf> {
        let mut path = self.image.clone().into_os_string();
        path.push(".ram");
        let has = self.rtt && !self.board.config.qemu.memory.is_empty();
        has.then(|| path.into())
    }

    /// Takes the file away that is left when the run is over, or was from one that was killed: memory begins as zeros.
    pub fn forget_memory(&self) {
        if let Some(file) = self.own_memory() {
            // It need not be there.
            let _ = fs::remove_file(file);
        }
    }

    /// Starts QEMU. Its stdin and stdout are pipes to the board's serial line; it dies with xtask.
    ///
    /// # Errors
    /// QEMU cannot be started.
    pub fn start(&self) -> Result<Child> {
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C of the user's terminal is for xtask to handle.
            .process_group(0);
        die_with_parent(&mut command);
        command
            .spawn()
            .with_context(|| format!("cannot start {}", self.board.config.qemu.program))
    }

    fn command(&self) -> Command {
        let config = &self.board.config;
        let mut command = Command::new(&config.qemu.program);
        command
            .args(&config.qemu.args)
            .args(self.cpu())
            .args(
                config
                    .storage
                    .args
                    .iter()
                    .map(|arg| with_path(arg, "{image}", &self.image)),
            )
            .args(["-nodefaults", "-display", "none"])
            .args(["-chardev", &self.console()])
            .args(["-serial", "chardev:console"])
            .arg("-semihosting-config")
            .arg(self.semihosting());
        if self.rtt {
            let args = config.qemu.memory.iter();
            command.args(args.map(|arg| with_path(arg, "{memory}", &self.memory())));
        }
        if let Some(file) = &self.mapped {
            let args = config.qemu.mapped.iter();
            command.args(args.map(|arg| with_path(arg, "{file}", file)));
        }
        if let Some(socket) = &self.monitor {
            let socket = with_path("unix:{socket},server=on,wait=off", "{socket}", socket);
            command.args(["-monitor", &socket]);
        }
        if self.icount {
            command.args(["-icount", &config.qemu.icount]);
        }
        if let Some(file) = &self.trace {
            // One instruction a block, so that each block that runs is an instruction.
            command.args(["-singlestep", "-d", "exec,nochain", "-D"]);
            command.arg(file);
        }
        if let Some(port) = self.gdb {
            command.args(["-S", "-gdb", &format!("tcp:127.0.0.1:{port}")]);
            command.args(jit_version(&self.firmware));
        }
        command.arg(&config.qemu.firmware).arg(&self.firmware);
        command
    }

    /// The other end of the serial line. What the board says while nobody is connected is lost, as on a cable.
    fn console(&self) -> String {
        match self.serial {
            None => "stdio,id=console,signal=off".to_owned(),
            Some(Serial::Pty) => "pty,id=console".to_owned(),
            Some(Serial::Nowhere) => "null,id=console".to_owned(),
            Some(Serial::Tcp(port)) => {
                format!("socket,id=console,host=127.0.0.1,port={port},server=on,wait=off")
            }
        }
    }

    /// The first CPU of the board's list that this QEMU has with all its properties, if any.
    fn cpu(&self) -> Vec<&str> {
        let Qemu { program, cpus, .. } = &self.board.config.qemu;
        let known = cpus.iter().find(|cpu| knows(program, cpu));
        known.map_or(Vec::new(), |cpu| vec!["-cpu", cpu])
    }

    fn semihosting(&self) -> String {
        let mut text = "enable=on,target=native,arg=llext-shell".to_owned();
        for option in &self.options {
            text.push_str(",arg=");
            text.push_str(option);
        }
        text
    }
}

/// Puts the version of GDB's JIT interface where start-up will put it. GDB reads it as soon as it is there, before the first
/// instruction, and grumbles if it finds the zeros of an emulator's fresh memory.
fn jit_version(firmware: &Path) -> Vec<String> {
    let address = fs::read(firmware).ok().and_then(|bytes| {
        let file = object::File::parse(&*bytes).ok()?;
        Some(file.symbol_by_name("__jit_debug_descriptor")?.address())
    });
    address.map_or_else(Vec::new, |address| {
        let place = format!("loader,addr={address:#x},data=1,data-len=4");
        vec!["-device".to_owned(), place]
    })
}

/// Whether `program` can make such a CPU.
fn knows(program: &str, cpu: &str) -> bool {
    // Without a machine it has nothing to run, and its monitor waits for what it is told.
    let child = Command::new(program)
        .args(["-machine", "none", "-nodefaults", "-display", "none"])
        .args(["-cpu", cpu, "-monitor", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.is_ok_and(|mut child| {
        // It may have ended already, over the CPU.
        let _ = child.stdin.take().map(|mut it| it.write_all(b"quit\n"));
        child.wait().is_ok_and(|status| status.success())
    })
}

/// `arg` with a path in place of `name`. QEMU reads a comma as the end of the path unless it is doubled.
fn with_path(arg: &str, name: &str, path: &Path) -> String {
    arg.replace(name, &path.to_string_lossy().replace(',', ",,"))
}

/// Makes the kernel kill the child when xtask dies, however that happens.
#[expect(unsafe_code, reason = "nothing else runs between fork and exec")]
pub fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let before_exec = move || {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // The parent may have died before the signal was set.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: the closure makes two system calls and neither allocates nor takes a lock, which is
    // what pre_exec demands of code that runs in the forked child.
    unsafe { command.pre_exec(before_exec) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    fn machine(board: &Board) -> Machine<'_> {
        Machine {
            board,
            firmware: "fw.elf".into(),
            image: "a,b.img".into(),
            options: vec!["--plain".to_owned()],
            gdb: Some(3333),
            icount: true,
            mapped: None,
            trace: None,
            serial: None,
            monitor: Some("a,b.sock".into()),
            rtt: true,
        }
    }

    #[test]
    fn the_serial_line_leads_where_it_is_told() {
        let board = Board::load(paths::root(), "mps2-an385").expect("a board");
        for (text, part) in [
            ("pty", "pty,id=console"),
            ("tcp:5555", "port=5555,server=on"),
        ] {
            let machine = Machine {
                serial: text.parse().ok(),
                ..machine(&board)
            };
            assert!(machine.console().contains(part), "{text}");
        }
        assert!("usb".parse::<Serial>().is_err());
        assert!("tcp:x".parse::<Serial>().is_err());
    }

    #[test]
    fn the_command_line_has_what_was_asked_for() {
        for board in Board::all(paths::root()).expect("boards") {
            let line = crate::process::line(&machine(&board).command());
            for part in [
                "a,,b.img",
                "arg=llext-shell,arg=--plain",
                "-icount shift=10",
                "-S -gdb tcp:127.0.0.1:3333",
                " fw.elf",
                "-monitor unix:a,,b.sock,server=on,wait=off",
            ] {
                assert!(line.contains(part), "{part} is not in: {line}");
            }
        }
    }
}
