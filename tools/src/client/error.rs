//! What may go wrong between a host and a target.

use std::fmt;
use std::io;

/// Why a request has no reply.
#[derive(Debug)]
pub enum Error {
    /// The connection is gone.
    Link(io::Error),
    /// The target does not answer.
    Silent,
    /// The target speaks another version of the protocol.
    Protocol(String),
    /// A command line is longer than a frame.
    TooLong,
    /// The command failed; this is what it says.
    Failed {
        /// What, and why.
        error: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The target has kept a part of another file, to which this one does not fit.
    OtherFile,
    /// The user interrupted, and the target did not end the request.
    Interrupted,
    /// A file that came is not the one that was sent.
    Damaged,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Link(error) => write!(f, "the connection is lost: {error}"),
            Error::Silent => f.write_str("the target does not answer"),
            Error::Protocol(theirs) => write!(
                f,
                "the target speaks version {theirs} of the protocol, and this program {}",
                llext_wire::PROTOCOL
            ),
            Error::TooLong => f.write_str("the command line is too long"),
            Error::Failed { error, .. } => f.write_str(error),
            Error::OtherFile => f.write_str("the target has the beginning of another file"),
            Error::Interrupted => f.write_str("interrupted, and the target did not stop"),
            Error::Damaged => f.write_str("the file arrived damaged"),
        }
    }
}

impl std::error::Error for Error {}
