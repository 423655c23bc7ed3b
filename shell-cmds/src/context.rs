//! What the commands need of the world: the traits that a firmware (or a test) implements.

use core::ops::Range;
use llext::{ExtensionId, Llext, Source};
use llext_wire::{Done, Kind, Status};
use ufmt::{Formatter, uDisplay, uWrite, uwrite};
use unwind::Registers;

use crate::LastFault;

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
    /// Whether a person waits for what comes, who may be asked something: at a terminal with ANSI codes, and with nothing typed
    /// ahead. Programs have other consoles.
    fn has_reader(&self) -> bool {
        false
    }
    /// Waits for the next byte that is typed, 3 for Ctrl-C; `None` if nobody is there to type.
    fn read_key(&mut self) -> Option<u8> {
        None
    }
    /// Whether the line broke since frames come over it: nobody waits for more of them.
    fn broken(&mut self) -> bool {
        false
    }

    /// Reads what comes over the line as it is, past the line editor, into a part of `into`: at least a byte, or none if
    /// none came within `timeout_ms`.
    fn read_raw(&mut self, _into: &mut [u8], _timeout_ms: u32) -> usize {
        0
    }
    /// The byte that will be read behind so many others, if it comes within `timeout_ms`. It stays there.
    fn peek_raw(&mut self, _index: usize, _timeout_ms: u32) -> Option<u8> {
        None
    }
    /// Writes `bytes` to the line as they are: no line ends, no frames.
    fn write_raw(&mut self, _bytes: &[u8]) {}
    /// With a request, switches to frames, or goes on to the next request: from now on all that is written leaves in its
    /// frames, and Ctrl-C comes as [`llext_wire::INTERRUPT`]. Without one, this is a terminal again.
    fn set_framed(&mut self, _request: Option<u16>) {}
    /// The request that runs, if what is written leaves in frames.
    fn framed(&self) -> Option<u16> {
        None
    }
    /// Remembers that LEAVE came with this id while a request ran.
    fn leave(&mut self, _id: u16) {}
    /// Takes what was remembered so.
    fn take_leave(&mut self) -> Option<u16> {
        None
    }
    /// Writes a piece of the request's fields; nothing at a terminal. The macro `field!` makes it.
    fn write_fields(&mut self, _text: &[u8]) {}
    /// Sends a frame of the request, after what was written before it.
    fn send(&mut self, _kind: Kind, _payload: &[&[u8]]) {}
    /// Ends the request: sends what was written, and that it ended so.
    fn done(&mut self, status: Status) -> Done {
        Done { status, frames: 0 }
    }
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
    /// Adds to the end of `path`, which is made if it is not there, and marked as unfinished then. What `body` has written stays,
    /// whatever comes after it.
    fn append(
        &mut self,
        path: &str,
        body: &mut dyn FnMut(Contents<'_>) -> Result<(), FileError>,
    ) -> Result<(), FileError>;
    /// Whether `append` made the file `path`, and nobody has finished it: no user's file is.
    fn is_unfinished(&mut self, path: &str) -> Result<bool, FileError>;
    /// Renames `from`, which is not unfinished any more.
    fn finish(&mut self, from: &str, to: &str) -> Result<(), FileError>;
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
    /// Calls a function of an extension.
    fn call(&mut self, call: &Call<'_>) -> Ended;
    /// Where things lie, for those who tell what an address is.
    fn layout(&self) -> Layout;
    /// Reads one byte, or a word of `width` 1, 2 or 4 bytes, at any address; an access that faults is an `Err`.
    fn peek(&mut self, address: usize, width: usize) -> Result<u32, Fault>;
    /// Writes likewise.
    fn poke(&mut self, address: usize, width: usize, value: u32) -> Result<(), Fault>;
}

/// A call into an extension.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The extension. What it allocates meanwhile belongs to it.
    pub owner: ExtensionId,
    /// Address of the function.
    pub entry: usize,
    /// Its arguments, in the order of the C ABI.
    pub args: &'a [usize; 8],
    /// What the call may do.
    pub limits: Limits,
    /// Whether to find out what it takes.
    pub measured: bool,
    /// What is loaded: the code that may run in it.
    pub llext: &'a Llext<'static>,
}

/// What a call may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// Whether it runs without memory protection.
    pub unprotected: bool,
}

/// A call that is over.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// What it took, if that was asked for.
    pub cost: Option<Cost>,
}

/// What a call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The finest count that there is.
    pub count: Count,
    /// Time, in microseconds.
    pub micros: u64,
    /// The most of the stack that was in use, in bytes.
    pub stack: usize,
}

/// A number of something that a machine counts while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Instructions that the CPU executed.
    Instructions(u64),
    /// Cycles of the CPU's clock.
    Cycles(u64),
    /// Ticks of [`System::tick_rate`]: the CPU counts nothing.
    Ticks(u64),
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It returned this.
    Returned(u32),
    /// It did not return.
    Stopped(Stop),
}

/// The end of code that did not come to its end: why, and what the CPU looked like.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Why.
    pub cause: Cause,
    /// The registers at that moment, as far as they are known. Where code called what ended it, they are those of the call,
    /// and the program counter is where it would have gone on.
    pub registers: Registers,
}

/// Why code did not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The CPU faulted.
    Fault(Fault),
    /// It called `exit` with this status.
    Exit(i32),
    /// It called `abort`.
    Abort,
    /// An assertion failed.
    Assertion(Assertion),
    /// Ctrl-C.
    Interrupted,
    /// It took longer than so many milliseconds.
    TimedOut(u32),
    /// The firmware panicked.
    Panic,
}

/// A fault of the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// The address that was accessed, where the CPU tells it.
    pub address: Option<usize>,
}

/// An assertion that failed: where in memory its texts begin, which end with a NUL; 0 if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// What was to be true.
    pub expression: usize,
    /// The source file.
    pub file: usize,
    /// The line in it.
    pub line: u32,
    /// The function.
    pub function: usize,
}

/// Kinds of faults, as the CPUs tell them. The numbers stay: they are in [`LastFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FaultKind {
    /// The stack pointer left the stack.
    StackOverflow = 1,
    /// No memory or device answered.
    Bus = 2,
    /// The same for a load.
    BusLoad = 3,
    /// The same for a store.
    BusStore = 4,
    /// The same for an instruction.
    BusFetch = 5,
    /// Memory protection forbade an access to data.
    Protection = 6,
    /// Memory protection forbade to execute.
    ProtectionFetch = 7,
    /// No such instruction, or one that needs other privileges.
    Instruction = 8,
    /// ARM: a jump to an address without the Thumb bit.
    NoThumb = 9,
    /// ARM: a return from an exception that there was not.
    ExceptionReturn = 10,
    /// ARM: an instruction of a coprocessor that there is not.
    Coprocessor = 11,
    /// An address that is no multiple of what was accessed.
    Unaligned = 12,
    /// A jump to an address where no instruction can begin.
    MisalignedJump = 13,
    /// ARM: a division by zero.
    Division = 14,
    /// A breakpoint that no debugger takes.
    Breakpoint = 15,
    /// A call of an environment that there is not.
    EnvironmentCall = 16,
    /// Something else.
    Other = 17,
    /// A pointer that is null, or close to it.
    Null = 18,
    /// A store where memory protection allows loads.
    ReadOnly = 19,
    /// A jump to memory that has no code.
    Execution = 20,
}

impl FaultKind {
    /// The kind, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::StackOverflow => "stack overflow",
            Self::Bus => "bus error",
            Self::BusLoad => "bus error on a load",
            Self::BusStore => "bus error on a store",
            Self::BusFetch => "bus error on an instruction fetch",
            Self::Protection => "memory protection fault",
            Self::ProtectionFetch => "memory protection fault on an instruction fetch",
            Self::Instruction => "illegal instruction",
            Self::NoThumb => "jump to an address without the Thumb bit",
            Self::ExceptionReturn => "bad exception return",
            Self::Coprocessor => "no such coprocessor",
            Self::Unaligned => "unaligned access",
            Self::MisalignedJump => "jump to a misaligned address",
            Self::Division => "division by zero",
            Self::Breakpoint => "breakpoint",
            Self::EnvironmentCall => "environment call",
            Self::Other => "fault",
            Self::Null => "null pointer",
            Self::ReadOnly => "write to read-only memory",
            Self::Execution => "execution of data",
        }
    }
}

/// Where things lie that are no extension's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What null pointers point to, and what lies near.
    pub null: Range<usize>,
    /// The firmware's code.
    pub code: Range<usize>,
    /// Its constants.
    pub constants: Range<usize>,
    /// Its variables and its own stack.
    pub data: Range<usize>,
    /// The heap for extensions.
    pub heap: Range<usize>,
    /// Memory with files, which extensions may use in place.
    pub files: [Range<usize>; 2],
    /// The stack of extension code.
    pub stack: Range<usize>,
    /// Buffers that a debug probe reads and writes.
    pub rtt: Range<usize>,
    /// What faults below it.
    pub guard: Range<usize>,
    /// The firmware's code that calls extensions: a backtrace ends there.
    pub door: Range<usize>,
}

impl Layout {
    /// Whether `address` is in memory: to read it does nothing, where a device may take it as a command.
    pub fn is_memory(&self, address: usize) -> bool {
        let Self {
            code,
            constants,
            data,
            heap,
            files: [system, others],
            stack,
            rtt,
            ..
        } = self;
        [code, constants, data, heap, system, others, stack, rtt]
            .iter()
            .any(|range| range.contains(&address))
    }
}

/// What a debugger has been told of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Nothing: the firmware has no way to, or the file has no build-id by which a debugger finds it on the host.
    Nothing,
    /// All.
    Whole,
    /// All but the places of so many sections, to spare memory.
    Partly(usize),
    /// Nothing, because there was no memory for it.
    NoMemory,
}

/// The rest of the machine.
pub trait System {
    /// Name of the board.
    fn board(&self) -> &'static str;
    /// How much memory protection holds in a call: "full", "partial", "off".
    fn protection(&self) -> &'static str;
    /// What the firmware was built with.
    fn features(&self) -> &'static [&'static str];
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
    /// Bytes of output since boot that a host who reads memory, as over RTT, came too late for; 0 while there is none.
    fn unread(&self) -> u32;
    /// Bytes that extensions allocated and hold (`malloc`), by owner.
    fn allocated(&self, owner: ExtensionId) -> llext::Usage;
    /// What is remembered of the last fault, over restarts too.
    fn last_fault(&mut self) -> &mut LastFault;
    /// Tells an attached debugger, or one that comes later, of an extension that has not run yet.
    fn announce(&mut self, _extension: &llext::Extension) -> Announced {
        Announced::Nothing
    }
    /// Makes the debugger forget an extension that will not run any more; nothing if it does not know it.
    fn withdraw(&mut self, _id: ExtensionId) {}
    /// Restarts the machine.
    fn reboot(&mut self) -> !;
    /// Ends the run with this status (an emulator exits; hardware restarts).
    fn exit(&mut self, status: i32) -> !;
}
