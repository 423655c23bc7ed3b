//! Which texts are in the slots of a CPU that has fewer of them than there are extensions.

use core::ops::Range;

/// What is in one slot: a text, or as much of it as one region can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it lies.
    pub range: Range<usize>,
    /// Whether there is something beside text in it, which must stay as writable as it is.
    pub is_shared: bool,
}

impl Piece {
    /// Nothing but text.
    pub const fn of(range: Range<usize>) -> Self {
        Self {
            range,
            is_shared: false,
        }
    }
}

/// `N` slots. Each has the address of a text, or 0.
#[derive(Clone, Copy, Debug)]
pub struct Slots<const N: usize> {
    texts: [usize; N],
    next: usize,
}

impl<const N: usize> Slots<N> {
    /// All empty.
    pub const EMPTY: Self = Self {
        texts: [0; N],
        next: 0,
    };

    /// The slot for the text that begins at `text`: that of the one that has been in one for the longest time. `None` if it is
    /// in one: then it was something else that did not let it execute.
    pub fn take(&mut self, text: usize) -> Option<usize> {
        if self.texts.contains(&text) {
            return None;
        }
        let slot = self.next;
        *self.texts.get_mut(slot)? = text;
        self.next = if slot + 1 < N { slot + 1 } else { 0 };
        Some(slot)
    }

    /// Empties all slots but the first, which is for the text that begins at `text`; `None` if that is so already.
    pub fn take_alone(&mut self, text: usize) -> Option<usize> {
        let mut alone = Self::EMPTY;
        let slot = alone.take(text);
        if alone.texts == self.texts {
            return None;
        }
        *self = alone;
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_text_makes_room() {
        let mut slots = Slots::<3>::EMPTY;
        assert_eq!(
            [10, 20, 30].map(|text| slots.take(text)),
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!([10, 20, 30].map(|text| slots.take(text)), [None; 3]);
        assert_eq!(slots.take(40), Some(0));
        assert_eq!(slots.take(10), Some(1));
        assert_eq!([40, 10, 30].map(|text| slots.take(text)), [None; 3]);
        assert_eq!(slots.take(20), Some(2));
    }

    #[test]
    fn a_text_is_alone_once() {
        let mut slots = Slots::<3>::EMPTY;
        for text in [10, 20, 30, 40, 50] {
            slots.take(text);
        }
        assert_eq!(slots.take_alone(10), Some(0));
        assert_eq!(slots.take_alone(10), None);
        assert_eq!([10, 20].map(|text| slots.take(text)), [None, Some(1)]);
        assert_eq!(slots.take_alone(10), Some(0));
    }

    #[test]
    fn one_slot_takes_them_in_turn() {
        let mut slots = Slots::<1>::EMPTY;
        assert_eq!(
            [10, 10, 20, 10].map(|text| slots.take(text)),
            [Some(0), None, Some(0), Some(0)]
        );
    }
}
