//! Backtraces of memory that was laid out by hand, and of memory that nobody laid out.

mod garbage;
mod means;
mod tables;

use crate::testing::Memory;
use crate::{ARM, Backtrace, Frame, How, RISCV32, Registers};

/// Where code lies, and the stack: its end.
const CODE: u32 = 0x1000;
const TOP: u32 = 0x8000;

/// Memory with code that is one call after the other, and a stack whose last words are these.
fn arm(stack: &[u32]) -> Memory {
    with_stack(Memory::code(CODE, &[0x4798; 512]), stack)
}

/// The same of RISC-V: `c.jalr a5`.
fn riscv(stack: &[u32]) -> Memory {
    with_stack(Memory::code(CODE, &[0x9782; 512]), stack)
}

fn with_stack(mut memory: Memory, stack: &[u32]) -> Memory {
    memory.stack = TOP - 0x1000..TOP;
    let bytes: Vec<u8> = stack.iter().flat_map(|word| word.to_le_bytes()).collect();
    memory.put(TOP - bytes.len() as u32, &bytes);
    memory
}

/// The stack pointer that leaves so many words of the stack.
fn sp(words: u32) -> u32 {
    TOP - 4 * words
}

fn registers(machine: &'static crate::Machine, known: &[(usize, u32)]) -> Registers {
    let mut registers = Registers::unknown(machine);
    for (number, value) in known {
        registers.set(*number, *value);
    }
    registers
}

/// The frames that are found, up to 64: where, and how.
fn frames(memory: &mut Memory, registers: &Registers) -> Vec<(u32, How)> {
    let each = |frame: Frame| (frame.pc, frame.how);
    Backtrace::new(memory, registers, false)
        .take(64)
        .map(each)
        .collect()
}
