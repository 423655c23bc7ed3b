//! Extensions in this process: the whole path of the loader, from what the host's compilers wrote to the call, on Linux.
//!
//! Code lies in memory that is either written or executed, never both at a time: see [`Memory`]. What is loaded may call the functions
//! and use the variables of [`exports`].

mod memory;

pub use memory::{Memory, Where};

use llext::{Export, Exports};
use std::ffi::{CStr, c_int};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

/// What `host_note` was told, in order.
static NOTES: Mutex<Vec<c_int>> = Mutex::new(Vec::new());

/// A variable that extensions may use.
static HOST_COUNTER: AtomicI32 = AtomicI32::new(0);

extern "C" fn host_add(a: c_int, b: c_int) -> c_int {
    a.wrapping_add(b)
}

extern "C" fn host_apply(function: extern "C" fn(c_int) -> c_int, value: c_int) -> c_int {
    function(value)
}

extern "C" fn host_note(value: c_int) {
    NOTES.lock().expect("nobody panics with it").push(value);
}

/// What extensions told with `host_note` since the last time.
pub fn notes() -> Vec<c_int> {
    std::mem::take(&mut NOTES.lock().expect("nobody panics with it"))
}

/// What `host_counter` counts to: extensions write it.
pub fn counter() -> i32 {
    HOST_COUNTER.load(SeqCst)
}

/// What the C++ ABI puts into tables for functions that are pure virtual.
extern "C" fn pure_virtual() {
    std::process::abort();
}

unsafe extern "C" {
    fn memcpy();
    fn memset();
    fn strlen();
}

/// What this host offers.
pub fn exports() -> Exports<'static> {
    let record = |name: &'static CStr, address: *const ()| Export::new(name, address);
    let records = vec![
        record(c"__cxa_pure_virtual", pure_virtual as *const ()),
        record(c"host_add", host_add as *const ()),
        record(c"host_apply", host_apply as *const ()),
        record(c"host_counter", (&raw const HOST_COUNTER).cast()),
        record(c"host_note", host_note as *const ()),
        record(c"memcpy", memcpy as *const ()),
        record(c"memset", memset as *const ()),
        record(c"strlen", strlen as *const ()),
    ];
    let exports = Exports::new(Vec::leak(records));
    assert!(exports.is_sound(), "in the order of their names");
    exports
}

/// Compiles `extensions/NAME` with `compiler` and these flags, into `folder`, and returns the object's bytes.
///
/// # Panics
/// There is no such compiler, or it finds a mistake.
pub fn compile(folder: &str, compiler: &str, name: &str, flags: &[&str]) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("extensions")
        .join(name);
    // Tests run side by side and compile the same sources: each object has a file of its own.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, SeqCst);
    let object = Path::new(folder).join(format!("{}-{count}.o", std::process::id()));
    let mut command = Command::new(compiler);
    command.args([
        "-Wall",
        "-Werror",
        "-fno-stack-protector",
        "-fno-exceptions",
        "-fno-asynchronous-unwind-tables",
    ]);
    if name.ends_with("cpp") {
        command.args(["-fno-rtti", "-fno-threadsafe-statics", "-std=c++17"]);
    }
    command.args(flags).arg("-o").arg(&object).arg(source);
    if !flags.contains(&"-shared") {
        command.arg("-c");
    }
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{compiler}: {error}. Debian has it in a package of that name")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = std::fs::read(&object).unwrap_or_else(|error| panic!("{object:?}: {error}"));
    // One that cannot be removed is only in the way of nobody.
    let _ = std::fs::remove_file(&object);
    bytes
}
