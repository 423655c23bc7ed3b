//! The console: bytes to lines to commands. (Skeleton.)

/// A byte pipe to whoever sits at the other end. Shared by the shell and by extension code, so methods take `&self`.
pub trait Port {
    /// Fills part of `into`, at least one byte: waits (sleeping) until there is one.
    fn read(&self, into: &mut [u8]) -> usize;
    /// Whether `read` would return at once.
    fn ready(&self) -> bool;
    /// Writes all of `bytes`.
    fn write(&self, bytes: &[u8]);
}
