//! Errors with advice, and a status for scripts.

use std::fmt;

/// Something failed.
pub const FAILED: u8 = 1;
/// There is no target there, or it does not answer.
pub const NO_TARGET: u8 = 3;
/// A call ended in a fault of the extension, by its timeout, or by Ctrl-C.
pub const FAULT: u8 = 4;

/// What went wrong, and what to do.
#[derive(Debug)]
pub struct Told {
    what: String,
    /// What to do, if something can be said of it.
    pub hint: Option<String>,
    /// The status that the program ends with.
    pub status: u8,
}

impl Told {
    /// A failure without advice.
    pub fn new(status: u8, what: impl Into<String>) -> Told {
        Told {
            what: what.into(),
            hint: None,
            status,
        }
    }

    /// The same with advice.
    pub fn hint(self, hint: impl Into<String>) -> Told {
        Told {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Told {}
