//! What is no frame, and means something all the same.

use crate::{BREAK, INTERRUPT};

/// Finds Ctrl-C among frames, where it is the bytes [`INTERRUPT`], and breaks, which are [`BREAK`] times 00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// How many bytes of [`INTERRUPT`] came.
    matched: u8,
    zeros: u8,
}

/// What came outside of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// Back to the human prompt.
    Break,
}

impl Signals {
    /// Nothing came yet.
    pub const fn new() -> Self {
        Self {
            matched: 0,
            zeros: 0,
        }
    }

    /// Takes the next byte; what it completes. The 00 that ends one Ctrl-C, or a frame, may begin another.
    pub fn feed(&mut self, byte: u8) -> Option<Signal> {
        let ends = byte == 0;
        self.zeros = if ends {
            (self.zeros + 1).min(BREAK as u8)
        } else {
            0
        };
        let expected = INTERRUPT.get(usize::from(self.matched)) == Some(&byte);
        self.matched = if expected {
            self.matched + 1
        } else {
            u8::from(ends)
        };
        if usize::from(self.matched) == INTERRUPT.len() {
            self.matched = 1;
            return Some(Signal::Interrupt);
        }
        (ends && self.zeros == BREAK as u8).then_some(Signal::Break)
    }
}
