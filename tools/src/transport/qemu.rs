//! A board of the repository that is started for one command, and ended with it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Transport, gone};

/// A run of `cargo xtask run` on pipes.
pub struct Qemu {
    run: Child,
    input: File,
    output: File,
}

impl Qemu {
    /// Starts `board`, or the default one.
    ///
    /// # Errors
    /// There is no cargo.
    pub fn start(board: Option<&str>) -> io::Result<Qemu> {
        let mut command = Command::new("cargo");
        command.args(["xtask", "run", "--plain"]);
        if let Some(board) = board {
            command.args(["--board", board]);
        }
        Self::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> io::Result<Qemu> {
        let mut run = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at the user's terminal is for us, who may want to tell the board of it.
            .process_group(0)
            .spawn()?;
        let (Some(input), Some(output)) = (run.stdin.take(), run.stdout.take()) else {
            return Err(gone());
        };
        Ok(Qemu {
            run,
            input: std::os::fd::OwnedFd::from(input).into(),
            output: std::os::fd::OwnedFd::from(output).into(),
        })
    }
}

impl Transport for Qemu {
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize> {
        if !is_ready(self.output.as_fd(), PollFlags::IN, timeout)? {
            return Ok(0);
        }
        match self.output.read(into)? {
            0 => Err(gone()),
            count => Ok(count),
        }
    }

    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        // A pipe that is writable takes this many without waiting.
        let piece = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
        if !is_ready(self.input.as_fd(), PollFlags::OUT, timeout)? {
            return Ok(0);
        }
        self.input.write(piece)
    }
}

fn is_ready(fd: BorrowedFd<'_>, flags: PollFlags, timeout: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
    let mut fds = [PollFd::new(&fd, flags)];
    match poll(&mut fds, Some(&timeout)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Qemu {
    /// Ends the run; the emulator ends with it.
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.run);
        // In order, so that an image that it made is taken away. It may have ended by itself, which is as good.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.run.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_pipes_answers_until_it_ends() {
        let mut cat = Qemu::spawn(&mut Command::new("cat")).expect("cat");
        let mut chunk = [0; 8];
        assert_eq!(cat.read(&mut chunk, Duration::ZERO).expect("silence"), 0);
        cat.write_all(b"hello").expect("it takes them");
        let count = cat.read(&mut chunk, Duration::from_secs(10)).expect("more");
        assert_eq!(&chunk[..count], b"hello");
        cat.run.kill().expect("it runs");
        let error = cat.read(&mut chunk, Duration::from_secs(10)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
