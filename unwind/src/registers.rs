//! A CPU's registers, each with its name and number.

use crate::backtrace::Frame;
use crate::call::{is_after_riscv_call, is_after_thumb_call, thumb_saves_link};
use crate::frame_pointer::Chain;
use crate::target::Target;
use crate::{cfi, exidx};

/// Room for the registers of any machine here.
pub const COUNT: usize = 33;

/// What is to be known of a machine: its registers, which have the numbers of its DWARF ABI, and its calls.
pub struct Machine {
    /// Names, by number.
    pub names: &'static [&'static str],
    /// The stack pointer's number.
    pub sp: usize,
    /// The number of the register that a call leaves its return address in.
    pub ra: usize,
    /// The program counter's number.
    pub pc: usize,
    /// What of a code address is no part of where the instruction lies.
    pub mode_bits: u32,
    /// How its frame pointers are chained.
    pub(crate) chain: Chain,
    /// Whether a call leaves this address as the one to return to.
    pub(crate) is_after_call: fn(&mut dyn Target, u32) -> bool,
    /// What becomes of the link register in calls.
    pub(crate) link: Link,
    /// Unwinds a frame by the compiler's tables.
    pub(crate) tables: fn(&mut dyn Target, &Registers, Frame) -> Option<Registers>,
}

/// What the link register holds after a call.
pub(crate) enum Link {
    /// Where the call has returned to: functions return by the link register alone.
    Returns,
    /// Anything: functions return by what they have saved, too. Before its first call a function saves it, by an instruction
    /// for whose two halves this is true.
    IsLost(fn(u32, u32) -> bool),
}

impl PartialEq for Machine {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Machine {}

impl core::fmt::Debug for Machine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Machine")
    }
}

/// 32-bit ARM in Thumb state: r0 to r15 have their own numbers (AADWARF32, section 4.1); xPSR follows them. The frame pointer
/// is r7, as LLVM has it: GCC's points below what it has saved.
pub static ARM: Machine = Machine {
    names: &[
        "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp",
        "lr", "pc", "xpsr",
    ],
    sp: 13,
    ra: 14,
    pc: 15,
    mode_bits: 1,
    chain: Chain {
        register: 7,
        saved: 0,
        back: 4,
        sp: 8,
    },
    is_after_call: is_after_thumb_call,
    link: Link::IsLost(thumb_saves_link),
    tables: exidx::step,
};

/// RV32: x0 to x31 have their own numbers (RISC-V psABI, "DWARF register numbers"); pc follows them. The frame
/// pointer is s0 (psABI, "Frame Pointer Convention").
pub static RISCV32: Machine = Machine {
    names: &[
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
        "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
        "t5", "t6", "pc",
    ],
    sp: 2,
    ra: 1,
    pc: 32,
    mode_bits: 0,
    chain: Chain {
        register: 8,
        saved: -8,
        back: -4,
        sp: 0,
    },
    is_after_call: is_after_riscv_call,
    link: Link::Returns,
    tables: cfi::step,
};

/// What is known of the registers at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The machine whose they are.
    pub machine: &'static Machine,
    values: [u32; COUNT],
    known: u64,
}

impl Registers {
    /// Registers of which nothing is known.
    pub const fn unknown(machine: &'static Machine) -> Self {
        Self {
            machine,
            values: [0; COUNT],
            known: 0,
        }
    }

    /// The register with this number; `None` if its value is not known.
    pub fn get(&self, number: usize) -> Option<u32> {
        let value = *self.values.get(number)?;
        (self.known >> number & 1 != 0).then_some(value)
    }

    /// Makes the value of a register known.
    pub fn set(&mut self, number: usize, value: u32) {
        if let Some(place) = self.values.get_mut(number) {
            *place = value;
            self.known |= 1 << number;
        }
    }

    /// Makes the values of the registers from `first` on known.
    pub fn set_all(&mut self, first: usize, values: &[u32]) {
        for (number, value) in (first..).zip(values) {
            self.set(number, *value);
        }
    }

    /// Forgets a register.
    pub fn forget(&mut self, number: usize) {
        self.known &= !1_u64.checked_shl(number as u32).unwrap_or(0);
    }

    /// Where the CPU was: the address of an instruction.
    pub fn pc(&self) -> Option<u32> {
        Some(self.get(self.machine.pc)? & !self.machine.mode_bits)
    }

    /// The stack pointer.
    pub fn sp(&self) -> Option<u32> {
        self.get(self.machine.sp)
    }

    /// The registers that are known: name and value, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        let names = self.machine.names.iter().enumerate();
        names.filter_map(|(number, name)| Some((*name, self.get(number)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_set_is_known() {
        let mut registers = Registers::unknown(&ARM);
        assert_eq!(registers.pc(), None);
        registers.set_all(13, &[0x2000_0000, 0x101, 0x203]);
        assert_eq!(registers.pc(), Some(0x202));
        assert_eq!(registers.sp(), Some(0x2000_0000));
        registers.forget(14);
        let known: Vec<_> = registers.iter().collect();
        assert_eq!(known, [("sp", 0x2000_0000), ("pc", 0x203)]);
        // Numbers that no register has.
        registers.set(COUNT, 1);
        registers.forget(64);
        assert_eq!(registers.get(COUNT), None);
    }

    #[test]
    fn every_machine_fits() {
        for machine in [&ARM, &RISCV32] {
            assert!(machine.names.len() <= COUNT);
            assert_eq!(machine.names[machine.sp], "sp");
            assert_eq!(machine.names[machine.pc], "pc");
        }
    }
}
