//! What a board must give.

use core::{
    ops::Range,
    sync::atomic::{AtomicPtr, Ordering::SeqCst},
};

pub use crate::stack::stack_in;
use crate::{
    console::{Output, Port, Wait},
    exec,
    exports::Offer,
    protect::Areas,
    stack::GUARD,
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
    /// What looks after calls.
    pub alarm: &'static dyn Alarm,
    /// What extensions may use: [`exports!`](crate::exports), with groups of the board's own if it has any.
    pub exports: &'static Offer,
    /// Where extensions live and run.
    pub memory: Memory,
    /// What they may do to memory: [`Areas::of`] `memory`.
    pub protection: Areas,
    /// Sets the devices right that the prompt needs, whatever a call made of them: what they have received is kept.
    pub restore: fn(),
    /// Restarts the machine.
    pub reset: fn() -> !,
    /// Ends the run, if something there can; else returns.
    pub exit: fn(i32),
    /// The words that the firmware was started with: `--plain` starts the console in plain mode.
    pub options: fn(&mut [u8]) -> Option<&str>,
}

/// Where what lies. [`protect`](crate::protect) says what may be done with it.
pub struct Memory {
    /// What null pointers point to, and what lies near: nothing that anybody uses.
    pub null: Range<usize>,
    /// The firmware's code and constants.
    pub image: Range<usize>,
    /// What a reset runs through outside the image; empty if there is nothing.
    pub rom: Range<usize>,
    /// The heap for what only the loader writes: text, constants, and its records. Without the feature `protect` it is not used.
    pub code: Range<usize>,
    /// The heap for what extensions write: their variables, and what they allocate. Without the feature `protect`, for all.
    pub heap: Range<usize>,
    /// The file system's memory, if it is memory.
    pub storage: Range<usize>,
    /// The stack of extension code, and below it [`GUARD`] bytes where nothing lies: what [`stack_in`] gives.
    pub stack: Range<usize>,
    /// What a debug probe or an emulator's host reads and writes while the firmware runs: RTT (the link script's `REGION_RTT`).
    /// Calls may write there: they print.
    pub rtt: Range<usize>,
    /// Where files may lie that are used in place: memory that nobody writes while the firmware runs; empty if there is none.
    pub files: Range<usize>,
}

impl Memory {
    /// The heap that the loader's records lie in.
    pub const fn records(&self) -> &Range<usize> {
        if cfg!(feature = "protect") {
            &self.code
        } else {
            &self.heap
        }
    }

    /// The guard below the extension's stack.
    pub const fn guard(&self) -> Range<usize> {
        self.stack.start.saturating_sub(GUARD)..self.stack.start
    }
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

/// How [`Ports`](crate::console::Ports) wait on the board that runs.
pub const WAIT: Wait = Wait {
    sleep_until: |polled, ready| exec::sleep_until(polled, ready),
    now_ms: || current().map_or(0, |board| (board.clock.micros() / 1000) as u32),
};

/// An interrupt that comes when it was asked for: it wakes a CPU that sleeps, and ends a call that does not end. The board
/// gives it to [`exec`](crate::exec) (RISC-V: `MachineTimer`; ARM: `NonMaskableInt`, both defined there).
///
/// The less a call can do about it, the better: an interrupt that cannot be masked ends every call.
pub trait Alarm: Sync {
    /// Comes so many microseconds from now, once; what was asked for before is forgotten, and what came is acknowledged.
    fn set(&self, microseconds: u32);
    /// Does not come any more.
    fn stop(&self);
}

static CURRENT: AtomicPtr<Board> = AtomicPtr::new(core::ptr::null_mut());

/// Makes `board` the one that runs.
pub(crate) fn install(board: &'static Board) {
    CURRENT.store(core::ptr::from_ref(board).cast_mut(), SeqCst);
}

/// The board that runs; `None` before [`run`](crate::run()).
pub fn current() -> Option<&'static Board> {
    // SAFETY: null, or the reference that `install` was given, which is 'static and only ever shared.
    unsafe { CURRENT.load(SeqCst).as_ref() }
}
