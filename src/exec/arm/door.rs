//! The assembly of the door: into a call, out of it, and the handlers of faults.

use core::arch::global_asm;

use super::{ACTIVE, FIRMWARE_SP, PENDING, SAVED, UNCALLED, VECTORS};

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
    "subs r2, #32", // room for the frame of redirect: it overwrites none of the extension's
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
    "ldr r4, ={uncalled}",
    "strb r3, [r4]",
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
    "ldr r1, ={firmware_sp}", // whatever the extension made of MSP
    "ldr r1, [r1]",
    "msr msp, r1",
    "movs r2, #0",
    "ldr r1, ={active}",
    "strb r2, [r1]",
    "msr control, r2", // back on MSP, if the extension was not on it
    "isb",
    "ldr r1, =0xe000ed08", // VTOR (B3.2.5), before an interrupt needs it
    "ldr r3, ={vectors}",
    "ldr r3, [r3]",
    "str r3, [r1]",
    "msr basepri, r2", // what the extension masked and forgot
    "cpsie if",
    "pop {{r3-r11, pc}}",
    // A call that a handler ended comes here: the registers that no handler changed are the extension's still.
    ".global exec_stopped",
    ".type exec_stopped, %function",
    ".thumb_func",
    "exec_stopped:",
    "ldr r0, ={saved}",
    "stm r0, {{r4-r11}}",
    "b exec_leave",
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
    own_stack!(),
    "ldr r2, ={saved}",
    "stm r2, {{r4-r11}}",
    "mrs r0, msp",
    "mrs r1, psp",
    "mov r2, lr",
    "push {{r3, lr}}",
    "bl exec_fault",
    "add sp, sp, #8",
    "bx r0",
    ".ltorg",
    // Notes the registers of its caller, who is about to leave.
    ".global exec_note",
    ".type exec_note, %function",
    ".thumb_func",
    "exec_note:",
    "ldr r12, ={saved}",
    "stm r12!, {{r4-r11}}",
    "str sp, [r12]",
    "str lr, [r12, #4]",
    "bx lr",
    ".ltorg",
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
    saved = sym SAVED,
    uncalled = sym UNCALLED,
    vectors = sym VECTORS,
);

/// Defines a function that extensions call and that does not return: it notes the registers of its caller, which Rust
/// would change, and goes on at `$end`.
macro_rules! ending {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) => $end:path) => {
        $(#[$doc])*
        #[unsafe(naked)]
        extern "C" fn $name($($argument: $type),*) -> ! {
            core::arch::naked_asm!(
                "movw r12, #:lower16:{saved}",
                "movt r12, #:upper16:{saved}",
                "stm r12!, {{r4-r11}}",
                "str sp, [r12]",
                "str lr, [r12, #4]",
                "b {end}",
                saved = sym $crate::exec::SAVED,
                end = sym $end,
            )
        }
    };
}
pub(crate) use ending;
