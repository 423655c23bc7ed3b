//! Counting instructions, by the timer.

use core::hint::black_box;
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};

use crate::cpu;
use crate::print::figure;

/// Instructions that `work` takes, and its result.
#[inline(never)]
pub fn counted<R>(work: impl FnOnce() -> R) -> (u32, R) {
    let empty = instructions(|| ()).0;
    let (cost, result) = instructions(work);
    (cost - empty, result)
}

/// Instructions from one reading of the timer to the next.
#[inline(always)]
fn instructions<R>(work: impl FnOnce() -> R) -> (u32, R) {
    compiler_fence(SeqCst);
    let start = cpu::ticks();
    compiler_fence(SeqCst);
    let result = black_box(work());
    compiler_fence(SeqCst);
    (of_ticks(cpu::ticks().wrapping_sub(start)), result)
}

/// Instructions that were executed in so many ticks of the timer.
pub fn of_ticks(ticks: u32) -> u32 {
    /// Of the board's time, that one instruction takes.
    const NANOSECONDS: u64 = 1 << 10;
    let nanoseconds = u64::from(ticks) * 1_000_000_000 / cpu::RATE;
    ((nanoseconds + NANOSECONDS / 2) / NANOSECONDS) as u32
}

/// What something cost, over all of its cases.
pub struct Costs {
    sum: u32,
    count: u32,
    least: u32,
    most: u32,
}

impl Costs {
    /// Nothing yet.
    pub fn new() -> Self {
        Costs {
            sum: 0,
            count: 0,
            least: u32::MAX,
            most: 0,
        }
    }

    /// One case more.
    pub fn add(&mut self, cost: u32) {
        self.sum += cost;
        self.count += 1;
        self.least = self.least.min(cost);
        self.most = self.most.max(cost);
    }

    /// Average, least and most, under these names.
    pub fn report(&self, names: [&str; 3]) {
        let average = self.sum / self.count.max(1);
        for (name, value) in names.into_iter().zip([average, self.least, self.most]) {
            figure(name, value);
        }
    }
}
