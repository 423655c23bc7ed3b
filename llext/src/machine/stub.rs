//! Stubs: how a branch reaches what is out of its range, and where code finds addresses.

/// A few instructions in the extension's own text that jump anywhere, and the word that they take the
/// address from. A branch that cannot reach its symbol goes to the symbol's stub instead, and the word is
/// the symbol's entry in the global offset table (GOT). One stub serves all that is relocated to one symbol.
#[derive(Debug)]
pub struct Stub {
    /// The instructions, and room for the word. Its length is a multiple of the alignment.
    pub bytes: &'static [u8],
    /// Alignment in bytes.
    pub align: u8,
    /// Where the word is.
    pub word_at: u8,
    /// Bytes of the word: those of an address.
    pub word_size: u8,
    /// ARM: where A32 code enters. T32 code enters at 0, as does the code of all other machines.
    pub arm_at: u8,
}

impl Stub {
    /// Length in bytes.
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Address of the word of the stub at `stub`.
    pub fn word_address(&self, stub: usize) -> usize {
        stub.wrapping_add(self.word_at.into())
    }

    /// Writes into `place`, of at least [`Stub::size`] bytes, a stub that jumps to `target` (on ARM with the
    /// Thumb bit). A shorter place is left as it was.
    pub fn write(&self, place: &mut [u8], target: usize) {
        if let Some(place) = place.get_mut(..self.bytes.len()) {
            place.copy_from_slice(self.bytes);
            let mut rest = target;
            for byte in place
                .iter_mut()
                .skip(self.word_at.into())
                .take(self.word_size.into())
            {
                *byte = rest as u8;
                rest >>= 8;
            }
        }
    }

    /// Where the stub in `place` jumps to: the inverse of `write`. 0 for a shorter place.
    pub fn target(&self, place: &[u8]) -> usize {
        let word_at = usize::from(self.word_at);
        let word = place.get(word_at..word_at.wrapping_add(self.word_size.into()));
        let bytes = word.unwrap_or_default().iter().rev();
        bytes.fold(0, |word, byte| word << 8 | usize::from(*byte))
    }
}
