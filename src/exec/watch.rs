//! The watch over a call: while one runs, the board's alarm comes every [`PERIOD_US`], and does what the call may keep from
//! happening by itself. It
//!
//! - takes in what was typed, in case the call masked the receive interrupt: a Ctrl-C is among it, perhaps;
//! - ends a call whose time is over.
//!
//! It also comes as often while somebody waits for input, but not for ever ([`sleep_within`]).
//!
//! How far this reaches is up to the alarm. Where it is an NMI (ARM), whatever the extension masks is no matter. On RISC-V
//! the machine timer's interrupt is masked with all others; then the exports look themselves, whenever one is called.

use core::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use critical_section::Mutex;
use shell_cmds::context::Cause;

use super::{INTERRUPTED, PENDING, RUNNING, TIMED_OUT, ask, sleep_until};
use crate::board::{self, Board};

/// How often the alarm comes, in microseconds; a sleeping CPU wakes as often.
pub(super) const PERIOD_US: u32 = 20_000;
/// How long what is typed may wait behind a full queue before it is thrown away. Until then nothing is lost to a sender
/// with flow control; from then on Ctrl-C is found behind it.
const PATIENCE_MS: u32 = 5000;

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

/// Somebody waits for the clock. Again and again, because an alarm may come just before the CPU falls asleep.
static WAITING: AtomicBool = AtomicBool::new(false);

/// Sleeps until `ready`, which an interrupt brings about, or for `limit_ms`. Not for extension code.
pub fn sleep_within(ready: impl Fn() -> bool, limit_ms: u32) {
    let Some(board) = board::current().filter(|_| !ready()) else {
        return;
    };
    let end = board.clock.micros() + u64::from(limit_ms) * 1000;
    WAITING.store(true, SeqCst);
    board.alarm.set(PERIOD_US);
    sleep_until(|| ready() || board.clock.micros() >= end);
    WAITING.store(false, SeqCst);
    board.alarm.stop();
}

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
    if WAITING.load(SeqCst) {
        return board.alarm.set(PERIOD_US);
    }
    if !RUNNING.load(SeqCst) {
        return board.alarm.stop();
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
