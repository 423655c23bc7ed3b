//! From frame to frame.

use core::ops::Range;

use crate::frame_pointer;
use crate::registers::{Link, Machine, Registers};
use crate::target::{Metered, Target, half};

/// The most frames of a backtrace.
pub const STEPS: usize = 512;

/// The most words of a stack that are looked at for one frame.
pub const WORDS: u32 = 16 * 1024;

/// The most words that are read for a backtrace. Tables are what takes them: each frame's function is looked for from the
/// front, at 4 words an entry on RISC-V, and 1 on ARM. So 20 frames in an extension of 2,048 functions need 160 K.
pub const READS: usize = 256 * 1024;

/// What tables leave of them for the stack.
const RESERVE: usize = 64 * 1024;

/// How a frame was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is what ran.
    Stopped,
    /// By the compiler's tables.
    Table,
    /// It is what the link register says.
    Link,
    /// By a frame pointer.
    FramePointer,
    /// By a scan of the stack: likely, not sure.
    Scan,
}

/// A frame of a backtrace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Address of the instruction that comes next in it, without mode bits.
    pub pc: u32,
    /// How it was found.
    pub how: How,
    /// Whether `pc` is where a call returns to: that call is the instruction before, and may be the function's last.
    pub is_return: bool,
}

/// Iterates over the frames of a stack, from the innermost on.
pub struct Backtrace<'t> {
    target: Metered<'t>,
    machine: &'static Machine,
    registers: Registers,
    /// The frame that comes next.
    next: Option<Frame>,
    steps: usize,
}

impl<'t> Backtrace<'t> {
    /// Starts where `registers` say that the CPU was. `called` if they are those of a call, with its return address as pc.
    pub fn new(target: &'t mut dyn Target, registers: &Registers, called: bool) -> Self {
        let next = registers.pc().map(|pc| Frame {
            pc,
            how: How::Stopped,
            is_return: called,
        });
        let mut backtrace = Self {
            target: Metered::new(target, READS),
            machine: registers.machine,
            registers: *registers,
            next,
            steps: STEPS,
        };
        // Where it is not known where the CPU was, the stack tells at least who called.
        if next.is_none() {
            backtrace.next = backtrace.scanned();
        }
        backtrace
    }

    /// Whether frames may be missing, because more had to be read than is allowed.
    pub fn is_cut(&self) -> bool {
        self.target.refused
    }

    /// The frame that called `frame`, whose registers are `self.registers`.
    fn caller(&mut self, frame: Frame) -> Option<Frame> {
        if self.target.is_end(frame.pc) {
            return None;
        }
        self.target.reserve = RESERVE;
        let by_table = (self.machine.tables)(&mut self.target, &self.registers, frame);
        self.target.reserve = 0;
        if let Some(found) = self.accept(by_table, How::Table) {
            return Some(found);
        }
        if frame.how == How::Stopped
            && !frame.is_return
            && let Some(found) = self.linked(frame)
        {
            return Some(found);
        }
        let by_pointer = frame_pointer::step(&mut self.target, self.machine, &self.registers);
        self.accept(by_pointer, How::FramePointer)
            .or_else(|| self.scanned())
    }

    /// The caller that the link register names, unless the function that ran has called something: it is left over then.
    fn linked(&mut self, frame: Frame) -> Option<Frame> {
        let link = self.registers.get(self.machine.ra)?;
        if let Some(start) = self.target.function(frame.pc) {
            let calls = match self.machine.link {
                // What was called has returned by it: it leads into the function itself.
                Link::Returns => self.target.function(link) == Some(start),
                // What was called has returned by what it had saved, and left in the register what came last.
                Link::IsLost(saves) => is_saved(&mut self.target, saves, start..frame.pc),
            };
            if calls {
                return None;
            }
        }
        let mut caller = self.registers;
        caller.set(self.machine.pc, link);
        caller.forget(self.machine.ra);
        self.accept(Some(caller), How::Link)
    }

    /// Makes `caller` the frame that comes next, if it can be believed.
    fn accept(&mut self, caller: Option<Registers>, how: How) -> Option<Frame> {
        let caller = caller?;
        let (sp, back) = (caller.sp()?, caller.get(self.machine.pc)?);
        let old = self.registers.sp()?;
        // Only the function that ran may have taken no stack.
        let is_above = if how == How::Link {
            sp >= old
        } else {
            sp > old
        };
        let in_stack = sp & 3 == 0 && self.target.stack(old).is_some_and(|stack| sp <= stack.end);
        if !is_above && !self.is_leaf_step(sp, old, how) || !in_stack || !self.is_return(back) {
            return None;
        }
        self.registers = caller;
        Some(Frame {
            pc: caller.pc()?,
            how,
            is_return: true,
        })
    }

    /// Whether a table says that the function that ran has taken no stack.
    fn is_leaf_step(&self, sp: u32, old: u32, how: How) -> bool {
        how == How::Table && sp == old && self.steps == STEPS
    }

    fn is_return(&mut self, address: u32) -> bool {
        (self.machine.is_after_call)(&mut self.target, address)
    }

    /// The next word of the stack that points behind a call.
    fn scanned(&mut self) -> Option<Frame> {
        let sp = self.registers.sp()?;
        let stack = self.target.stack(sp)?;
        let mut at = sp.max(stack.start).checked_add(3)? & !3;
        let end = stack.end.min(at.saturating_add(4 * WORDS));
        while at < end {
            let word = self.target.word(at)?;
            at = at.checked_add(4)?;
            if self.is_return(word) {
                self.registers = Registers::unknown(self.machine);
                self.registers.set(self.machine.sp, at);
                self.registers.set(self.machine.pc, word);
                return Some(Frame {
                    pc: self.registers.pc()?,
                    how: How::Scan,
                    is_return: true,
                });
            }
        }
        None
    }
}

/// Whether an instruction in `code` `saves` the link register.
fn is_saved(target: &mut dyn Target, saves: fn(u32, u32) -> bool, code: Range<u32>) -> bool {
    let mut halves = code.step_by(2).take(WORDS as usize);
    halves.any(|at| {
        let first = half(target, at);
        let second = half(target, at.wrapping_add(2));
        first.is_some_and(|first| saves(first, second.unwrap_or(0)))
    })
}

impl Iterator for Backtrace<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let frame = self.next.take()?;
        if self.steps > 0 {
            self.next = self.caller(frame);
            self.steps -= 1;
        }
        Some(frame)
    }
}
