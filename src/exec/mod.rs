//! The one door through which extension code runs.
//!
//! # Model
//! There is one thread. The shell runs on the firmware's stack; a call switches to the extension's own
//! stack, and so everything that an extension calls of the firmware (its exports) runs there too.
//! Interrupts and faults are handled on the firmware's stack, so they work however bad the
//! extension's stack pointer is; on ARM not if it runs on the firmware's stack pointer itself, and that is bad. A call ends
//! in one of these ways, and in each the firmware finds its callee-saved registers as they were:
//!
//! - the function returns;
//! - an export leaves: `exit`, `abort` ([`leave`]);
//! - the CPU faults in extension code, or in an export on its behalf: the handler sends the CPU through
//!   the door instead of back to where it was;
//! - Ctrl-C, or the end of the time that the call was given: interrupts do the same ([`interrupt`], and `watch`, which says
//!   what happens where they are masked), but not in the middle of firmware code that would leave shared data half done;
//!   such code runs in [`protected`], which leaves at its end.
//!
//! A fault of the firmware itself ends in [`crate::fatal::fault`].
//!
//! Every CPU module defines the same names: in assembly `exec_call`, `exec_leave`, `exec_stopped`,
//! `exec_note` and the probes `exec_probe_*`, in Rust `MACHINE`, `SAVED`, `ending!`, `in_extension`, `complete`,
//! `redirect`, `restore`, `attend_soon`, `is_masked`, `counter`, `COUNTER_MAX`, `COUNTS_CYCLES`, `start`, `sleep_until`, `semihost`.

#[cfg(target_arch = "arm")]
mod arm;
#[cfg(target_arch = "arm")]
use arm as cpu;
#[cfg(target_arch = "riscv32")]
mod riscv;
#[cfg(target_arch = "riscv32")]
use riscv as cpu;
mod measure;
mod watch;

use core::{
    cell::Cell,
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::SeqCst},
};

use critical_section::Mutex;
use llext::ExtensionId;
use shell_cmds::context::{Call, Cause, Cpu, Ended, Fault, FaultKind, Layout, Outcome, Stop};
use unwind::Registers;

use crate::{
    board::{self, Board, Memory},
    debugger, protect,
};
pub(crate) use cpu::{SAVED, ending};
pub use cpu::{semihost, sleep_until};
use measure::Measurement;

/// A call is under way.
static RUNNING: AtomicBool = AtomicBool::new(false);
/// The call is to end: 0, or one of the next two.
static PENDING: AtomicU8 = AtomicU8::new(0);
/// Ctrl-C came during the call.
const INTERRUPTED: u8 = 1;
/// Its time is over.
const TIMED_OUT: u8 = 2;
/// Depth of [`protected`].
static GUARDS: AtomicUsize = AtomicUsize::new(0);
/// The function was not called yet: the door clears it when it does, if the call is not to end at once.
static UNCALLED: AtomicBool = AtomicBool::new(false);
/// The extension whose call runs.
static OWNER: AtomicU32 = AtomicU32::new(ExtensionId::FIRMWARE.0);
/// Why the call ended, unless it returned.
static ENDED: Mutex<Cell<Option<Stop>>> = Mutex::new(Cell::new(None));
/// What went wrong in the last probe.
static PROBED: Mutex<Cell<Option<Fault>>> = Mutex::new(Cell::new(None));
/// The extension's stack: lowest address, and the one above the highest.
static STACK: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Sets faults and interrupts up; `stack` is the memory that extension code gets for its stack.
///
/// # Safety
/// Called once, before any [`Door`] is used. Nothing else uses `stack`, whose end is a multiple of 16.
pub unsafe fn start(stack: &Range<usize>) {
    STACK[0].store(stack.start, SeqCst);
    STACK[1].store(stack.end, SeqCst);
    // SAFETY: the caller's promise.
    unsafe { cpu::start() };
}

/// The extension whose code runs now.
pub fn owner() -> ExtensionId {
    ExtensionId(OWNER.load(SeqCst))
}

/// Runs `body`, firmware code that must not be left half done. A Ctrl-C that comes meanwhile ends the
/// call when `body` is done; a stack with too little left for `body` ends it before.
pub fn protected<R>(body: impl FnOnce() -> R) -> R {
    if stack_is_short() {
        leave(Cause::Fault(Fault {
            kind: FaultKind::StackOverflow,
            address: None,
        }));
    }
    GUARDS.fetch_add(1, SeqCst);
    let result = body();
    if cpu::is_masked() {
        watch::look_masked();
    }
    if GUARDS.fetch_sub(1, SeqCst) == 1
        && RUNNING.load(SeqCst)
        && let Some(cause) = watch::cause()
    {
        leave(cause);
    }
    result
}

/// Whether less is left of the extension's stack than firmware code in [`protected`] may take.
fn stack_is_short() -> bool {
    /// In bytes: several times what the heap and the console take.
    const RESERVE: usize = 1024;
    let here = 0u8;
    let bottom = STACK[0].load(SeqCst);
    (bottom..bottom.saturating_add(RESERVE)).contains(&(&raw const here).addr())
}

/// Ends the running call, from the extension's own thread of control.
#[inline(never)]
pub fn leave(cause: Cause) -> ! {
    // SAFETY: it writes to memory that is there for it.
    unsafe { exec_note() };
    leave_noted(cause)
}

/// The same for a function that [`ending!`] made.
pub(crate) fn leave_noted(cause: Cause) -> ! {
    // No interrupt ends it a second time meanwhile.
    GUARDS.fetch_add(1, SeqCst);
    end(cause, Registers::unknown(cpu::MACHINE));
    // SAFETY: an export runs on the extension's stack, in a call: there is a frame to go back to.
    unsafe { exec_leave() }
}

/// From the receive interrupt: Ctrl-C came. False if no call runs, so that the key is the reader's.
pub fn interrupt() -> bool {
    let running = RUNNING.load(SeqCst);
    if running {
        ask(INTERRUPTED);
    }
    running
}

/// Notes that the call is to end.
fn ask(why: u8) {
    // The first reason stays.
    let _ = PENDING.compare_exchange(0, why, SeqCst, SeqCst);
    cpu::attend_soon();
}

/// At the end of a handler: ends the call that was `interrupted` with those registers, if it is to end, and nothing is in the
/// way. Returns whether the CPU goes on through the door.
///
/// # Safety
/// A handler runs, and interrupted no other.
unsafe fn attend(interrupted: impl FnOnce() -> Registers) -> bool {
    let Some(cause) = watch::cause() else {
        return false;
    };
    let ends = cpu::in_extension() && GUARDS.load(SeqCst) == 0;
    if ends {
        // SAFETY: a handler runs, which interrupted extension code.
        unsafe { stop(cause, interrupted()) };
    }
    ends
}

/// Ends the running call for `cause`, from a handler.
///
/// # Safety
/// A handler runs that interrupted extension code, or an export on its behalf, with these `registers`.
unsafe fn stop(cause: Cause, registers: Registers) {
    end(cause, registers);
    // SAFETY: the caller's promise.
    unsafe { cpu::redirect() };
}

/// Notes why the call ends. The first reason counts: the others come on the way out.
fn end(cause: Cause, registers: Registers) {
    critical_section::with(|cs| {
        let ended = ENDED.borrow(cs);
        ended.set(ended.get().or(Some(Stop { cause, registers })));
    });
}

/// From a fault handler. Returns whether the handler may return: the CPU then goes on through the door, or where it was if a
/// debugger waits for it there.
///
/// # Safety
/// Called by the handler of `fault`, which found `registers`.
unsafe fn contain(fault: Fault, registers: Registers) -> bool {
    if !cpu::in_extension() {
        return false;
    }
    if debugger::stops_at(registers.pc(), &fault) {
        return true;
    }
    // SAFETY: a fault handler runs, and extension code faulted.
    unsafe { stop(Cause::Fault(fault), registers) };
    true
}

/// From the handler of a fault in the fetch of the instruction at `pc`: whether that may be fetched now.
fn may_fetch(pc: usize) -> bool {
    cpu::in_extension() && protect::fill(pc)
}

/// From the handler of a fault in a store by the instruction at `pc`: whether it may be tried again.
#[cfg(target_arch = "riscv32")]
fn may_store(pc: usize) -> bool {
    cpu::in_extension() && protect::yield_to_store(pc)
}

fn note_probe(fault: Fault) {
    critical_section::with(|cs| PROBED.borrow(cs).set(Some(fault)));
}

/// The extension's stack.
fn stack() -> Range<usize> {
    STACK[0].load(SeqCst)..STACK[1].load(SeqCst)
}

/// Where the code of a function lies.
fn code(function: *const ()) -> usize {
    function.addr() & !(cpu::MACHINE.mode_bits as usize)
}

/// Where things lie.
pub fn layout() -> Layout {
    unsafe extern "C" {
        static __stext: u8;
        static __etext: u8;
        static __srodata: u8;
        static __erodata: u8;
        static __sdata: u8;
        static _stack_start: u8;
    }
    let memory = board::current().map(|board| &board.memory);
    // Code and data: they lie side by side.
    let heap = memory.map_or(0..0, |memory| {
        memory.code.start.min(memory.heap.start)..memory.code.end.max(memory.heap.end)
    });
    Layout {
        null: memory.map_or(0..0, |memory| memory.null.clone()),
        code: (&raw const __stext).addr()..(&raw const __etext).addr(),
        constants: (&raw const __srodata).addr()..(&raw const __erodata).addr(),
        data: (&raw const __sdata).addr()..(&raw const _stack_start).addr(),
        heap,
        files: memory.map_or([0..0, 0..0], |memory| {
            [memory.storage.clone(), memory.files.clone()]
        }),
        stack: stack(),
        rtt: memory.map_or(0..0, |memory| memory.rtt.clone()),
        guard: memory.map_or(0..0, Memory::guard),
        door: code(exec_call as *const ())..code(exec_leave as *const ()),
    }
}

/// Whether `address` is in memory that can be read.
pub(crate) fn is_memory(address: usize) -> bool {
    layout().is_memory(address)
}

/// The word at `address`, a multiple of 4, if that is in memory that can be read. Unlike [`Cpu::peek`] it never faults: in
/// the handler of a fault, one more would be the last.
pub fn known_word(address: usize) -> Option<u32> {
    // SAFETY: it is memory; whatever it holds is a word.
    is_memory(address).then(|| unsafe { (address as *const u32).read_volatile() })
}

/// The registers that are known where this is called.
#[inline(never)]
pub fn registers_here() -> Registers {
    // SAFETY: it writes to memory that is there for it.
    unsafe { exec_note() };
    let mut registers = Registers::unknown(cpu::MACHINE);
    cpu::complete(&mut registers);
    registers
}

/// The door, as the commands see it.
pub struct Door {
    /// Where a Ctrl-C may wait that was typed before the call began, and what looks after the call.
    pub board: &'static Board,
}

impl Door {
    fn run(&self, call: &Call<'_>, measurement: Option<&mut Measurement>) -> Outcome {
        // Whatever waits in the queue was typed after the line that made this call: a Ctrl-C among it
        // is meant for the call, as on any terminal.
        if self.board.terminal.take_interrupt() {
            ask(INTERRUPTED);
        }
        UNCALLED.store(true, SeqCst);
        // SAFETY: `start` set the stack up; the call does not nest, because only the shell calls; what the
        // extension does is contained as the module says.
        let value = protect::around(call, || unsafe {
            match measurement {
                Some(measurement) => measurement.of(call.entry, call.args),
                None => exec_call(call.entry, call.args.as_ptr(), stack().end),
            }
        });
        cpu::restore();
        if let Some(mut stop) = critical_section::with(|cs| ENDED.borrow(cs).take()) {
            cpu::complete(&mut stop.registers);
            return Outcome::Stopped(stop);
        }
        match watch::cause().filter(|_| UNCALLED.load(SeqCst)) {
            // Asked for before the first instruction, the end found no call, and kept it from being made.
            Some(cause) => Outcome::Stopped(Stop {
                cause,
                registers: Registers::unknown(cpu::MACHINE),
            }),
            None => Outcome::Returned(value),
        }
    }
}

impl Cpu for Door {
    fn call(&mut self, call: &Call<'_>) -> Ended {
        GUARDS.store(0, SeqCst);
        OWNER.store(call.owner.0, SeqCst);
        critical_section::with(|cs| ENDED.borrow(cs).set(None));
        PENDING.store(0, SeqCst);
        // SAFETY: no call runs; it is the stack of calls.
        let mut measurement =
            (call.measured).then(|| unsafe { Measurement::prepare(self.board, stack()) });
        watch::begin(self.board, call.limits.timeout_ms);
        let outcome = self.run(call, measurement.as_mut());
        watch::finish(self.board);
        (self.board.restore)();
        OWNER.store(ExtensionId::FIRMWARE.0, SeqCst);
        Ended {
            outcome,
            cost: measurement.map(Measurement::cost),
        }
    }

    fn layout(&self) -> Layout {
        layout()
    }

    fn peek(&mut self, address: usize, width: usize) -> Result<u32, Fault> {
        let mut value = 0;
        probed(address, width, &LOADS, &mut value)?;
        Ok(value)
    }

    fn poke(&mut self, address: usize, width: usize, value: u32) -> Result<(), Fault> {
        probed(address, width, &STORES, &mut { value })
    }
}

/// An access that may fault: 0 if it did not. The value is read from, or written to, the second argument.
type Probe = unsafe extern "C" fn(usize, *mut u32) -> i32;

unsafe extern "C" {
    /// Calls `entry` with eight arguments, on the stack below `stack_top` (16-aligned): no call is under way.
    fn exec_call(entry: usize, args: *const usize, stack_top: usize) -> u32;
    /// Ends the call that runs, from its own thread of control.
    fn exec_leave() -> !;
    /// Where a handler sends the CPU that ends the call.
    fn exec_stopped() -> !;
    /// Notes the registers of its caller.
    fn exec_note();
    fn exec_probe_load8(address: usize, value: *mut u32) -> i32;
    fn exec_probe_load16(address: usize, value: *mut u32) -> i32;
    fn exec_probe_load32(address: usize, value: *mut u32) -> i32;
    fn exec_probe_store8(address: usize, value: *mut u32) -> i32;
    fn exec_probe_store16(address: usize, value: *mut u32) -> i32;
    fn exec_probe_store32(address: usize, value: *mut u32) -> i32;
}

/// Loads of 1, 2 and 4 bytes.
static LOADS: [Probe; 3] = [exec_probe_load8, exec_probe_load16, exec_probe_load32];
/// Stores of 1, 2 and 4 bytes.
static STORES: [Probe; 3] = [exec_probe_store8, exec_probe_store16, exec_probe_store32];

/// Does the access of `width` bytes at `address`; a fault in it ends here.
fn probed(address: usize, width: usize, probes: &[Probe; 3], value: &mut u32) -> Result<(), Fault> {
    let probe = match width {
        1 => probes[0],
        2 => probes[1],
        _ => probes[2],
    };
    critical_section::with(|cs| PROBED.borrow(cs).set(None));
    // SAFETY: `value` is ours; an access to `address` that is not allowed ends with an error. That it is
    // harmless otherwise is up to the developer who typed it: this is what `mem` is for.
    if unsafe { probe(address, value) } == 0 {
        return Ok(());
    }
    let fault = critical_section::with(|cs| PROBED.borrow(cs).take());
    Err(fault.unwrap_or(Fault {
        kind: FaultKind::Other,
        address: Some(address),
    }))
}
