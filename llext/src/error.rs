//! Why the loader refused. (Skeleton: the variants are to be completed.)
use crate::source::SourceError;

/// Why a load was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The source failed.
    Source(SourceError),
    /// So many symbols are defined nowhere; `Report::undefined` named each.
    Undefined(usize),
    /// Not enough memory.
    OutOfMemory { needed: usize, available: usize },
}

/// Why an unload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnloadError {
    /// Nothing of that name is loaded.
    NotLoaded,
    /// Others use its exports.
    InUse,
}
