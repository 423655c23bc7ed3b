//! The door on RISC-V (machine mode, RV32).
//!
//! While extension code runs, the trap entry finds the firmware's stack pointer in memory, and handles traps there whatever
//! the extension made of its own stack. `mscratch` is only scratch, so that no value in it does harm. To send the CPU through
//! the door, a handler sets `mepc` to it. The door trusts no register: what it needs is in memory.
//!
//! Calls follow the RISC-V calling convention (psABI, "Integer Calling Convention"): arguments in a0-a7,
//! `sp` 16-aligned, s0-s11 the callee's to keep, `gp` and `tp` nobody's to touch (and restored all the same).

mod door;
mod fault;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};

use riscv::register::{mepc, mie, minstret, mstatus};
use unwind::{Machine, Registers};

use super::{PENDING, UNCALLED, attend, exec_stopped, watch};
pub(crate) use door::ending;

/// The trap that is being handled came from extension code, or an export on its behalf.
static FROM_EXTENSION: AtomicBool = AtomicBool::new(false);
/// The firmware's stack pointer while extension code runs.
static FIRMWARE_SP: AtomicUsize = AtomicUsize::new(0);
/// For the trap entry: the same while extension code runs and no trap is being handled, otherwise 0; and the stack pointer
/// that a trap interrupted.
static TRAP: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// Registers that only assembly sees in time, each at its number: tp and s0 to s11; and of who leaves, sp and ra.
pub(crate) static SAVED: [AtomicU32; 28] = [const { AtomicU32::new(0) }; 28];

unsafe extern "C" {
    fn exec_semihost(operation: usize, parameter: *const usize) -> i32;
}

/// Whose registers these are.
pub(super) static MACHINE: &Machine = &unwind::RISCV32;

/// Whether extension code (or an export on its behalf) was interrupted by the trap that is being handled.
pub(super) fn in_extension() -> bool {
    FROM_EXTENSION.load(SeqCst)
}

/// What the trap entry saves: riscv-rt's `TrapFrame`, and more.
#[repr(C)]
struct Frame {
    ra: u32,
    t0_to_t2: [u32; 3],
    t3_to_t6: [u32; 4],
    a0_to_a7: [u32; 8],
    gp: u32,
    sp: u32,
    from_extension: u32,
    padding: u32,
}

impl Frame {
    /// The registers where the trap came, but for those that [`complete`] adds.
    fn registers(&self) -> Registers {
        let mut registers = Registers::unknown(MACHINE);
        registers.set_all(1, &[self.ra, self.sp, self.gp]);
        registers.set_all(5, &self.t0_to_t2);
        registers.set_all(10, &self.a0_to_a7);
        registers.set_all(28, &self.t3_to_t6);
        registers.set(MACHINE.pc, mepc::read() as u32);
        registers
    }
}

/// The registers of the extension's code that an interrupt came in, but for those that [`complete`] adds.
pub(super) fn interrupted() -> Registers {
    let frame = FIRMWARE_SP.load(SeqCst) as *const Frame;
    // SAFETY: the trap entry saved them there, because the trap came from extension code.
    unsafe { &*frame.wrapping_sub(1) }.registers()
}

/// Adds what assembly saved: the registers that handlers keep, or if the code left by itself, all that is known of it.
pub(super) fn complete(registers: &mut Registers) {
    let left = registers.sp().is_none();
    for (number, value) in SAVED.iter().enumerate() {
        let value = value.load(SeqCst);
        match number {
            4 | 8 | 9 | 18.. => registers.set(number, value),
            1 | 2 if left => registers.set(number, value),
            _ => {}
        }
    }
    if left {
        registers.set(MACHINE.pc, SAVED[MACHINE.ra].load(SeqCst));
    }
}

/// Makes the trap return go through the door.
///
/// # Safety
/// A trap handler runs, and the trap came from extension code.
pub(super) unsafe fn redirect() {
    // SAFETY: exec_stopped goes on to exec_leave, which restores all that the firmware relies on, and needs machine mode for it, which the
    // extension may have left, or have left for loads and stores.
    unsafe {
        mstatus::clear_mprv();
        mstatus::set_mpp(mstatus::MPP::Machine);
        mepc::write(exec_stopped as *const () as usize);
    }
}

/// Lets interrupts through.
///
/// # Safety
/// Once, before the first call.
pub(super) unsafe fn start() {
    // SAFETY: all handlers are in place.
    unsafe {
        riscv::register::mie::set_mext();
        riscv::interrupt::enable();
    }
}

/// Makes sure that [`attend`] is called: it is, at the end of every handler.
pub(super) fn attend_soon() {}

/// Whether an interrupt that looks after a call is masked.
pub(super) fn is_masked() -> bool {
    let through = mie::read();
    !(mstatus::read().mie() && through.mext() && through.mtimer())
}

/// The CPU's counter is one of instructions, if it is to be believed.
pub(super) const COUNTS_CYCLES: bool = false;

/// The greatest value of [`counter`]: what follows is 0.
pub(super) const COUNTER_MAX: u64 = u64::MAX;

/// Instructions that the hart has retired (privileged specification, 3.1.10).
pub(super) fn counter() -> Option<u64> {
    Some(minstret::read64())
}

/// Undoes what a call may have done to the CPU: the door has, already.
pub(super) fn restore() {}

/// riscv-rt's name for the handler of the machine timer's interrupt.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
extern "C" fn MachineTimer() {
    watch::alarm(true);
}

/// At the end of every handler.
#[unsafe(no_mangle)]
extern "C" fn exec_attend() {
    // SAFETY: traps do not nest.
    unsafe { attend(interrupted) };
}

/// Sleeps until `ready`, which an interrupt brings about; where none does (`polled`), the board's alarm wakes the CPU to look.
pub fn sleep_until(polled: bool, ready: impl Fn() -> bool) {
    let mut naps = watch::Naps::new();
    while !ready() {
        // With interrupts held back, the one that makes `ready` true cannot slip in between the test and
        // the WFI: it stays pending, and a pending interrupt ends the WFI (privileged specification, 3.3.3).
        riscv::interrupt::free(|| {
            if ready() {
                return;
            }
            // QEMU 7.2 stops watching its stdin while a byte waits in the UART, and watches again when its main loop
            // comes round. A write to the flash runs that loop's events in the CPU's thread, and may take the wake-up
            // away from the loop: then no input would ever reach the UART. Setting a timer wakes the loop once more.
            naps.begin_or(polled, watch::PERIOD_US);
            riscv::asm::wfi();
        });
    }
}

/// A semihosting call; `None` if nobody serves it.
///
/// # Safety
/// `parameter` points at what `operation` expects (ARM's semihosting specification, which RISC-V shares).
pub unsafe fn semihost(operation: usize, parameter: *const usize) -> Option<i32> {
    // SAFETY: the caller's promise. Without a debugger the EBREAK is a fault, which ends as -1.
    let result = unsafe { exec_semihost(operation, parameter) };
    (result != -1).then_some(result)
}
