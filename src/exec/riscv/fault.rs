//! Faults: what the CPU says of them, and whether they end an extension's call or the firmware.

use riscv::register::{mcause, mepc, mtval};
use shell_cmds::context::{Fault, FaultKind};

use super::{Frame, complete};
use crate::{
    exec::{ENDED, contain, exec_leave, may_fetch, may_store, note_probe},
    fatal,
    protect::{kind_of_access, kind_of_fetch},
};

unsafe extern "C" {
    fn exec_door_end();
    fn exec_probe_start();
    fn exec_probe_end();
    fn exec_probe_failed();
}

/// riscv-rt's name for the handler of all exceptions.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
extern "C" fn ExceptionHandler(frame: &Frame) {
    let cause = mcause::read().code();
    let pc = mepc::read();
    // First, because it is no error, and calls wait for it.
    if cause == FETCH && may_fetch(pc) || cause == STORE && may_store(pc) {
        return;
    }
    let value = mtval::read();
    let fault = Fault {
        kind: kind(cause, value),
        address: accesses(cause).then_some(value),
    };
    let probes = exec_probe_start as *const () as usize..exec_probe_end as *const () as usize;
    if probes.contains(&pc) {
        note_probe(fault);
        // SAFETY: the probe is a leaf, its ra is in the frame.
        unsafe { mepc::write(exec_probe_failed as *const () as usize) };
        return;
    }
    let mut registers = frame.registers();
    // SAFETY: this is the handler of that fault.
    if is_on_the_way_out(pc) || !unsafe { contain(fault, registers) } {
        complete(&mut registers);
        fatal::fault(fault, registers);
    }
}

/// Whether the door itself faulted at `pc`, of a call that has ended: sent there again, it would fault for ever.
fn is_on_the_way_out(pc: usize) -> bool {
    let door = exec_leave as *const () as usize..exec_door_end as *const () as usize;
    door.contains(&pc) && critical_section::with(|cs| ENDED.borrow(cs).get().is_some())
}

/// `mcause` of an instruction access fault: memory protection, or nothing that answered.
const FETCH: usize = 1;
/// The same of a load, and of a store.
const LOAD: usize = 5;
const STORE: usize = 7;

/// Whether `mtval` is the address of a load or store (privileged specification, table 3.6).
fn accesses(cause: usize) -> bool {
    matches!(cause, 4..=7 | 13 | 15)
}

fn kind(cause: usize, value: usize) -> FaultKind {
    let protection = match cause {
        FETCH => kind_of_fetch(value),
        LOAD | STORE => kind_of_access(value),
        _ => None,
    };
    if let Some(kind) = protection {
        return kind;
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
