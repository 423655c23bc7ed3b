//! The signals that end a program in order: the terminal is given back, and the target left at its prompt.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Remembers the last signal.
pub struct Signals {
    caught: Arc<AtomicUsize>,
    /// The last one that was taken, or 0.
    taken: AtomicUsize,
    /// They end the program at once, as if nobody had caught them.
    through: Arc<AtomicBool>,
}

impl Signals {
    /// From now on these signals are remembered and do nothing else.
    ///
    /// # Errors
    /// The system refuses.
    pub fn catch() -> io::Result<Signals> {
        let caught = Arc::new(AtomicUsize::new(0));
        let through = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or(0);
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&through))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&caught), number)?;
        }
        Ok(Signals {
            caught,
            taken: AtomicUsize::new(0),
            through,
        })
    }

    /// Does what leaves nothing in disorder when a signal ends it, at once.
    pub fn let_through<T>(&self, work: impl FnOnce() -> T) -> T {
        self.through.store(true, Ordering::SeqCst);
        let done = work();
        self.through.store(false, Ordering::SeqCst);
        done
    }

    /// The last signal that came and was not taken, if one did.
    pub fn caught(&self) -> Option<i32> {
        number(self.caught.load(Ordering::SeqCst))
    }

    /// The same, and takes it.
    pub fn take(&self) -> Option<i32> {
        let signal = self.caught.swap(0, Ordering::SeqCst);
        if signal != 0 {
            self.taken.store(signal, Ordering::SeqCst);
        }
        number(signal)
    }

    /// The last signal that came at all, taken or not.
    pub fn ever(&self) -> Option<i32> {
        self.caught()
            .or_else(|| number(self.taken.load(Ordering::SeqCst)))
    }
}

fn number(signal: usize) -> Option<i32> {
    match signal {
        0 => None,
        signal => i32::try_from(signal).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_taken_once_and_known_for_ever() {
        let signals = Signals::catch().expect("the system lets us");
        assert_eq!((signals.take(), signals.ever()), (None, None));
        signal_hook::low_level::raise(SIGHUP).expect("it comes");
        assert_eq!(
            (signals.caught(), signals.ever()),
            (Some(SIGHUP), Some(SIGHUP))
        );
        assert_eq!(signals.take(), Some(SIGHUP));
        assert_eq!((signals.take(), signals.ever()), (None, Some(SIGHUP)));
    }
}
