//! ARM's exception tables: "Exception Handling ABI for the Arm Architecture" (EHABI32), sections 6, 7 and 10.
//!
//! An index entry has two words: where a function begins, and either how it is unwound, or where that is written. Compilers
//! write the frame's unwinding as instructions to a machine with one pointer, vsp, and the core registers.

use crate::backtrace::Frame;
use crate::registers::Registers;
use crate::target::{Table, Target, word};

/// The most entries of an index that are looked at.
const ENTRIES: usize = 4096;

const SP: usize = 13;
const LR: usize = 14;
const PC: usize = 15;

/// The registers of the caller of `frame`, whose own are `registers`.
pub fn step(target: &mut dyn Target, registers: &Registers, frame: Frame) -> Option<Registers> {
    let pc = frame.pc.wrapping_sub(frame.is_return.into());
    let entry = find(target, pc)?;
    let mut code = Instructions::new(target, entry)?;
    let mut machine = Vsp {
        vsp: registers.sp()?,
        registers: *registers,
    };
    machine.registers.forget(PC);
    // Every instruction has a byte at least; there are no more than 4 + 4 * 255 of them.
    while let Some(byte) = code.next(target) {
        if !machine.execute(target, &mut code, byte)? {
            break;
        }
    }
    let mut caller = machine.registers;
    caller.set(SP, machine.vsp);
    if caller.get(PC).is_none() {
        let back = caller.get(LR)?;
        caller.set(PC, back);
    }
    caller.forget(LR);
    Some(caller)
}

/// The address of the index entry for the function that `pc` lies in: of all that begin at or before it, the last.
fn find(target: &mut dyn Target, pc: u32) -> Option<u32> {
    let mut best: Option<(u32, u32)> = None;
    let mut left = ENTRIES;
    let mut index = 0;
    while let Some(Table(range)) = target.table(pc, index) {
        index += 1;
        let mut at = range.start;
        while at < range.end && left > 0 {
            let distance = pc.wrapping_sub(prel31(target, at)?);
            // What begins behind `pc` is far away, as distances go round.
            if distance < 1 << 30 && best.is_none_or(|(nearest, _)| distance < nearest) {
                best = Some((distance, at));
            }
            at = at.checked_add(8)?;
            left -= 1;
        }
    }
    best.map(|(_, at)| at)
}

/// The address that the word at `at` is the 31-bit distance to (R_ARM_PREL31).
fn prel31(target: &mut dyn Target, at: u32) -> Option<u32> {
    let word = word(target, at)?;
    Some(at.wrapping_add_signed((word << 1).cast_signed() >> 1))
}

/// The bytes of a function's instructions: those of a word from the top down, then those of further words.
struct Instructions {
    /// What is left of the word at hand, from its top on, and how many bytes.
    word: u32,
    bytes: u32,
    /// Where the further words are, and how many.
    at: u32,
    words: u32,
}

impl Instructions {
    /// Those that the entry at `entry` names; `None` if there are none: the function cannot be unwound.
    fn new(target: &mut dyn Target, entry: u32) -> Option<Self> {
        const CANTUNWIND: u32 = 1;
        const COMPACT: u32 = 1 << 31;
        let content = word(target, entry.checked_add(4)?)?;
        if content == CANTUNWIND {
            return None;
        }
        if content & COMPACT != 0 {
            return Self::compact(content, entry);
        }
        let table = prel31(target, entry + 4)?;
        let first = word(target, table)?;
        if first & COMPACT != 0 {
            return Self::compact(first, table);
        }
        // The generic model (section 7.2): a personality routine's address, and then what C++'s routine of GCC and LLVM takes:
        // the number of further words, and the instructions.
        let at = table.checked_add(4)?;
        let word = word(target, at)?;
        Some(Self::of(word << 8, 3, at, word >> 24))
    }

    /// The compact model (section 7.3): the routine's number, and what it takes.
    fn compact(word: u32, at: u32) -> Option<Self> {
        match word >> 24 & 0xf {
            0 => Some(Self::of(word << 8, 3, at, 0)),
            1 | 2 => Some(Self::of(word << 16, 2, at, word >> 16 & 0xff)),
            _ => None,
        }
    }

    fn of(word: u32, bytes: u32, at: u32, words: u32) -> Self {
        Self {
            word,
            bytes,
            at,
            words,
        }
    }

    fn next(&mut self, target: &mut dyn Target) -> Option<u32> {
        if self.bytes == 0 {
            self.words = self.words.checked_sub(1)?;
            self.at = self.at.checked_add(4)?;
            self.word = word(target, self.at)?;
            self.bytes = 4;
        }
        let byte = self.word >> 24;
        self.word <<= 8;
        self.bytes -= 1;
        Some(byte)
    }

    /// A number in ULEB128, as far as a stack can be large.
    fn uleb128(&mut self, target: &mut dyn Target) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.next(target)?;
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// The machine that the instructions are for (section 10.3).
struct Vsp {
    vsp: u32,
    registers: Registers,
}

impl Vsp {
    /// Does what the instruction that begins with `byte` says; false if it was the last, `None` if it cannot be done.
    fn execute(
        &mut self,
        target: &mut dyn Target,
        code: &mut Instructions,
        byte: u32,
    ) -> Option<bool> {
        let bits = |mask: u32| byte & mask;
        match byte {
            0x00..=0x3f => self.add((bits(0x3f) << 2) + 4),
            0x40..=0x7f => self.add(((bits(0x3f) << 2) + 4).wrapping_neg()),
            // Refuse to unwind, or pop some of r4 to r15.
            0x80..=0x8f => match bits(0xf) << 8 | code.next(target)? {
                0 => return None,
                mask => self.pop(target, mask << 4)?,
            },
            0x9d | 0x9f => return None,
            0x90..=0x9f => self.vsp = self.registers.get(bits(0xf) as usize)?,
            0xa0..=0xaf => {
                let count = bits(7) + 1;
                let lr = bits(8) >> 3 << LR;
                self.pop(target, ((1 << count) - 1) << 4 | lr)?;
            }
            0xb0 => return Some(false),
            0xb1 => match code.next(target)? {
                mask @ 1..=0xf => self.pop(target, mask)?,
                _ => return None,
            },
            0xb2 => {
                let offset = code.uleb128(target)?;
                self.add(0x204 + (offset << 2));
            }
            // Floating-point registers: nobody asks for them, but vsp is above them then.
            0xb3 => {
                let count = (code.next(target)? & 0xf) + 1;
                self.add(8 * count + 4);
            }
            0xb8..=0xbf => self.add(8 * (bits(7) + 1) + 4),
            0xc8 | 0xc9 => {
                let count = (code.next(target)? & 0xf) + 1;
                self.add(8 * count);
            }
            0xd0..=0xd7 => self.add(8 * (bits(7) + 1)),
            _ => return None,
        }
        Some(true)
    }

    fn add(&mut self, bytes: u32) {
        self.vsp = self.vsp.wrapping_add(bytes);
    }

    /// Pops the registers whose bits are set.
    fn pop(&mut self, target: &mut dyn Target, mask: u32) -> Option<()> {
        let mut popped_sp = None;
        for number in (0..=PC).filter(|number| mask >> number & 1 != 0) {
            let value = word(target, self.vsp)?;
            self.add(4);
            match number {
                SP => popped_sp = Some(value),
                _ => self.registers.set(number, value),
            }
        }
        if let Some(sp) = popped_sp {
            self.vsp = sp;
        }
        Some(())
    }
}
