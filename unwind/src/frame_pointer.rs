//! Frame pointers: where compilers keep them, each points to what leads to the next.

use crate::registers::{Machine, Registers};
use crate::target::{Target, word};

/// Where a frame pointer leads: offsets from it, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Chain {
    /// The register.
    pub register: usize,
    /// To the caller's frame pointer.
    pub saved: i32,
    /// To the return address.
    pub back: i32,
    /// To where the caller's stack pointer was.
    pub sp: i32,
}

/// The registers of the caller, if the frame pointer of `registers` points to a frame.
pub(crate) fn step(
    target: &mut dyn Target,
    machine: &'static Machine,
    registers: &Registers,
) -> Option<Registers> {
    let chain = &machine.chain;
    let here = registers.get(chain.register)?;
    // Not below the stack pointer: that is where the frame of the function that runs begins.
    if here & 3 != 0 || here < registers.sp()? {
        return None;
    }
    let at = |offset: i32| here.wrapping_add_signed(offset);
    let mut caller = Registers::unknown(machine);
    caller.set(chain.register, word(target, at(chain.saved))?);
    caller.set(machine.pc, word(target, at(chain.back))?);
    caller.set(machine.sp, at(chain.sp));
    Some(caller)
}
