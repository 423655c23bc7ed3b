//! Ctrl-C among frames: which request each one is meant for; and breaks.

use llext_wire::{Signal, Signals};

/// Counts the interrupts that arrived, and those that the reader has passed: one that stands in the queue behind a request is
/// meant for it, and one that stood before it came too late for the request before. Small, because it is copied twice a byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interrupts {
    arriving: Signals,
    reading: Signals,
    arrived: u16,
    read: u16,
    /// So many have ended something, or are over.
    used: u16,
    broken: bool,
}

impl Interrupts {
    /// None came yet.
    pub const fn new() -> Self {
        Self {
            arriving: Signals::new(),
            reading: Signals::new(),
            arrived: 0,
            read: 0,
            used: 0,
            broken: false,
        }
    }

    /// `byte` arrives, and goes into the queue. Whether it completes an interrupt, or a break, which ends a call as well.
    pub fn arrive(&mut self, byte: u8) -> bool {
        let signal = self.arriving.feed(byte);
        let completes = signal.is_some();
        self.broken |= signal == Some(Signal::Break);
        self.arrived = self.arrived.wrapping_add(u16::from(completes));
        completes
    }

    /// `byte` leaves the queue.
    pub fn leave(&mut self, byte: u8) {
        let completes = self.reading.feed(byte).is_some();
        self.read = self.read.wrapping_add(u16::from(completes));
    }

    /// A request begins: what was read before it is over. If the queue is `empty`, that is all that arrived.
    pub fn begin(&mut self, empty: bool) {
        if empty {
            self.read = self.arrived;
        }
        // Which is further: both are behind `arrived`.
        if self.arrived.wrapping_sub(self.read) < self.arrived.wrapping_sub(self.used) {
            self.used = self.read;
        }
    }

    /// Whether a break arrived, ever.
    pub fn broken(&self) -> bool {
        self.broken
    }

    /// Takes what arrived for the request that runs; false if that is nothing.
    pub fn take(&mut self) -> bool {
        let took = self.used != self.arrived;
        self.used = self.arrived;
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llext_wire::INTERRUPT;

    fn arrive(interrupts: &mut Interrupts, bytes: &[u8]) -> usize {
        bytes
            .iter()
            .filter(|byte| interrupts.arrive(**byte))
            .count()
    }

    fn leave(interrupts: &mut Interrupts, bytes: &[u8]) {
        bytes.iter().for_each(|byte| interrupts.leave(*byte));
    }

    #[test]
    fn one_behind_a_request_is_meant_for_it() {
        let mut interrupts = Interrupts::new();
        assert_eq!(arrive(&mut interrupts, b"run\0\0\x03\0"), 1);
        leave(&mut interrupts, b"run\0");
        interrupts.begin(false);
        assert!(interrupts.take() && !interrupts.take());
        // It is read when it has ended that, and means nothing to the next.
        leave(&mut interrupts, b"\0\x03\0next\0");
        interrupts.begin(true);
        assert!(!interrupts.take());
    }

    #[test]
    fn a_break_behind_a_request_ends_it_too() {
        let mut interrupts = Interrupts::new();
        arrive(&mut interrupts, b"run\0");
        arrive(&mut interrupts, &[0; llext_wire::BREAK]);
        leave(&mut interrupts, b"run\0");
        interrupts.begin(false);
        assert!(interrupts.take() && !interrupts.take());
    }

    #[test]
    fn a_break_is_known_whoever_reads_it() {
        let mut interrupts = Interrupts::new();
        arrive(&mut interrupts, &INTERRUPT);
        assert!(!interrupts.broken());
        for _ in 0..llext_wire::BREAK {
            arrive(&mut interrupts, &[0]);
            leave(&mut interrupts, &[0]);
        }
        assert!(interrupts.broken() && interrupts.take());
    }

    #[test]
    fn one_before_a_request_is_over() {
        let mut interrupts = Interrupts::new();
        arrive(&mut interrupts, b"\0\x03\0run\0");
        leave(&mut interrupts, b"\0\x03\0run\0");
        interrupts.begin(true);
        assert!(!interrupts.take());
    }

    #[test]
    fn one_that_ended_a_call_takes_none_from_the_next() {
        let mut interrupts = Interrupts::new();
        arrive(&mut interrupts, &INTERRUPT);
        // It went to the call that ran. Then the next request and its own interrupt arrive before anything is read.
        assert!(interrupts.take());
        arrive(&mut interrupts, b"next\0\0\x03\0");
        leave(&mut interrupts, b"\0\x03\0next\0");
        interrupts.begin(false);
        assert!(interrupts.take());
    }

    #[test]
    fn a_transfer_that_reads_one_can_still_ask_for_it() {
        let mut interrupts = Interrupts::new();
        interrupts.begin(true);
        arrive(&mut interrupts, &INTERRUPT);
        leave(&mut interrupts, &INTERRUPT);
        assert!(interrupts.take());
    }

    #[test]
    fn what_was_lost_from_the_queue_costs_nothing() {
        let mut interrupts = Interrupts::new();
        arrive(&mut interrupts, &INTERRUPT);
        interrupts.begin(true);
        assert!(!interrupts.take());
    }
}
