//! The door on RISC-V (machine mode, RV32).
//!
//! While extension code runs, `mscratch` holds the firmware's stack pointer; otherwise it is 0. The trap
//! entry swaps it with `sp`, so traps are handled on the firmware's stack whatever the extension made of
//! its own. To send the CPU through the door, a handler sets `mepc` to it. The door trusts no register: what
//! it needs is in memory.
//!
//! Calls follow the RISC-V calling convention (psABI, "Integer Calling Convention"): arguments in a0-a7,
//! `sp` 16-aligned, s0-s11 the callee's to keep, `gp` and `tp` nobody's to touch (and restored all the same).

use core::{
    arch::global_asm,
    ops::Range,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use riscv::register::{mcause, mepc, mie, mstatus, mtval};
use riscv_rt::TrapFrame;
use shell_cmds::context::{Fault, FaultKind};
use unwind::{Machine, Registers};

use super::{PENDING, contain, exec_leave, note_probe};
use crate::{board, fatal};

/// The trap that is being handled came from extension code, or an export on its behalf.
static FROM_EXTENSION: AtomicBool = AtomicBool::new(false);
/// The firmware's stack pointer while extension code runs.
static FIRMWARE_SP: AtomicUsize = AtomicUsize::new(0);

global_asm!(
    ".cfi_sections .debug_frame",
    ".section .text.exec_call, \"ax\"",
    ".global exec_call",
    ".type exec_call, @function",
    "exec_call:", // a0 = entry, a1 = arguments, a2 = top of the stack
    ".cfi_startproc",
    ".cfi_undefined ra", // a debugger's backtrace ends here
    "addi sp, sp, -64",
    "sw ra, 0(sp)",
    "sw gp, 4(sp)",
    "sw tp, 8(sp)",
    "sw s0, 12(sp)",
    "sw s1, 16(sp)",
    "sw s2, 20(sp)",
    "sw s3, 24(sp)",
    "sw s4, 28(sp)",
    "sw s5, 32(sp)",
    "sw s6, 36(sp)",
    "sw s7, 40(sp)",
    "sw s8, 44(sp)",
    "sw s9, 48(sp)",
    "sw s10, 52(sp)",
    "sw s11, 56(sp)",
    "la t0, {firmware_sp}",
    "sw sp, 0(t0)",
    "csrw mscratch, sp",
    "mv sp, a2",
    "la t0, {pending}", // a Ctrl-C before this point found nothing to interrupt
    "lbu t0, 0(t0)",
    "bnez t0, exec_leave",
    "mv t1, a0",
    "mv t0, a1",
    "lw a0, 0(t0)",
    "lw a1, 4(t0)",
    "lw a2, 8(t0)",
    "lw a3, 12(t0)",
    "lw a4, 16(t0)",
    "lw a5, 20(t0)",
    "lw a6, 24(t0)",
    "lw a7, 28(t0)",
    "jalr t1",
    "nop", // the return address is still in exec_call: a debugger's `finish` stops here
    ".cfi_endproc",
    ".global exec_leave",
    ".type exec_leave, @function",
    "exec_leave:", // a0 = the value that the call returns
    "csrci mstatus, 8", // no interrupt while the next registers change
    "la sp, {firmware_sp}",
    "lw sp, 0(sp)",
    "csrw mscratch, zero",
    "la t0, _start_trap", // the rest in case the extension changed it
    "csrw mtvec, t0",
    "li t0, 1 << 11", // MEIE
    "csrs mie, t0",
    "lw ra, 0(sp)",
    "lw gp, 4(sp)",
    "lw tp, 8(sp)",
    "lw s0, 12(sp)",
    "lw s1, 16(sp)",
    "lw s2, 20(sp)",
    "lw s3, 24(sp)",
    "lw s4, 28(sp)",
    "lw s5, 32(sp)",
    "lw s6, 36(sp)",
    "lw s7, 40(sp)",
    "lw s8, 44(sp)",
    "lw s9, 48(sp)",
    "lw s10, 52(sp)",
    "lw s11, 56(sp)",
    "addi sp, sp, 64",
    "csrsi mstatus, 8", // MIE
    "ret",
    // The trap entry, in place of riscv-rt's. The frame is riscv-rt's TrapFrame (16 words), then gp, the
    // extension's sp, and whether it was running.
    ".section .trap.start, \"ax\"",
    ".balign 4",
    ".global _start_trap",
    ".type _start_trap, @function",
    "_start_trap:",
    "csrrw sp, mscratch, sp",
    "bnez sp, 1f",
    "csrrw sp, mscratch, sp", // the firmware was running, on its own stack
    "addi sp, sp, -80",
    "sw t0, 4(sp)",
    "li t0, 0",
    "j 2f",
    "1:",
    "addi sp, sp, -80",
    "sw t0, 4(sp)",
    "li t0, 1",
    "2:",
    "sw t0, 72(sp)",
    "sw ra, 0(sp)",
    "sw t1, 8(sp)",
    "sw t2, 12(sp)",
    "sw t3, 16(sp)",
    "sw t4, 20(sp)",
    "sw t5, 24(sp)",
    "sw t6, 28(sp)",
    "sw a0, 32(sp)",
    "sw a1, 36(sp)",
    "sw a2, 40(sp)",
    "sw a3, 44(sp)",
    "sw a4, 48(sp)",
    "sw a5, 52(sp)",
    "sw a6, 56(sp)",
    "sw a7, 60(sp)",
    "sw gp, 64(sp)",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "la t1, {from_extension}",
    "sb t0, 0(t1)",
    "csrrw t0, mscratch, zero", // a trap in the handler is the firmware's own
    "sw t0, 68(sp)",
    "mv a0, sp",
    "call _start_trap_rust",
    "lw ra, 0(sp)",
    "lw t1, 8(sp)",
    "lw t2, 12(sp)",
    "lw t3, 16(sp)",
    "lw t4, 20(sp)",
    "lw t5, 24(sp)",
    "lw t6, 28(sp)",
    "lw a0, 32(sp)",
    "lw a1, 36(sp)",
    "lw a2, 40(sp)",
    "lw a3, 44(sp)",
    "lw a4, 48(sp)",
    "lw a5, 52(sp)",
    "lw a6, 56(sp)",
    "lw a7, 60(sp)",
    "lw gp, 64(sp)",
    "lw t0, 72(sp)",
    "bnez t0, 3f",
    "lw t0, 4(sp)",
    "addi sp, sp, 80",
    "mret",
    "3:", // back to the extension: mscratch = firmware's sp, sp = the extension's
    "addi t0, sp, 80",
    "csrw mscratch, t0",
    "lw t0, 4(sp)",
    "lw sp, 68(sp)",
    "mret",
    // Accesses that may fault. A fault between the two labels goes on at exec_probe_failed, and the caller
    // sees -1.
    ".section .text.exec_probe, \"ax\"",
    ".global exec_probe_start, exec_probe_end, exec_probe_failed",
    "exec_probe_start:",
    ".macro exec_probe name",
    ".global exec_probe_\\name",
    ".type exec_probe_\\name, @function",
    "exec_probe_\\name:",
    ".endm",
    ".macro exec_load name, op",
    "exec_probe \\name",
    "\\op a0, 0(a0)",
    "sw a0, 0(a1)",
    "li a0, 0",
    "ret",
    ".endm",
    ".macro exec_store name, op",
    "exec_probe \\name",
    "lw a1, 0(a1)",
    "\\op a1, 0(a0)",
    "li a0, 0",
    "ret",
    ".endm",
    "exec_load load8, lbu",
    "exec_load load16, lhu",
    "exec_load load32, lw",
    "exec_store store8, sb",
    "exec_store store16, sh",
    "exec_store store32, sw",
    // The sequence that stands for a semihosting call (RISC-V semihosting specification, 3.1): never
    // compressed, and within one page.
    ".option push",
    ".option norvc",
    ".balign 16",
    ".global exec_semihost",
    ".type exec_semihost, @function",
    "exec_semihost:", // a0 = operation, a1 = parameter
    "slli zero, zero, 0x1f",
    "ebreak",
    "srai zero, zero, 7",
    "ret",
    ".option pop",
    "exec_probe_end:",
    "exec_probe_failed:",
    "li a0, -1",
    "ret",
    pending = sym PENDING,
    firmware_sp = sym FIRMWARE_SP,
    from_extension = sym FROM_EXTENSION,
);

unsafe extern "C" {
    fn exec_probe_start();
    fn exec_probe_end();
    fn exec_probe_failed();
    fn exec_semihost(operation: usize, parameter: *const usize) -> i32;
}

/// Whose registers these are.
pub(super) static MACHINE: &Machine = &unwind::RISCV32;

/// Whether extension code (or an export on its behalf) was interrupted by the trap that is being handled.
pub(super) fn in_extension() -> bool {
    FROM_EXTENSION.load(SeqCst)
}

/// Makes the trap return go through the door.
///
/// # Safety
/// A trap handler runs, and the trap came from extension code.
pub(super) unsafe fn redirect() {
    // SAFETY: exec_leave restores all that the firmware relies on, and needs machine mode for it, which the
    // extension may have left.
    unsafe {
        mstatus::set_mpp(mstatus::MPP::Machine);
        mepc::write(exec_leave as *const () as usize);
    }
}

/// Forbids every access to `guard`, and lets interrupts through.
///
/// # Safety
/// Once, before the first call. Nothing lies in `guard`, whose length is a power of two and divides its start.
pub(super) unsafe fn start(guard: Range<usize>) {
    // A naturally aligned power of two, locked, so that it holds in machine mode too (privileged
    // specification, section 3.7.1).
    const LOCKED_NAPOT_NO_ACCESS: usize = 1 << 7 | 0b11 << 3;
    let napot = guard.start >> 2 | ((guard.len() >> 3) - 1);
    // SAFETY: the caller's promise; all handlers are in place.
    unsafe {
        riscv::register::pmpaddr0::write(napot);
        riscv::register::pmpcfg0::write(LOCKED_NAPOT_NO_ACCESS);
        riscv::register::mie::set_mext();
        riscv::interrupt::enable();
    }
}

/// How often a sleeping hart looks around.
const WAKES_A_SECOND: u32 = 50;

/// Sleeps until `ready`, which an interrupt brings about.
pub fn sleep_until(ready: impl Fn() -> bool) {
    while !ready() {
        // With interrupts held back, the one that makes `ready` true cannot slip in between the test and
        // the WFI: it stays pending, and a pending interrupt ends the WFI (privileged specification, 3.3.3).
        riscv::interrupt::free(|| {
            if !ready() {
                // QEMU 7.2 stops watching its stdin while a byte waits in the UART, and watches again when its main loop
                // comes round. A write to the flash runs that loop's events in the CPU's thread, and may take the wake-up
                // away from the loop: then no input would ever reach the UART. Setting a timer wakes the loop once more.
                if let Some(board) = board::current() {
                    let clock = board.clock;
                    clock.wake_after(u64::from(clock.rate() / WAKES_A_SECOND));
                }
                // SAFETY: interrupts are held back, so that the timer's only ends the sleep.
                unsafe { mie::set_mtimer() };
                riscv::asm::wfi();
                // SAFETY: as above; nobody handles the timer's interrupt.
                unsafe { mie::clear_mtimer() };
            }
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

/// riscv-rt's name for the handler of all exceptions.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
extern "C" fn ExceptionHandler(_frame: &TrapFrame) {
    let cause = mcause::read().code();
    let value = mtval::read();
    let pc = mepc::read();
    let fault = Fault {
        kind: kind(cause, value),
        address: accesses(cause).then_some(value),
    };
    if (exec_probe_start as *const () as usize..exec_probe_end as *const () as usize).contains(&pc)
    {
        note_probe(fault);
        // SAFETY: the probe is a leaf, its ra is in the frame.
        unsafe { mepc::write(exec_probe_failed as *const () as usize) };
        return;
    }
    let mut registers = Registers::unknown(MACHINE);
    registers.set(MACHINE.pc, pc as u32);
    // SAFETY: this is the handler of that fault.
    if !unsafe { contain(fault, registers) } {
        fatal::fault(&fault, pc);
    }
}

/// Whether `mtval` is the address of a load or store (privileged specification, table 3.6).
fn accesses(cause: usize) -> bool {
    matches!(cause, 4..=7 | 13 | 15)
}

fn kind(cause: usize, value: usize) -> FaultKind {
    if accesses(cause) && super::guard().contains(&value) {
        return FaultKind::StackOverflow;
    }
    match cause {
        0 => FaultKind::MisalignedJump,
        1 => FaultKind::BusFetch,
        2 => FaultKind::Instruction,
        3 => FaultKind::Breakpoint,
        4 | 6 => FaultKind::Unaligned,
        5 => FaultKind::BusLoad,
        7 => FaultKind::BusStore,
        8..=11 => FaultKind::EnvironmentCall,
        _ => FaultKind::Other,
    }
}
