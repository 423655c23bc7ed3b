//! What a board must give, and what every board then runs.

use core::{
    cell::Cell,
    ops::Range,
    sync::atomic::{AtomicPtr, Ordering::SeqCst},
};

use llext::{ExtensionId, Llext, Usage};
use shell_cmds::context::{Mode, System};

use crate::{
    console::{Output, Port, World, run_shell},
    exec::{self, Door},
    exports,
    storage::{BlockDevice, Buffers, Volume},
};

/// What a board must give. It lives in a `static` of the board's binary.
pub struct Board {
    /// The name of its folder.
    pub name: &'static str,
    /// The user's end: where keys come from, among them the one that ends a call.
    pub terminal: &'static dyn Port,
    /// What the shell and extensions print through; it writes to `terminal`.
    pub output: &'static Output,
    /// The clock, which counts from reset on.
    pub clock: &'static dyn Clock,
    /// Where extensions live and run.
    pub memory: Memory,
    /// Restarts the machine.
    pub reset: fn() -> !,
    /// Ends the run, if something there can; else returns.
    pub exit: fn(i32),
    /// The words that the firmware was started with: `--plain` starts the console in plain mode.
    pub options: fn(&mut [u8]) -> Option<&str>,
}

/// Memory that the firmware's own link knows nothing of.
pub struct Memory {
    /// The heap that extensions are loaded to and allocate from.
    pub heap: Range<usize>,
    /// The stack of extension code, and below it [`exec::GUARD`] bytes where nothing lies. Its start is a
    /// multiple of [`exec::GUARD`], its end of 16.
    pub stack: Range<usize>,
}

/// A clock that never stops or goes back.
pub trait Clock: Sync {
    /// Ticks since reset.
    fn ticks(&self) -> u64;
    /// Ticks a second.
    fn rate(&self) -> u32;

    /// Microseconds since reset.
    fn micros(&self) -> u64 {
        const MICROS: u64 = 1_000_000;
        let (ticks, rate) = (self.ticks(), u64::from(self.rate()));
        let part = |ticks: u64| ticks.checked_div(rate).unwrap_or(0);
        // Seconds apart, so that the product does not overflow.
        let seconds = part(ticks);
        seconds * MICROS + part((ticks - seconds * rate) * MICROS)
    }
}

static CURRENT: AtomicPtr<Board> = AtomicPtr::new(core::ptr::null_mut());

/// The board that runs; `None` before [`run`].
pub fn current() -> Option<&'static Board> {
    // SAFETY: null, or the reference that `run` was given, which is 'static and only ever shared.
    unsafe { CURRENT.load(SeqCst).as_ref() }
}

/// Runs the firmware on `board`, with the file system on `device`.
///
/// # Safety
/// Called once. Nothing else uses `board.memory`.
pub unsafe fn run<D: BlockDevice>(board: &'static Board, device: D) -> ! {
    CURRENT.store(core::ptr::from_ref(board).cast_mut(), SeqCst);
    // SAFETY: the caller's promise.
    unsafe {
        exec::start(&board.memory.stack);
        exports::start(&board.memory.heap);
    }
    if plain(board) {
        board.output.set_mode(Mode::Plain);
        board.output.switch_mode();
    }
    let mut buffers = Buffers::new(device);
    let mut files = Volume::mount(&mut buffers);
    shell_cmds::forget_scripts(&mut files);
    let mut llext = Llext::new(exports::heap(), exports::table(), llext::machine::NATIVE)
        .with_allocations(exports::allocations());
    let mut cpu = Door {
        terminal: board.terminal,
    };
    let mut system = Machine {
        board,
        ready_us: Cell::new(0),
    };
    if !files.is_mounted() {
        board.output.write(
            b"No file system: the image is blank or damaged.\n\
              hint: `fs format --yes` makes an empty one and erases what is there.\n",
        );
    }
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

/// Whether the firmware was started with `--plain`.
fn plain(board: &Board) -> bool {
    /// Longer command lines are not read: nothing here takes so many words.
    const LONGEST: usize = 128;
    let mut buffer = [0; LONGEST];
    (board.options)(&mut buffer)
        .is_some_and(|line| line.split_ascii_whitespace().any(|word| word == "--plain"))
}

/// The rest of the machine, for the commands.
struct Machine {
    board: &'static Board,
    ready_us: Cell<u64>,
}

impl System for Machine {
    fn board(&self) -> &'static str {
        self.board.name
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

    fn allocated(&self, owner: ExtensionId) -> Usage {
        exports::allocations().usage(owner)
    }

    fn reboot(&mut self) -> ! {
        (self.board.reset)()
    }

    fn exit(&mut self, status: i32) -> ! {
        (self.board.exit)(status);
        (self.board.reset)()
    }
}
