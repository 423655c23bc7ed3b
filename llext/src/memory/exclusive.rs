//! A cell that is entered by one at a time.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// Shared state that is lent to one user at a time; who comes while it is lent is turned away, never blocked.
///
/// This is what makes a heap safe to share between the shell, an extension and an interrupt that should have known better.
pub(super) struct Exclusive<T> {
    lent: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `with` lends the value to one caller at a time.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    /// A cell with `value`.
    pub(super) const fn new(value: T) -> Self {
        Self {
            lent: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `body` with the value; `None` if it is lent already.
    pub(super) fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.enter() {
            return None;
        }
        // SAFETY: nobody else has the value: `lent` was false and is true now.
        let result = body(unsafe { &mut *self.value.get() });
        self.lent.store(false, Ordering::Release);
        Some(result)
    }

    /// Marks the value as lent; true if it was lent already.
    #[cfg(target_has_atomic = "8")]
    fn enter(&self) -> bool {
        self.lent.swap(true, Ordering::Acquire)
    }

    /// The same for processors without atomic exchange. They have one core: who comes between the two steps
    /// is an interrupt, which ends before the second one is taken.
    #[cfg(not(target_has_atomic = "8"))]
    fn enter(&self) -> bool {
        let lent = self.lent.load(Ordering::Acquire);
        self.lent.store(true, Ordering::Release);
        lent
    }
}

#[cfg(test)]
mod tests {
    use super::Exclusive;

    #[test]
    fn is_entered_by_one_at_a_time() {
        let cell = Exclusive::new(1);
        assert_eq!(
            cell.with(|value| cell.with(|_| ()).is_none() && *value == 1),
            Some(true)
        );
        assert_eq!(cell.with(|value| *value), Some(1));
    }
}
