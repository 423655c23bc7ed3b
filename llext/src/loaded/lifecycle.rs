//! How an extension goes.

/// What an unload gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unloaded {
    /// Bytes of regions and metadata.
    pub bytes: usize,
    /// Blocks that the extension had allocated and not freed (reclaimed now).
    pub leaked_blocks: usize,
    /// Their bytes, as asked for.
    pub leaked_bytes: usize,
}
