//! The door on Cortex-M (ARMv7-M).
//!
//! The shell runs in thread mode on MSP, extension code in thread mode on PSP, handlers on MSP. So an
//! exception that came from extension code has its frame at PSP, and `EXC_RETURN` says so. To send the CPU
//! through the door, a handler puts a fresh frame at the top of the extension's stack, with the door as its
//! return address: what the stack pointer was, and whether the hardware could stack anything there, is no
//! matter. Nor what MSP was: while thread mode runs on PSP, handlers set it anew. An extension that runs thread mode on
//! MSP shares that stack with the handlers, and must leave it one.
//!
//! Calls follow AAPCS32 (section 6.4): arguments 0 to 3 in r0-r3, the rest on the stack, which is 8-aligned;
//! r4-r11 are the callee's to keep.

/// The first instructions of every handler that uses the stack, as assembly: an extension can write MSP, too, but when thread
/// mode runs on PSP (EXC_RETURN tells) there is one right value. Of the registers, the hardware stacked r3.
macro_rules! own_stack {
    () => {
        "tst lr, #4
        itttt ne
        movwne r3, #:lower16:{firmware_sp}
        movtne r3, #:upper16:{firmware_sp}
        ldrne r3, [r3]
        msrne msp, r3"
    };
}

mod door;
mod fault;
mod stop;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};

use cortex_m::{
    interrupt,
    peripheral::{DWT, SCB},
    register::{
        control::{self, Control},
        psp,
    },
};
use unwind::{Machine, Registers};

use super::{PENDING, STACK, UNCALLED, exec_stopped, watch};
pub(crate) use door::ending;

/// The CPU runs thread mode on the extension's stack.
static ACTIVE: AtomicBool = AtomicBool::new(false);
/// MSP while extension code runs.
static FIRMWARE_SP: AtomicUsize = AtomicUsize::new(0);
/// Where the vectors are.
static VECTORS: AtomicU32 = AtomicU32::new(0);
/// Registers that only assembly sees in time: r4 to r11; and of who leaves, its stack pointer and where it would go on.
pub(crate) static SAVED: [AtomicU32; 10] = [const { AtomicU32::new(0) }; 10];

unsafe extern "C" {
    fn exec_semihost(operation: usize, parameter: *const usize) -> i32;
}

/// Whose registers these are.
pub(super) static MACHINE: &Machine = &unwind::ARM;

/// Whether extension code (or an export on its behalf) is what runs, or was interrupted.
pub(super) fn in_extension() -> bool {
    ACTIVE.load(SeqCst)
}

/// The registers of the thread that a handler interrupted, from the frame of the exception (B1.5.6): all but r4 to r11, which
/// [`complete`] adds.
///
/// # Safety
/// The frame is the hardware's.
unsafe fn stacked(frame: *const u32) -> Registers {
    /// xPSR: a word of padding lies above the frame.
    const PADDED: u32 = 1 << 9;
    let mut registers = Registers::unknown(MACHINE);
    // SAFETY: the caller's promise.
    let [r0, r1, r2, r3, r12, lr, pc, xpsr] = unsafe { frame.cast::<[u32; 8]>().read() };
    registers.set_all(0, &[r0, r1, r2, r3]);
    let above = frame.addr() as u32 + size_of::<[u32; 8]>() as u32;
    let sp = above + if xpsr & PADDED != 0 { 4 } else { 0 };
    registers.set_all(12, &[r12, sp, lr, pc, xpsr & !PADDED]);
    registers
}

/// The registers of the extension's code that an interrupt came in, from the `frame` of that, but for those that [`complete`]
/// adds.
fn interrupted(frame: usize) -> Registers {
    let last = frame.saturating_add(size_of::<[u32; 8]>() - 1);
    if super::is_memory(frame) && super::is_memory(last) {
        // SAFETY: memory, and where the hardware puts the frame of the thread.
        return unsafe { stacked(frame as *const u32) };
    }
    let mut registers = Registers::unknown(MACHINE);
    registers.set(MACHINE.sp, frame as u32);
    registers
}

/// Adds what assembly saved: the registers that handlers keep, or if the code left by itself, all that is known of it.
pub(super) fn complete(registers: &mut Registers) {
    let [r4_to_r11 @ .., sp, lr] = &SAVED;
    for (number, value) in (4..).zip(r4_to_r11) {
        registers.set(number, value.load(SeqCst));
    }
    if registers.sp().is_none() {
        let lr = lr.load(SeqCst);
        registers.set_all(MACHINE.sp, &[sp.load(SeqCst), lr, lr]);
    }
}

/// Makes the exception return go through the door.
///
/// # Safety
/// A handler runs, which returns to thread mode on PSP.
pub(super) unsafe fn redirect() {
    const THUMB: usize = 1 << 24;
    let leave = exec_stopped as *const () as usize & !1;
    // The frame of an exception (B1.5.6): r0-r3, r12, lr, return address, xPSR.
    let frame = [0, 0, 0, 0, 0, 0, leave, THUMB];
    let place = STACK[1].load(SeqCst) - size_of_val(&frame);
    // SAFETY: the top of the extension's stack is ours to write: the call that uses it ends here. The door is
    // privileged code; an SVC there would be one fault more if the extension masked interrupts, too.
    unsafe {
        control::write(Control::from_bits(0));
        (place as *mut [usize; 8]).write_volatile(frame);
        psp::write(place as u32);
    }
}

/// Makes sure that [`attend`](super::attend) is called when all handlers are done: PendSV does.
pub(super) fn attend_soon() {
    SCB::set_pendsv();
}

/// Whether an interrupt that looks after a call is masked: the NMI never is.
pub(super) fn is_masked() -> bool {
    false
}

/// The CPU's counter is one of cycles.
pub(super) const COUNTS_CYCLES: bool = true;

/// The greatest value of [`counter`]: what follows is 0.
pub(super) const COUNTER_MAX: u64 = u32::MAX as u64;

/// The cycle counter of the DWT (C1.8), if there is one, and it counts.
pub(super) fn counter() -> Option<u64> {
    DWT::has_cycle_counter().then(|| DWT::cycle_count().into())
}

/// Undoes what a call may have done to the CPU and the door has not: every kind of fault has its own handler (SHCSR, B3.2.13).
pub(super) fn restore() {
    const HANDLERS: u32 = 0b111 << 16;
    // CCR (B3.2.8). Divisions by zero fault. Unaligned accesses do not: compilers make them on purpose (for ARMv7-M that is
    // GCC's default), and those that no ARMv7-M can do (LDM, LDRD, LDREX and their stores) fault anyway (A3.2.1).
    const DIV_0_TRP: u32 = 1 << 4;
    const STACK_ALIGN: u32 = 1 << 9;
    // SAFETY: these registers of the core have one right value; all handlers are in place.
    unsafe {
        let scb = &*SCB::PTR;
        scb.shcsr.modify(|shcsr| shcsr | HANDLERS);
        scb.ccr.write(STACK_ALIGN | DIV_0_TRP);
    }
}

/// Gives every kind of fault its own handler, and lets interrupts through.
///
/// # Safety
/// Once, before the first call.
pub(super) unsafe fn start() {
    // SAFETY: called once; nobody else holds the core's peripherals this early.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    VECTORS.store(core.SCB.vtor.read(), SeqCst);
    restore();
    // SAFETY: all handlers are in place.
    unsafe {
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
        cortex_m::asm::dsb();
        cortex_m::asm::isb();
        interrupt::enable();
    }
}

/// Sleeps until `ready`, which an interrupt brings about; where none does (`polled`), the board's alarm wakes the CPU to look.
pub fn sleep_until(polled: bool, ready: impl Fn() -> bool) {
    let mut naps = watch::Naps::new();
    while !ready() {
        if polled {
            naps.begin();
        }
        // With interrupts held back, the one that makes `ready` true cannot slip in between the test and
        // the WFI: it stays pending, and a pending interrupt ends the WFI (B1.5.19). The alarm, which nothing holds back,
        // can: so it comes again.
        interrupt::free(|_| {
            if !ready() {
                cortex_m::asm::wfi();
            }
        });
    }
}

/// A semihosting call; `None` if nobody serves it.
///
/// # Safety
/// `parameter` points at what `operation` expects (ARM's semihosting specification).
pub unsafe fn semihost(operation: usize, parameter: *const usize) -> Option<i32> {
    // SAFETY: the caller's promise. Without a debugger the BKPT is a fault, which ends as -1.
    let result = unsafe { exec_semihost(operation, parameter) };
    (result != -1).then_some(result)
}

/// cortex-m-rt's name for the handler of all other exceptions.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
extern "C" fn DefaultHandler() {}
