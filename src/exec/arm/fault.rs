//! Faults: what the CPU says of them, and whether they end an extension's call or the firmware.

use cortex_m::peripheral::SCB;
use shell_cmds::context::{Fault, FaultKind};
use unwind::Registers;

use super::{MACHINE, complete, stacked};
use crate::{
    exec::{contain, may_fetch, note_probe},
    fatal,
    protect::{kind_of_access, kind_of_fetch},
};

unsafe extern "C" {
    fn exec_probe_start();
    fn exec_probe_end();
    fn exec_probe_failed();
}

/// Words of an exception's frame (B1.5.6), and which of them is the return address.
const FRAME: usize = 8;
const FRAME_PC: usize = 6;

/// A fault, in Rust. Returns the EXC_RETURN to leave the handler with.
#[unsafe(no_mangle)]
unsafe extern "C" fn exec_fault(msp: *mut u32, psp: *mut u32, exc_return: usize) -> usize {
    const ON_PSP: usize = 1 << 2;
    const THREAD: usize = 1 << 3;
    let status = FaultStatus::take();
    let frame = if exc_return & ON_PSP != 0 { psp } else { msp };
    // First, because it is no error, and calls wait for it.
    if exc_return & THREAD != 0 && status.is_fetch() {
        // SAFETY: the hardware wrote the frame there.
        let pc = unsafe { frame.add(FRAME_PC).read() };
        if may_fetch(pc as usize) {
            return exc_return;
        }
    }
    let mut registers = if status.unstacked() {
        // The CPU made room for the frame, and could not write it.
        let mut registers = Registers::unknown(MACHINE);
        registers.set(MACHINE.sp, frame.wrapping_add(FRAME).addr() as u32);
        registers
    } else {
        // SAFETY: the hardware wrote the frame there.
        unsafe { stacked(frame) }
    };
    let fault = Fault {
        kind: status.kind(registers.pc()),
        address: status.address,
    };
    if registers.pc().is_some_and(in_probe) {
        note_probe(fault);
        let failed = exec_probe_failed as *const () as usize & !1;
        // SAFETY: the frame was read above; the probe is a leaf, its LR is untouched.
        unsafe { frame.add(FRAME_PC).write(failed as u32) };
        return exc_return;
    }
    // SAFETY: this is the handler of that fault.
    if exc_return & THREAD == 0 || !unsafe { contain(fault, registers) } {
        complete(&mut registers);
        fatal::fault(fault, registers);
    }
    exc_return | ON_PSP
}

fn in_probe(pc: u32) -> bool {
    (exec_probe_start as *const () as u32..exec_probe_end as *const () as u32).contains(&(pc | 1))
}

/// What the fault status registers say (B3.2.15 to B3.2.18).
struct FaultStatus {
    cfsr: u32,
    address: Option<usize>,
}

impl FaultStatus {
    const MEM_FETCH: u32 = 1 << 0;
    const MEM_ACCESS: u32 = 1 << 1;
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

    /// Memory protection forbade to fetch the instruction at the program counter.
    fn is_fetch(&self) -> bool {
        self.cfsr & Self::MEM_FETCH != 0 && !self.unstacked()
    }

    /// What kind of fault this is, of the instruction at `pc`.
    fn kind(&self, pc: Option<u32>) -> FaultKind {
        let is = |bits: u32| self.cfsr & bits != 0;
        let protection = match self.is_fetch() {
            true => pc.and_then(|pc| kind_of_fetch(pc as usize)),
            false => self.address.and_then(kind_of_access),
        };
        match protection {
            _ if self.unstacked() => FaultKind::StackOverflow,
            Some(kind) => kind,
            _ if is(Self::BUS_FETCH) => FaultKind::BusFetch,
            _ if is(Self::BUS) => FaultKind::Bus,
            _ if is(Self::MEM_FETCH) => FaultKind::ProtectionFetch,
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
