//! The one loader, and the list of what C knows of it.

use crate::errno::EBUSY;
use crate::handle::Handle;
use crate::machine;
use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use llext::{Exports, Llext, LoadError, Name, SplitHeap};

/// Where extensions live.
pub(crate) static HEAP: SplitHeap = SplitHeap::new();

/// The loader and its list.
pub(crate) struct State {
    /// The loader; made at the first load, when the exports are known.
    pub(crate) llext: Option<Llext<'static>>,
    /// The first of the list, or null. *One owner*: all handles in it are live blocks of [`HEAP`] that the list owns, and
    /// each has the id of an extension that is loaded.
    pub(crate) first: *mut Handle,
    /// Why the last load failed, and the first symbol that nothing defined.
    pub(crate) error: Option<LoadError>,
    pub(crate) undefined: Name,
}

struct Shared {
    lent: AtomicBool,
    state: UnsafeCell<State>,
}

// SAFETY: `with` lends the state to one caller at a time.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared {
    lent: AtomicBool::new(false),
    state: UnsafeCell::new(State {
        llext: None,
        first: ptr::null_mut(),
        error: None,
        undefined: Name::EMPTY,
    }),
};

/// Runs `body` with the state; −EBUSY while another call is at work.
pub(crate) fn with<R>(body: impl FnOnce(&mut State) -> R) -> Result<R, c_int> {
    if enter(&SHARED.lent) {
        return Err(-EBUSY);
    }
    // SAFETY: nobody else has the state: `lent` was false and is true now.
    let result = body(unsafe { &mut *SHARED.state.get() });
    SHARED.lent.store(false, Ordering::Release);
    Ok(result)
}

/// The same for functions that return a number: their own, or −EBUSY.
pub(crate) fn with_code(body: impl FnOnce(&mut State) -> Result<c_int, c_int>) -> c_int {
    with(body)
        .and_then(|result| result)
        .unwrap_or_else(|code| code)
}

#[cfg(target_has_atomic = "8")]
fn enter(lent: &AtomicBool) -> bool {
    lent.swap(true, Ordering::Acquire)
}

/// Processors without atomic exchange have one core: who comes between the two steps is an interrupt, which ends before the
/// second one is taken.
#[cfg(not(target_has_atomic = "8"))]
fn enter(lent: &AtomicBool) -> bool {
    let was = lent.load(Ordering::Acquire);
    lent.store(true, Ordering::Release);
    was
}

impl State {
    /// The loader.
    pub(crate) fn llext(&mut self) -> &mut Llext<'static> {
        let new = || Llext::new(&HEAP, exports(), machine::THIS);
        self.llext.get_or_insert_with(new)
    }
}

fn exports() -> Exports<'static> {
    crate::exports::table()
}
