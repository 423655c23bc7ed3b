//! What a backtrace asks of the machine that it is about.

use core::ops::Range;

/// A table of the compiler's that says how functions are unwound: where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(pub Range<u32>);

/// The machine that a backtrace is about.
pub trait Target {
    /// The little-endian word at `address`, a multiple of 4; `None` where it cannot be read.
    fn word(&mut self, address: u32) -> Option<u32>;
    /// Whether code may lie at `address`.
    fn is_code(&mut self, address: u32) -> bool;
    /// Whether a backtrace ends in the function that `address` lies in.
    fn is_end(&mut self, address: u32) -> bool;
    /// Where the function begins that `address` lies in, if that is known.
    fn function(&mut self, address: u32) -> Option<u32>;
    /// The `index`-th table that may have an entry for the code at `pc`: sections `.ARM.exidx*` or `.eh_frame`.
    fn table(&mut self, pc: u32, index: usize) -> Option<Table>;
    /// The stack that `sp` points into, or just below.
    fn stack(&mut self, sp: u32) -> Option<Range<u32>>;
}

/// A target of which only so many words can be read.
pub(crate) struct Metered<'t> {
    target: &'t mut dyn Target,
    left: usize,
    /// So many words are not for now.
    pub reserve: usize,
    /// Whether more was asked for.
    pub refused: bool,
    /// The word that was read last: it is free, as tables are read byte by byte.
    last: Option<(u32, u32)>,
}

impl<'t> Metered<'t> {
    pub fn new(target: &'t mut dyn Target, words: usize) -> Self {
        Self {
            target,
            left: words,
            reserve: 0,
            refused: false,
            last: None,
        }
    }
}

impl Target for Metered<'_> {
    fn word(&mut self, address: u32) -> Option<u32> {
        if let Some((at, word)) = self.last
            && at == address
        {
            return Some(word);
        }
        if self.left <= self.reserve {
            self.refused = true;
            return None;
        }
        self.left -= 1;
        let word = self.target.word(address)?;
        self.last = Some((address, word));
        Some(word)
    }

    fn is_code(&mut self, address: u32) -> bool {
        self.target.is_code(address)
    }

    fn is_end(&mut self, address: u32) -> bool {
        self.target.is_end(address)
    }

    fn function(&mut self, address: u32) -> Option<u32> {
        self.target.function(address)
    }

    fn table(&mut self, pc: u32, index: usize) -> Option<Table> {
        self.target.table(pc, index)
    }

    fn stack(&mut self, sp: u32) -> Option<Range<u32>> {
        self.target.stack(sp)
    }
}

/// The word at `address`, if it is a multiple of 4: nothing that is read promises that.
pub(crate) fn word(target: &mut dyn Target, address: u32) -> Option<u32> {
    (address & 3 == 0).then(|| target.word(address))?
}

/// The byte at `address`.
pub(crate) fn byte(target: &mut dyn Target, address: u32) -> Option<u8> {
    let word = target.word(address & !3)?;
    word.to_le_bytes().get(address as usize & 3).copied()
}

/// The two bytes at `address`, a multiple of 2.
pub(crate) fn half(target: &mut dyn Target, address: u32) -> Option<u32> {
    let word = target.word(address & !3)?;
    Some(word >> (8 * (address & 2)) & 0xffff)
}
