//! The signals that end a program in order: the terminal is given back, and the target left at its prompt.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Remembers the last signal.
pub struct Signals {
    caught: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on these signals are remembered and do nothing else.
    ///
    /// # Errors
    /// The system refuses.
    pub fn catch() -> io::Result<Signals> {
        let caught = Arc::new(AtomicUsize::new(0));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or(0);
            signal_hook::flag::register_usize(signal, Arc::clone(&caught), number)?;
        }
        Ok(Signals { caught })
    }

    /// The last signal that came, if one did.
    pub fn caught(&self) -> Option<i32> {
        match self.caught.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }

    /// The same, and forgets it.
    pub fn take(&self) -> Option<i32> {
        let signal = self.caught();
        self.caught.store(0, Ordering::SeqCst);
        signal
    }
}
