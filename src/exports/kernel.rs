//! What a kernel would offer, by Zephyr's names, and the ways to end a call.

use core::ffi::{c_char, c_int};

use shell_cmds::context::{Assertion, Cause};

use super::libc::Stdout;
use crate::{
    board,
    exec::{ending, leave_noted},
};

fn micros() -> u64 {
    board::current().map_or(0, |board| board.clock.micros())
}

/// Milliseconds since boot.
extern "C" fn k_uptime_get() -> i64 {
    (micros() / 1000) as i64
}

/// The same, which starts anew after 49 days.
extern "C" fn k_uptime_get_32() -> u32 {
    k_uptime_get() as u32
}

/// Waits; returns the milliseconds that were left, which is none: nobody wakes the only thread.
extern "C" fn k_msleep(milliseconds: i32) -> i32 {
    Stdout.flush();
    wait(u64::from(milliseconds.max(0).unsigned_abs()) * 1000);
    0
}

extern "C" fn k_busy_wait(microseconds: u32) {
    wait(microseconds.into());
}

/// Ctrl-C ends this as any code of the extension: nothing is held meanwhile.
fn wait(microseconds: u64) {
    let until = micros() + microseconds;
    while micros() < until {
        core::hint::spin_loop();
    }
}

ending!(exit(status: c_int) => exited);
ending!(abort() => aborted);
ending!(
    /// What `assert` calls (picolibc's and newlib's `assert.h`).
    assert_func(file: *const c_char, line: c_int, function: *const c_char, expression: *const c_char) => asserted
);
ending!(
    /// `__cxa_pure_virtual`: a virtual function was called that its class does not have.
    pure_virtual() => called_pure_virtual
);

extern "C" fn exited(status: c_int) -> ! {
    leave_noted(Cause::Exit(status))
}

extern "C" fn aborted() -> ! {
    leave_noted(Cause::Abort)
}

extern "C" fn asserted(
    file: *const c_char,
    line: c_int,
    function: *const c_char,
    expression: *const c_char,
) -> ! {
    leave_noted(Cause::Assertion(Assertion {
        expression: expression.addr(),
        file: file.addr(),
        line: line.cast_unsigned(),
        function: function.addr(),
    }))
}

extern "C" fn called_pure_virtual() -> ! {
    Stdout.write(b"a pure virtual function was called\n");
    leave_noted(Cause::Abort)
}

llext::export_group! {
    /// Time, and the ways to end a call.
    pub KERNEL:
    k_uptime_get => k_uptime_get,
    k_uptime_get_32 => k_uptime_get_32,
    k_msleep => k_msleep,
    k_busy_wait => k_busy_wait,
    exit => exit,
    abort => abort,
    __assert_func => assert_func,
    __cxa_pure_virtual => pure_virtual,
}
