//! The machine that the library was built for.

use llext::machine::{self, Machine};

/// The one that extensions run on.
pub(crate) const THIS: &Machine = machine::NATIVE;
