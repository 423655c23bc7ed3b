//! The watch over a call: while one runs, the board's alarm comes every [`PERIOD_US`], and does what the call may keep from
//! happening by itself. It
//!
//! - takes in what was typed, in case the call masked the receive interrupt: a Ctrl-C is among it, perhaps;
//! - ends a call whose time is over.
//!
//! It also wakes the CPU while somebody waits for input that no interrupt tells of ([`Naps`]).
//!
//! How far this reaches is up to the alarm. Where it is an NMI (ARM), whatever the extension masks is no matter. On RISC-V
//! the machine timer's interrupt is masked with all others; then the exports look themselves, whenever one is called.

use core::{
    cell::Cell,
    ops::Range,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
};

use critical_section::Mutex;
use shell_cmds::context::Cause;

use super::{INTERRUPTED, PENDING, RUNNING, TIMED_OUT, ask};
use crate::board::{self, Board};

/// How often the alarm comes, in microseconds; a sleeping CPU wakes as often.
pub(super) const PERIOD_US: u32 = 20_000;
/// How long what is typed may wait behind a full queue before it is thrown away. Until then nothing is lost to a sender
/// with flow control; from then on Ctrl-C is found behind it.
const PATIENCE_MS: u32 = 5000;

/// How long the CPU naps that has to look by itself whether input came, in microseconds: at first, when more is likely to come
/// soon, and at most.
const NAP_US: Range<u32> = 250..16_000;
/// How long the present nap is; 0 while nobody naps.
static NAP: AtomicU32 = AtomicU32::new(0);

/// Naps, each twice as long as the one before. When this is dropped, the alarm does not come any more.
pub(super) struct Naps(u32);

impl Naps {
    /// No nap yet.
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Sets the alarm for the next one.
    pub(super) fn begin(&mut self) {
        let next = (self.0 * 2).clamp(NAP_US.start, NAP_US.end);
        self.begin_for(next);
    }

    /// Sets the alarm for the next one, or where nobody has to look, after `microseconds`.
    #[cfg(target_arch = "riscv32")]
    pub(super) fn begin_or(&mut self, polled: bool, microseconds: u32) {
        if polled {
            self.begin();
        } else {
            self.begin_for(microseconds);
        }
    }

    fn begin_for(&mut self, microseconds: u32) {
        self.0 = microseconds;
        NAP.store(microseconds, SeqCst);
        if let Some(board) = board::current() {
            board.alarm.set(microseconds);
        }
    }
}

impl Drop for Naps {
    fn drop(&mut self) {
        NAP.store(0, SeqCst);
        if let Some(board) = board::current().filter(|_| self.0 > 0) {
            board.alarm.stop();
        }
    }
}

/// What the watch knows. Times are in ticks of the board's clock.
struct Watch {
    /// When the call's time is over.
    deadline: Cell<u64>,
    /// The same as it was asked for: milliseconds from the start.
    limit_ms: Cell<u32>,
    /// Since when the queue of what was typed is full; 0 while it is not.
    full: Cell<u64>,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch {
    deadline: Cell::new(u64::MAX),
    limit_ms: Cell::new(0),
    full: Cell::new(0),
});

/// Begins to watch a call, which may take `limit_ms`.
pub(super) fn begin(board: &Board, limit_ms: Option<u32>) {
    let now = board.clock.ticks();
    critical_section::with(|cs| {
        let watch = WATCH.borrow(cs);
        let deadline = limit_ms.map_or(u64::MAX, |limit| now + ticks(board, limit));
        watch.deadline.set(deadline);
        watch.limit_ms.set(limit_ms.unwrap_or(0));
        watch.full.set(0);
        // From here on the alarm asks for the next one: it must know the deadline.
        RUNNING.store(true, SeqCst);
        watch.set_alarm(board, now);
    });
}

/// The call is over.
pub(super) fn finish(board: &Board) {
    // First, so that an alarm that comes meanwhile is the last.
    RUNNING.store(false, SeqCst);
    board.alarm.stop();
}

/// Why the call is to end; `None` if it is not.
pub(super) fn cause() -> Option<Cause> {
    match PENDING.load(SeqCst) {
        INTERRUPTED => Some(Cause::Interrupted),
        TIMED_OUT => Some(Cause::TimedOut(critical_section::with(|cs| {
            WATCH.borrow(cs).limit_ms.get()
        }))),
        _ => None,
    }
}

/// From the alarm's handler. Where it interrupted another handler, all waits for the next alarm.
pub(super) fn alarm(in_thread: bool) {
    let Some(board) = board::current() else {
        return;
    };
    if !RUNNING.load(SeqCst) {
        return match NAP.load(SeqCst) {
            0 => board.alarm.stop(),
            // It may have come before the CPU slept.
            nap => board.alarm.set(nap),
        };
    }
    critical_section::with(|cs| {
        let watch = WATCH.borrow(cs);
        let now = board.clock.ticks();
        if in_thread {
            watch.look(board, now);
        }
        watch.set_alarm(board, now);
    });
}

/// From an export that was called with interrupts masked, if not all of them.
pub(super) fn look_masked() {
    if let Some(board) = board::current() {
        critical_section::with(|cs| WATCH.borrow(cs).look(board, board.clock.ticks()));
    }
}

impl Watch {
    fn look(&self, board: &Board, now: u64) {
        if !RUNNING.load(SeqCst) {
            return;
        }
        if !board.terminal.poll() {
            self.full.set(0);
        } else if since(&self.full, now) >= ticks(board, PATIENCE_MS) {
            board.terminal.drop_excess();
        }
        if now >= self.deadline.get() {
            ask(TIMED_OUT);
        }
    }

    /// Asks for the next alarm, which comes when the time is over if that is sooner. Once it is over nothing is urgent: an
    /// alarm that came again at once would leave no time for anything else.
    fn set_alarm(&self, board: &Board, now: u64) {
        let left = self.deadline.get().saturating_sub(now);
        let left = u32::try_from(left).unwrap_or(0);
        let microseconds = match left.checked_div(board.clock.rate() / 1_000_000) {
            Some(left @ 1..PERIOD_US) => left + 1,
            _ => PERIOD_US,
        };
        board.alarm.set(microseconds);
    }
}

/// Ticks since `start`, which is now if it was not set.
fn since(start: &Cell<u64>, now: u64) -> u64 {
    if start.get() == 0 {
        start.set(now);
    }
    now - start.get()
}

fn ticks(board: &Board, ms: u32) -> u64 {
    u64::from(ms) * u64::from(board.clock.rate() / 1000)
}
