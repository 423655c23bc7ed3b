//! What every board runs: from reset to the shell.

use core::cell::Cell;

use llext::{Extension, ExtensionId, Llext, Usage};
use shell_cmds::{
    LastFault,
    context::{Announced, Mode, System},
};

use crate::{
    board::{self, Board},
    console::{World, run_shell},
    debugger,
    exec::{self, Door},
    exports, fatal, protect,
    storage::{BlockDevice, Buffers, Volume},
};

/// Runs the firmware on `board`, with the file system on `device`.
///
/// # Safety
/// Called once. Nothing else uses `board.memory`.
pub unsafe fn run<D: BlockDevice>(board: &'static Board, device: D) -> ! {
    board::install(board);
    // SAFETY: the caller's promise.
    unsafe {
        protect::start(board);
        exec::start(&board.memory.stack);
        // The heap is as the last run left it, until it is started.
        debugger::forget_all(board.memory.records());
        exports::start(&board.memory);
    }
    if plain(board) {
        board.output.set_mode(Mode::Plain);
        board.output.switch_mode();
    }
    let mut buffers = Buffers::new(device);
    let mut files = Volume::mount(&mut buffers);
    shell_cmds::forget_scripts(&mut files);
    let mut llext = Llext::new(
        exports::heap(),
        board.exports.exports,
        llext::machine::NATIVE,
    )
    .with_protection(protect::POLICY)
    .with_abi(board.exports.abi)
    .with_thread_pointer(exports::thread_pointer())
    .with_allocations(exports::allocations());
    debugger::show(&mut llext);
    let mut cpu = Door { board };
    let mut system = Machine {
        board,
        ready_us: Cell::new(0),
        // SAFETY: once; the other user is the end of the firmware.
        last_fault: unsafe { fatal::last_fault() },
    };
    if !files.is_mounted() {
        board.output.write(
            b"No file system: the image is blank or damaged.\n\
              hint: `fs format --yes` makes an empty one and erases what is there.\n",
        );
    }
    tell_restart(board, system.last_fault);
    system.ready_us.set(board.clock.micros());
    let world = World {
        files: &mut files,
        llext: &mut llext,
        cpu: &mut cpu,
        system: &mut system,
    };
    run_shell(board.terminal, board.output, world);
    system.exit(0)
}

/// Says so if the firmware restarted because it had failed.
fn tell_restart(board: &Board, last: &mut LastFault) {
    if !last.take_restarted() {
        return;
    }
    let report = last.text().unwrap_or_default();
    let why = report.split(|byte| *byte == b'\n').next();
    let why = why.and_then(|line| line.strip_prefix(b"error: "));
    board.output.write(b"restarted after ");
    board.output.write(why.unwrap_or(b"a fault"));
    board
        .output
        .write(b"\nhint: `llext fault` prints the whole report\n");
}

/// Whether the firmware was started with `--plain`.
fn plain(board: &Board) -> bool {
    /// Longer command lines are not read: nothing here takes so many words.
    const LONGEST: usize = 128;
    let mut buffer = [0; LONGEST];
    (board.options)(&mut buffer)
        .is_some_and(|line| line.split_ascii_whitespace().any(|word| word == "--plain"))
}

/// What the firmware is built with, as `version` tells it.
const FEATURES: &[&str] = &[
    #[cfg(feature = "uart")]
    "uart",
    #[cfg(feature = "rtt")]
    "rtt",
    #[cfg(feature = "machine")]
    "machine",
    #[cfg(feature = "transfer")]
    "transfer",
    #[cfg(feature = "gdb-jit")]
    "gdb-jit",
    #[cfg(feature = "protect")]
    "protect",
    #[cfg(feature = "slid")]
    "slid",
    #[cfg(feature = "host-files")]
    "host-files",
    #[cfg(feature = "mapped-files")]
    "mapped-files",
    #[cfg(feature = "libc")]
    "libc",
    #[cfg(feature = "kernel")]
    "kernel",
    #[cfg(feature = "heap")]
    "heap",
    #[cfg(feature = "compiler")]
    "compiler",
];

/// The rest of the machine, for the commands.
struct Machine {
    board: &'static Board,
    ready_us: Cell<u64>,
    last_fault: &'static mut LastFault,
}

impl System for Machine {
    fn board(&self) -> &'static str {
        self.board.name
    }

    fn protection(&self) -> &'static str {
        protect::extent()
    }

    fn uptime_us(&self) -> u64 {
        self.board.clock.micros()
    }

    fn ticks(&self) -> u64 {
        self.board.clock.ticks()
    }

    fn tick_rate(&self) -> u32 {
        self.board.clock.rate()
    }

    fn ready_us(&self) -> u64 {
        self.ready_us.get()
    }

    fn losses(&self) -> u32 {
        self.board.terminal.losses()
    }

    fn unread(&self) -> u32 {
        self.board.terminal.unread()
    }

    fn features(&self) -> &'static [&'static str] {
        FEATURES
    }

    fn allocated(&self, owner: ExtensionId) -> Usage {
        exports::allocations().usage(owner)
    }

    fn last_fault(&mut self) -> &mut LastFault {
        self.last_fault
    }

    fn announce(&mut self, extension: &Extension) -> Announced {
        debugger::announce(extension, exports::heap())
    }

    fn withdraw(&mut self, id: ExtensionId) {
        debugger::withdraw(id, exports::heap());
    }

    fn reboot(&mut self) -> ! {
        (self.board.reset)()
    }

    fn exit(&mut self, status: i32) -> ! {
        (self.board.exit)(status);
        (self.board.reset)()
    }
}
