//! Veneers: how a branch reaches what is out of its range.

/// A stub in the extension's own text that jumps anywhere. A branch that cannot reach its target
/// goes to the stub instead; one stub serves all branches to one target.
#[derive(Debug)]
pub struct Veneer {
    /// Length in bytes.
    pub size: usize,
    /// Alignment in bytes.
    pub align: usize,
    /// Writes into `place`, of at least `size` bytes, a veneer that jumps to `target`
    /// (on ARM with the Thumb bit). A shorter place is left as it was.
    pub write: fn(place: &mut [u8], target: usize),
    /// Where the veneer in `place` jumps to: the inverse of `write`. 0 for a shorter place.
    pub target: fn(place: &[u8]) -> usize,
}
