//! What the commands need of the world: the traits that a firmware (or a test) implements.

use llext::{Llext, Source};
use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// All that a command may touch.
pub struct Context<'a> {
    /// Where a command's text goes.
    pub console: &'a mut dyn Console,
    /// The file system.
    pub files: &'a mut dyn Files,
    /// The loader and what it has loaded.
    pub llext: &'a mut Llext<'static>,
    /// The one door through which extension code is called.
    pub cpu: &'a mut dyn Cpu,
    /// The rest of the machine.
    pub system: &'a mut dyn System,
}

/// The way out to the user. Lines end in `\n`; the console makes of it what its terminal needs.
pub trait Console {
    /// Writes all of `text`.
    fn write(&mut self, text: &[u8]);
    /// Writes a newline, unless the output of shell and extensions stands at the start of a line.
    fn fresh_line(&mut self);
    /// How the console talks to its terminal.
    fn mode(&self) -> Mode;
    /// Switches the mode, from the next prompt on.
    fn set_mode(&mut self, mode: Mode);
    /// Takes a Ctrl-C that was typed and waits; false if there is none.
    fn interrupted(&mut self) -> bool;
}

/// How the console talks to its terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No escape codes at all; lines end in `\n`.
    Plain,
    /// Line editing with ANSI escape codes; lines end in `\r\n`.
    Ansi,
}

/// Takes the contents of a file that is written, piece by piece.
pub type Contents<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), FileError>;

/// A file system with absolute, `/`-separated ASCII paths.
///
/// Closures take the place of open handles: a file is open just as long as one runs.
pub trait Files {
    /// What `path` is.
    fn metadata(&mut self, path: &str) -> Result<Metadata, FileError>;
    /// Opens `path` for reading while `body` runs.
    fn read(&mut self, path: &str, body: &mut dyn FnMut(&mut dyn Source)) -> Result<(), FileError>;
    /// Creates or replaces `path`; `body` writes its contents through the function that it is given.
    /// The old contents stay until the new ones are complete: on an error nothing has changed.
    fn write(
        &mut self,
        path: &str,
        body: &mut dyn FnMut(Contents<'_>) -> Result<(), FileError>,
    ) -> Result<(), FileError>;
    /// Copies the file `from` to `to`, replacing a file that is there. Asks now and then whether to `go_on`; if not, that
    /// is [`FileError::Interrupted`], and nothing has changed.
    fn copy(
        &mut self,
        from: &str,
        to: &str,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), FileError>;
    /// Calls `each` for every entry of the directory `path`, without `.` and `..`.
    fn list(&mut self, path: &str, each: &mut dyn FnMut(&str, Metadata)) -> Result<(), FileError>;
    /// Removes a file or an empty directory.
    fn remove(&mut self, path: &str) -> Result<(), FileError>;
    /// Renames or moves; atomic.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), FileError>;
    /// Makes a directory.
    fn create_dir(&mut self, path: &str) -> Result<(), FileError>;
    /// Size and use of the whole file system.
    fn usage(&mut self) -> Result<Usage, FileError>;
    /// Erases everything and makes an empty file system.
    fn format(&mut self) -> Result<(), FileError>;
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// A file of so many bytes.
    File(usize),
    /// A directory.
    Dir,
}

/// Size of a file system, in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes a block.
    pub block_size: usize,
    /// Blocks in all.
    pub blocks: usize,
    /// Blocks not in use.
    pub free: usize,
}

/// Why the file system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// No such file or directory.
    NotFound,
    /// Something has that name already.
    Exists,
    /// A file where a directory is needed.
    NotADirectory,
    /// A directory where a file is needed.
    IsADirectory,
    /// A directory that is not empty.
    NotEmpty,
    /// No space left.
    Full,
    /// Not ASCII, or longer than the file system takes.
    BadPath,
    /// No file system there, or one that is damaged.
    Corrupt,
    /// The block device failed.
    Device,
    /// The user did not want it any more.
    Interrupted,
    /// What else the file system says, by its own code.
    Other(i32),
}

impl FileError {
    /// What to do about it, where there is something.
    pub fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Full => "`df` shows what is free, `rm` makes room",
            Self::BadPath => "a path has up to 255 ASCII characters",
            Self::Corrupt => "`fs format --yes` makes an empty file system; all files are lost",
            _ => return None,
        })
    }
}

impl uDisplay for FileError {
    fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        out.write_str(match self {
            Self::NotFound => "no such file or directory",
            Self::Exists => "exists already",
            Self::NotADirectory => "not a directory",
            Self::IsADirectory => "is a directory",
            Self::NotEmpty => "directory is not empty",
            Self::Full => "no space left on the file system",
            Self::BadPath => "not a path",
            Self::Corrupt => "no file system, or a damaged one",
            Self::Device => "the device failed",
            Self::Interrupted => "was interrupted by Ctrl-C",
            Self::Other(code) => return uwrite!(out, "file system error {}", *code),
        })
    }
}

/// The one door through which extension code runs.
pub trait Cpu {
    /// Calls `entry` with `args` in the order of the C ABI, on the extension's stack.
    /// What it allocates meanwhile belongs to the extension with the id `owner`.
    fn call(&mut self, owner: llext::ExtensionId, entry: usize, args: &[usize; 8]) -> Outcome;
    /// Reads one byte, or a word of `width` 1, 2 or 4 bytes, at any address; an access that faults is an `Err`.
    fn peek(&mut self, address: usize, width: usize) -> Result<u32, Fault>;
    /// Writes likewise.
    fn poke(&mut self, address: usize, width: usize, value: u32) -> Result<(), Fault>;
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this.
    Returned(u32),
    /// It called `exit` with this status.
    Exited(i32),
    /// It called `abort`.
    Aborted,
    /// Ctrl-C ended it.
    Interrupted,
    /// It faulted.
    Faulted(Fault),
}

/// A fault of the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind, in words: "bus error", "illegal instruction", "stack overflow".
    pub kind: &'static str,
    /// Address of the instruction.
    pub pc: usize,
    /// The address that was accessed, where the CPU tells it.
    pub address: Option<usize>,
}

/// The rest of the machine.
pub trait System {
    /// Name of the board.
    fn board(&self) -> &'static str;
    /// Microseconds since boot.
    fn uptime_us(&self) -> u64;
    /// What the clock under `uptime_us` counts, for measuring: ticks and their frequency in Hz.
    fn ticks(&self) -> u64;
    /// Frequency of `ticks` in Hz.
    fn tick_rate(&self) -> u32;
    /// Microseconds from reset to the first prompt.
    fn ready_us(&self) -> u64;
    /// How often bytes from the terminal were lost since boot, because nobody took them in time.
    fn losses(&self) -> u32;
    /// Bytes that extensions allocated and hold (`malloc`), by owner.
    fn allocated(&self, owner: llext::ExtensionId) -> llext::Usage;
    /// Restarts the machine.
    fn reboot(&mut self) -> !;
    /// Ends the run with this status (an emulator exits; hardware restarts).
    fn exit(&mut self, status: i32) -> !;
}
