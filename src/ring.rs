//! The ring buffer between a receive interrupt and the shell.

use core::sync::atomic::{
    AtomicU8, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// A queue of up to `N` bytes for one producer (an interrupt handler) and one consumer (the shell).
///
/// `head` and `tail` count bytes for ever and wrap; only the producer moves `head`, only the consumer
/// moves `tail`. `N` must be a power of two, so that a count modulo `N` stays right when it wraps.
pub struct Ring<const N: usize> {
    bytes: [AtomicU8; N],
    head: AtomicUsize,
    tail: AtomicUsize,
}

impl<const N: usize> Ring<N> {
    /// An empty ring.
    pub const fn new() -> Self {
        const { assert!(N.is_power_of_two()) };
        Self {
            bytes: [const { AtomicU8::new(0) }; N],
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
        }
    }

    fn slot(&self, count: usize) -> Option<&AtomicU8> {
        self.bytes.get(count % N)
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.head
            .load(Acquire)
            .wrapping_sub(self.tail.load(Acquire))
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a `push` would be refused.
    pub fn is_full(&self) -> bool {
        self.len() >= N
    }

    /// The producer's: appends `byte`; false if there is no room.
    pub fn push(&self, byte: u8) -> bool {
        if self.is_full() {
            return false;
        }
        let head = self.head.load(Relaxed);
        if let Some(slot) = self.slot(head) {
            slot.store(byte, Relaxed);
        }
        self.head.store(head.wrapping_add(1), Release);
        true
    }

    /// The consumer's: takes the oldest byte.
    pub fn pop(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let tail = self.tail.load(Relaxed);
        let byte = self.slot(tail).map(|slot| slot.load(Relaxed));
        self.tail.store(tail.wrapping_add(1), Release);
        byte
    }

    /// The consumer's: the byte that waits behind so many others, if one does.
    pub fn peek(&self, index: usize) -> Option<u8> {
        (index < self.len()).then(|| self.at(index)).flatten()
    }

    /// The consumer's: the byte in the place of the one that comes after so many others.
    fn at(&self, index: usize) -> Option<u8> {
        let slot = self.slot(self.tail.load(Relaxed).wrapping_add(index));
        slot.map(|slot| slot.load(Relaxed))
    }

    /// The consumer's: takes the first `byte` out of the queue, wherever it stands; false if it holds none.
    /// What came before and after it keeps its order.
    pub fn take(&self, byte: u8) -> bool {
        let tail = self.tail.load(Relaxed);
        let at = |index: usize| self.at(index);
        let Some(found) = (0..self.len()).find(|&index| at(index) == Some(byte)) else {
            return false;
        };
        // Everything older moves up by one. The slots between tail and head are the consumer's.
        for index in (0..found).rev() {
            if let (Some(older), Some(slot)) = (at(index), self.slot(tail.wrapping_add(index + 1)))
            {
                slot.store(older, Relaxed);
            }
        }
        self.tail.store(tail.wrapping_add(1), Release);
        true
    }
}

impl<const N: usize> Default for Ring<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain<const N: usize>(ring: &Ring<N>) -> Vec<u8> {
        core::iter::from_fn(|| ring.pop()).collect()
    }

    #[test]
    fn keeps_order_over_many_rounds() {
        let ring = Ring::<8>::new();
        for round in 0..100u8 {
            assert!(ring.push(round) && ring.push(!round) && ring.push(7));
            assert_eq!(drain(&ring), [round, !round, 7]);
        }
    }

    #[test]
    fn refuses_when_full_and_takes_again_after_one_pop() {
        let ring = Ring::<4>::new();
        assert!((0..4).all(|byte| ring.push(byte)));
        assert!(ring.is_full() && !ring.push(9));
        assert_eq!(ring.pop(), Some(0));
        assert!(ring.push(4));
        assert_eq!(drain(&ring), [1, 2, 3, 4]);
    }

    #[test]
    fn counts_may_wrap() {
        let ring = Ring::<4>::new();
        ring.head.store(usize::MAX - 1, Relaxed);
        ring.tail.store(usize::MAX - 1, Relaxed);
        assert!((0..4).all(|byte| ring.push(byte)) && ring.is_full());
        assert_eq!(drain(&ring), [0, 1, 2, 3]);
    }

    #[test]
    fn takes_one_byte_out_of_the_middle() {
        let ring = Ring::<8>::new();
        for &byte in b"ab\x03cd\x03" {
            assert!(ring.push(byte));
        }
        assert!(ring.take(3));
        assert_eq!(drain(&ring), b"abcd\x03");
        assert!(!ring.take(3));
    }
}
