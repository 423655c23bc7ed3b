//! What a call takes.
//!
//! *Stack.* It is painted before the call, and what the paint is gone from afterwards was used. Only for a call that is
//! measured: for 32 KiB that is some 20,000 instructions.
//!
//! *Work.* CPUs count cycles (ARM) or instructions (RISC-V), if they have that counter; emulators may show theirs, or the
//! host's, or nothing. So the counter is tried out: two loops of as many instructions, one of them with many branches, are
//! timed twice. Where all four take the same, the count is one of instructions, however many units each is worth; a clock in
//! the place of the counter passes, too, where each instruction takes the same time (QEMU with `-icount`). Else a counter
//! of cycles is taken at its word, and if there is none the board's clock tells ticks.
//!
//! What the door itself takes is measured with a function that does nothing, and taken off. What the watch takes (see
//! `watch`) is not: some 400 instructions every 20 ms.

use core::{arch::global_asm, ops::Range};

use shell_cmds::context::{Cost, Count};

use super::{cpu, exec_call};
use crate::board::Board;

#[cfg(target_arch = "arm")]
global_asm!(
    ".section .text.exec_loops, \"ax\"",
    ".global exec_nothing, exec_straight, exec_branches",
    ".type exec_nothing, %function",
    ".type exec_straight, %function",
    ".type exec_branches, %function",
    ".thumb_func",
    "exec_straight:",
    "1: .rept 6",
    "nop",
    ".endr",
    "subs r0, #1",
    "bne 1b",
    ".thumb_func",
    "exec_nothing:",
    "bx lr",
    ".thumb_func",
    "exec_branches:",
    "1: subs r0, #1",
    "bne 1b",
    "bx lr",
);

#[cfg(target_arch = "riscv32")]
global_asm!(
    ".section .text.exec_loops, \"ax\"",
    ".global exec_nothing, exec_straight, exec_branches",
    ".type exec_nothing, @function",
    ".type exec_straight, @function",
    ".type exec_branches, @function",
    "exec_straight:",
    "1: .rept 6",
    "nop",
    ".endr",
    "addi a0, a0, -1",
    "bnez a0, 1b",
    "exec_nothing:",
    "ret",
    "exec_branches:",
    "1: addi a0, a0, -1",
    "bnez a0, 1b",
    "ret",
);

const PAINT: u32 = 0xc5c5_c5c5;
const WORD: usize = size_of::<u32>();

/// Instructions of each of the two loops.
const LOOP: u64 = 1 << 12;
/// How often they are timed: an interrupt may have come between.
const TRIES: usize = 4;

/// A counter that has 32 bits may have started anew in so many microseconds.
const LONG_US: u64 = 5_000_000;

unsafe extern "C" {
    /// Returns.
    fn exec_nothing();
    /// [`LOOP`] instructions, if the argument is an eighth of it.
    fn exec_straight();
    /// The same, if it is a half of it.
    fn exec_branches();
}

/// Fills the stack of extension code with paint.
///
/// # Safety
/// Nobody runs on `stack`, which is memory, and aligned.
unsafe fn paint(stack: &Range<usize>) {
    for place in stack.clone().step_by(WORD) {
        // SAFETY: the caller's promise.
        unsafe { (place as *mut u32).write_volatile(PAINT) };
    }
}

/// Bytes from the top of the stack down to the lowest where the paint is gone.
///
/// # Safety
/// As [`paint`].
unsafe fn used(stack: &Range<usize>) -> usize {
    stack
        .clone()
        .step_by(WORD)
        // SAFETY: the caller's promise.
        .find(|&place| unsafe { (place as *const u32).read_volatile() } != PAINT)
        .map_or(0, |lowest| stack.end - lowest)
}

/// Readings, or differences of them.
#[derive(Clone, Copy)]
struct Reading {
    /// Of the CPU's own counter. A difference is `None` without one, and where it may have started anew more than once.
    cpu: Option<u64>,
    /// Of the board's clock.
    clock: u64,
}

impl Reading {
    fn now(board: &Board) -> Self {
        Self {
            cpu: cpu::counter(),
            clock: board.clock.ticks(),
        }
    }

    fn since(&self, start: &Self, board: &Board) -> Self {
        let clock = self.clock.wrapping_sub(start.clock);
        let counts = cpu::COUNTER_MAX == u64::MAX || micros(board, clock) < LONG_US;
        let cpu = self.cpu.zip(start.cpu).filter(|_| counts);
        Self {
            cpu: cpu.map(|(end, start)| end.wrapping_sub(start) & cpu::COUNTER_MAX),
            clock,
        }
    }

    /// Without what the door takes.
    fn without(&self, door: &Self) -> Self {
        Self {
            cpu: (self.cpu.zip(door.cpu)).map(|(cpu, door)| cpu.saturating_sub(door)),
            clock: self.clock.saturating_sub(door.clock),
        }
    }
}

/// What counts.
#[derive(Clone, Copy)]
enum Unit {
    /// A counter of which so many units are [`LOOP`] instructions.
    Instructions {
        counter: fn(&Reading) -> Option<u64>,
        units: u64,
    },
    /// The CPU's counter.
    Cycles,
    /// The board's clock.
    Ticks,
}

impl Unit {
    /// Instructions, where one of the counters gives the same for every loop.
    fn of_steady(loops: [Reading; 4]) -> Option<Self> {
        let unit = |counter: fn(&Reading) -> Option<u64>| {
            let units = steady(loops.map(|took| counter(&took).unwrap_or(0)))?;
            Some(Self::Instructions { counter, units })
        };
        unit(|took| took.cpu).or_else(|| unit(|took| Some(took.clock)))
    }

    /// What there is where none does.
    fn of(loops: [Reading; 4]) -> Self {
        if cpu::COUNTS_CYCLES && loops.iter().all(|took| took.cpu > Some(0)) {
            Self::Cycles
        } else {
            Self::Ticks
        }
    }
}

/// A measurement of one call.
pub(super) struct Measurement {
    board: &'static Board,
    stack: Range<usize>,
    unit: Unit,
    /// What the door takes.
    door: Reading,
    took: Reading,
}

impl Measurement {
    /// Gets ready to measure a call.
    ///
    /// # Safety
    /// No call runs, or is to end; `stack` is the stack of calls.
    pub unsafe fn prepare(board: &'static Board, stack: Range<usize>) -> Self {
        let time = |function: Function, rounds| {
            let args = [rounds as usize, 0, 0, 0, 0, 0, 0, 0];
            // SAFETY: the caller's promise; the functions above keep to the ABI.
            unsafe { timed(board, function as usize, &args, stack.end) }.1
        };
        // The first time is to fill caches.
        time(exec_nothing, 0);
        let door = time(exec_nothing, 0);
        let loops = || {
            [
                (exec_straight as Function, LOOP / 8),
                (exec_branches, LOOP / 2),
                (exec_straight, LOOP / 8),
                (exec_branches, LOOP / 2),
            ]
            .map(|(function, rounds)| time(function, rounds).without(&door))
        };
        let unit = (0..TRIES)
            .find_map(|_| Unit::of_steady(loops()))
            .unwrap_or_else(|| Unit::of(loops()));
        // SAFETY: the caller's promise.
        unsafe { paint(&stack) };
        Self {
            board,
            stack,
            unit,
            took: door,
            door,
        }
    }

    /// Calls `entry` and measures that.
    ///
    /// # Safety
    /// As `exec_call`.
    pub unsafe fn of(&mut self, entry: usize, args: &[usize; 8]) -> u32 {
        // SAFETY: the caller's promise.
        let (value, took) = unsafe { timed(self.board, entry, args, self.stack.end) };
        self.took = took;
        value
    }

    /// What the call took, which is over.
    pub fn cost(self) -> Cost {
        let took = self.took.without(&self.door);
        let count = match self.unit {
            Unit::Instructions { counter, units } => {
                counter(&took).map(|count| Count::Instructions((count * LOOP + units / 2) / units))
            }
            Unit::Cycles => took.cpu.map(Count::Cycles),
            Unit::Ticks => None,
        };
        Cost {
            count: count.unwrap_or(Count::Ticks(took.clock)),
            micros: micros(self.board, took.clock),
            // SAFETY: the call is over, and this is its stack.
            stack: unsafe { used(&self.stack) },
        }
    }
}

type Function = unsafe extern "C" fn();

/// `exec_call`, and what it takes. Not copied to where it is called, so that it always takes the same.
///
/// # Safety
/// As `exec_call`.
#[inline(never)]
unsafe fn timed(board: &Board, entry: usize, args: &[usize; 8], top: usize) -> (u32, Reading) {
    let start = Reading::now(board);
    // SAFETY: the caller's promise.
    let value = unsafe { exec_call(entry, args.as_ptr(), top) };
    (value, Reading::now(board).since(&start, board))
}

/// So many ticks of the board's clock in microseconds.
fn micros(board: &Board, ticks: u64) -> u64 {
    ticks / u64::from(board.clock.rate() / 1_000_000).max(1)
}

/// The units that [`LOOP`] instructions take, if it was always the same, and one instruction is one unit at least.
fn steady(counts: [u64; 4]) -> Option<u64> {
    let [least, most] = [counts.iter().min(), counts.iter().max()].map(|count| count.copied());
    let (least, most) = (least?, most?);
    (least >= LOOP && most - least <= least / 256).then_some(least)
}
