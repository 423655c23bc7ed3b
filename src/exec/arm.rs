//! The door on Cortex-M (ARMv7-M).
//!
//! The shell runs in thread mode on MSP, extension code in thread mode on PSP, handlers on MSP. So an
//! exception that came from extension code has its frame at PSP, and `EXC_RETURN` says so. To send the CPU
//! through the door, a handler puts a fresh frame at the top of the extension's stack, with the door as its
//! return address: what the stack pointer was, and whether the hardware could stack anything there, is no
//! matter.
//!
//! Calls follow AAPCS32 (section 6.4): arguments 0 to 3 in r0-r3, the rest on the stack, which is 8-aligned;
//! r4-r11 are the callee's to keep.

use core::{
    arch::global_asm,
    ops::Range,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use cortex_m::{
    interrupt,
    peripheral::{SCB, scb::Exception},
    register::{
        control::{self, Control},
        psp,
    },
};
use shell_cmds::context::{Fault, FaultKind};
use unwind::{Machine, Registers};

use super::{PENDING, STACK, contain, exec_leave, note_probe};
use crate::fatal;

/// The CPU runs thread mode on the extension's stack.
static ACTIVE: AtomicBool = AtomicBool::new(false);
/// MSP while extension code runs.
static FIRMWARE_SP: AtomicUsize = AtomicUsize::new(0);

global_asm!(
    ".cfi_sections .debug_frame",
    ".section .text.exec_call, \"ax\"",
    ".global exec_call",
    ".type exec_call, %function",
    ".thumb_func",
    "exec_call:", // r0 = entry, r1 = arguments, r2 = top of the stack
    ".cfi_startproc",
    ".cfi_undefined lr", // a debugger's backtrace ends here
    "push {{r3-r11, lr}}", // r3 keeps the stack 8-aligned
    "ldr r3, ={firmware_sp}",
    "str sp, [r3]",
    "ldr r4, [r1, #16]",
    "ldr r5, [r1, #20]",
    "ldr r6, [r1, #24]",
    "ldr r7, [r1, #28]",
    "stmdb r2!, {{r4-r7}}",
    "msr psp, r2",
    "movs r3, #2", // CONTROL.SPSEL: thread mode on PSP (B1.4.4)
    "msr control, r3",
    "isb",
    "ldr r4, ={active}",
    "movs r3, #1",
    "strb r3, [r4]",
    "ldr r4, ={pending}", // a Ctrl-C before this point found nothing to interrupt
    "ldrb r3, [r4]",
    "cbnz r3, exec_leave",
    "mov r4, r0",
    "ldm r1, {{r0-r3}}",
    "blx r4",
    "nop", // the return address is still in exec_call: a debugger's `finish` stops here
    ".cfi_endproc",
    ".global exec_leave",
    ".type exec_leave, %function",
    ".thumb_func",
    "exec_leave:", // r0 = the value that the call returns
    "dsb", // the fault of a buffered store comes while it is still the call's
    "mrs r1, control",
    "lsls r1, r1, #31", // nPRIV: the extension gave its privileges away
    "it mi",
    "svcmi #0",
    "movs r2, #0",
    "ldr r1, ={active}",
    "strb r2, [r1]",
    "msr control, r2", // back on MSP, even if the extension was on it
    "isb",
    "ldr r1, ={firmware_sp}",
    "ldr sp, [r1]",
    "msr basepri, r2", // what the extension masked and forgot
    "cpsie if",
    "pop {{r3-r11, pc}}",
    ".ltorg",
    // Gives thread mode its privileges back (CONTROL.nPRIV). An extension that has them does not notice.
    ".global SVCall",
    ".type SVCall, %function",
    ".thumb_func",
    "SVCall:",
    "mrs r0, control",
    "bic r0, r0, #1",
    "msr control, r0",
    "bx lr",
    // The handlers of all faults. LR holds EXC_RETURN; exec_fault says which one to return to.
    ".global HardFault, MemoryManagement, BusFault, UsageFault",
    ".type HardFault, %function",
    ".type MemoryManagement, %function",
    ".type BusFault, %function",
    ".type UsageFault, %function",
    ".thumb_func",
    "HardFault:",
    ".thumb_func",
    "MemoryManagement:",
    ".thumb_func",
    "BusFault:",
    ".thumb_func",
    "UsageFault:",
    "mrs r0, msp",
    "mrs r1, psp",
    "mov r2, lr",
    "push {{r3, lr}}",
    "bl exec_fault",
    "add sp, sp, #8",
    "bx r0",
    // Accesses that may fault. A fault between the two labels goes on at exec_probe_failed, and the caller
    // sees -1. The barrier makes a store's fault come before the return.
    ".global exec_probe_start, exec_probe_end, exec_probe_failed",
    ".thumb_func",
    "exec_probe_start:",
    ".macro exec_probe name",
    ".global exec_probe_\\name",
    ".type exec_probe_\\name, %function",
    ".thumb_func",
    "exec_probe_\\name:",
    ".endm",
    ".macro exec_load name, op",
    "exec_probe \\name",
    "\\op r0, [r0]",
    "str r0, [r1]",
    "movs r0, #0",
    "bx lr",
    ".endm",
    ".macro exec_store name, op",
    "exec_probe \\name",
    "ldr r1, [r1]",
    "\\op r1, [r0]",
    "dsb",
    "movs r0, #0",
    "bx lr",
    ".endm",
    "exec_load load8, ldrb",
    "exec_load load16, ldrh",
    "exec_load load32, ldr",
    "exec_store store8, strb",
    "exec_store store16, strh",
    "exec_store store32, str",
    ".global exec_semihost",
    ".type exec_semihost, %function",
    ".thumb_func",
    "exec_semihost:", // r0 = operation, r1 = parameter
    "bkpt #0xab",
    "bx lr",
    ".thumb_func",
    "exec_probe_end:",
    ".thumb_func",
    "exec_probe_failed:",
    "mov r0, #-1",
    "bx lr",
    active = sym ACTIVE,
    firmware_sp = sym FIRMWARE_SP,
    pending = sym PENDING,
);

unsafe extern "C" {
    fn exec_probe_start();
    fn exec_probe_end();
    fn exec_probe_failed();
    fn exec_semihost(operation: usize, parameter: *const usize) -> i32;
}

/// Whose registers these are.
pub(super) static MACHINE: &Machine = &unwind::ARM;

/// Whether extension code (or an export on its behalf) is what runs, or was interrupted.
pub(super) fn in_extension() -> bool {
    ACTIVE.load(SeqCst)
}

/// Makes the exception return go through the door.
///
/// # Safety
/// A handler runs, which returns to thread mode on PSP.
pub(super) unsafe fn redirect() {
    const THUMB: usize = 1 << 24;
    let leave = exec_leave as *const () as usize & !1;
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

/// Gives every kind of fault its own handler, and forbids every access to `guard`, and through null pointers.
///
/// # Safety
/// Once, before the first call. Nothing lies in `guard`, whose length is a power of two and divides its start.
pub(super) unsafe fn start(guard: Range<usize>) {
    // MPU_RBAR (B3.5.8): the address, VALID, region 0. MPU_RASR (B3.5.9): no execution, AP = 000 (no access),
    // the region has 2^(SIZE + 1) bytes, ENABLE. MPU_CTRL (B3.5.5): PRIVDEFENA, so that all else is as
    // without an MPU, and ENABLE.
    const VALID: u32 = 1 << 4;
    // The first 16 vectors, wherever the firmware is linked: the CPU fetches them past the MPU (B3.5.1).
    const NULL: u32 = VALID | 1;
    const NULL_SIZE: u32 = 64_u32.trailing_zeros() - 1;
    const NO_EXECUTION: u32 = 1 << 28;
    const ENABLE: u32 = 1;
    const DEFAULT_MAP: u32 = 1 << 2;
    let size = guard.len().trailing_zeros() - 1;
    // SAFETY: called once; nobody else holds the core's peripherals this early.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    // SAFETY: the caller's promise about `guard`; all handlers are in place.
    unsafe {
        core.MPU.rbar.write(guard.start as u32 | VALID);
        core.MPU.rasr.write(NO_EXECUTION | size << 1 | ENABLE);
        core.MPU.rbar.write(NULL);
        core.MPU.rasr.write(NO_EXECUTION | NULL_SIZE << 1 | ENABLE);
        core.MPU.ctrl.write(DEFAULT_MAP | ENABLE);
        for exception in [
            Exception::MemoryManagement,
            Exception::BusFault,
            Exception::UsageFault,
        ] {
            core.SCB.enable(exception);
        }
        cortex_m::asm::dsb();
        cortex_m::asm::isb();
        interrupt::enable();
    }
}

/// Sleeps until `ready`, which an interrupt brings about.
pub fn sleep_until(ready: impl Fn() -> bool) {
    while !ready() {
        // With interrupts held back, the one that makes `ready` true cannot slip in between the test and
        // the WFI: it stays pending, and a pending interrupt ends the WFI (B1.5.19).
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

/// Where the frame's return address and status lie, in words.
const FRAME_PC: usize = 6;

/// A fault, in Rust. Returns the EXC_RETURN to leave the handler with.
#[unsafe(no_mangle)]
unsafe extern "C" fn exec_fault(msp: *mut usize, psp: *mut usize, exc_return: usize) -> usize {
    const ON_PSP: usize = 1 << 2;
    const THREAD: usize = 1 << 3;
    let status = FaultStatus::take();
    let frame = if exc_return & ON_PSP != 0 { psp } else { msp };
    let pc = if status.unstacked() {
        0
    } else {
        // SAFETY: the hardware wrote the frame there.
        unsafe { frame.add(FRAME_PC).read() }
    };
    let fault = Fault {
        kind: status.kind(),
        address: status.address,
    };
    let mut registers = Registers::unknown(MACHINE);
    if !status.unstacked() {
        registers.set(MACHINE.pc, pc as u32);
    }
    let probes =
        exec_probe_start as *const () as usize & !1..exec_probe_end as *const () as usize & !1;
    if probes.contains(&pc) {
        note_probe(fault);
        // SAFETY: the frame was read above; the probe is a leaf, its LR is untouched.
        unsafe {
            frame
                .add(FRAME_PC)
                .write(exec_probe_failed as *const () as usize & !1)
        };
        return exc_return;
    }
    // SAFETY: this is the handler of that fault.
    if exc_return & THREAD == 0 || !unsafe { contain(fault, registers) } {
        fatal::fault(&fault, pc);
    }
    exc_return | ON_PSP
}

/// cortex-m-rt's name for the handler of all other exceptions.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
extern "C" fn DefaultHandler() {}

/// What the fault status registers say (B3.2.15 to B3.2.18).
struct FaultStatus {
    cfsr: u32,
    address: Option<usize>,
}

impl FaultStatus {
    const MEM_ACCESS: u32 = 0b11;
    const MEM_STACKING: u32 = 1 << 4;
    const MEM_ADDRESS: u32 = 1 << 7;
    const BUS_FETCH: u32 = 1 << 8;
    const BUS_STACKING: u32 = 1 << 12;
    const BUS_ADDRESS: u32 = 1 << 15;
    const BUS: u32 = 0xff << 8;
    const UNDEFINED: u32 = 1 << 16;
    const NO_THUMB: u32 = 1 << 17;
    const BAD_RETURN: u32 = 1 << 18;
    const NO_COPROCESSOR: u32 = 1 << 19;
    const UNALIGNED: u32 = 1 << 24;
    const DIVISION: u32 = 1 << 25;

    /// Reads the registers, and clears them for the next fault.
    fn take() -> Self {
        // SAFETY: these registers of the core can be read and written at any time; writing ones clears.
        unsafe {
            let scb = &*SCB::PTR;
            let cfsr = scb.cfsr.read();
            let address = match cfsr {
                _ if cfsr & Self::BUS_ADDRESS != 0 => Some(scb.bfar.read() as usize),
                _ if cfsr & Self::MEM_ADDRESS != 0 => Some(scb.mmfar.read() as usize),
                _ => None,
            };
            scb.cfsr.write(cfsr);
            scb.hfsr.write(u32::MAX);
            Self { cfsr, address }
        }
    }

    /// The hardware could not write the exception's frame: the stack pointer was out of bounds.
    fn unstacked(&self) -> bool {
        self.cfsr & (Self::MEM_STACKING | Self::BUS_STACKING) != 0
    }

    fn kind(&self) -> FaultKind {
        let is = |bits: u32| self.cfsr & bits != 0;
        match () {
            _ if self.unstacked()
                || self.address.is_some_and(|at| super::guard().contains(&at)) =>
            {
                FaultKind::StackOverflow
            }
            _ if is(Self::BUS_FETCH) => FaultKind::BusFetch,
            _ if is(Self::BUS) => FaultKind::Bus,
            _ if is(Self::MEM_ACCESS) => FaultKind::Protection,
            _ if is(Self::UNDEFINED) => FaultKind::Instruction,
            _ if is(Self::NO_THUMB) => FaultKind::NoThumb,
            _ if is(Self::BAD_RETURN) => FaultKind::ExceptionReturn,
            _ if is(Self::NO_COPROCESSOR) => FaultKind::Coprocessor,
            _ if is(Self::UNALIGNED) => FaultKind::Unaligned,
            _ if is(Self::DIVISION) => FaultKind::Division,
            // No bit at all: what escalates without one is a BKPT that no debugger takes.
            _ => FaultKind::Breakpoint,
        }
    }
}
