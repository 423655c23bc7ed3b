//! The report of what did not come to its end: why, registers, and who had called it.
//!
//! ```console
//! error: call: hello: crash: bus error at hello:crash+0x12, accessing 0x21000434 (8 bytes past the end of hello .bss)
//!   r0   21000434  r1   00000000 …
//! #0 hello:crash+0x12 (/ext/hello.elf .text+0x52)
//! #1 firmware:exec_call+0x46 (0x00401234)
//! ```

use super::{
    place,
    scene::{Loaded, Scene},
};
use crate::{
    LastFault,
    context::{Assertion, Cause, Console, Context, Layout, Mode, Stop},
    text::{Digits, Hex, Left, end_record, field, field_with, is_framed, print, record},
};
use llext::{Exports, Extension, ExtensionId};
use unwind::{Backtrace, Frame, How, Registers};

/// The most lines of a backtrace.
const LINES: usize = 20;

/// Cells of a line of registers.
const COLUMNS: usize = 5;

/// The longest text of an assertion, in bytes.
const LONGEST: usize = 120;

/// What is shown, and remembered.
struct Paper<'a> {
    console: &'a mut dyn Console,
    last: &'a mut LastFault,
}

impl Console for Paper<'_> {
    fn write(&mut self, text: &[u8]) {
        self.console.write(text);
        self.last.write(text);
    }

    fn fresh_line(&mut self) {
        self.console.fresh_line();
    }

    fn mode(&self) -> Mode {
        self.console.mode()
    }

    fn set_mode(&mut self, mode: Mode) {
        self.console.set_mode(mode);
    }

    fn interrupted(&mut self) -> bool {
        self.console.interrupted()
    }

    fn framed(&self) -> Option<u16> {
        self.console.framed()
    }

    fn write_fields(&mut self, text: &[u8]) {
        self.console.write_fields(text);
    }
}

/// Writes that `function` of the extension `id` ended with `stop`. The first line says `error:`, and `what` failed.
pub fn of_call(ctx: &mut Context<'_>, what: &str, id: ExtensionId, function: &str, stop: &Stop) {
    let last = ctx.system.last_fault();
    last.begin(stop, id.0);
    let out = &mut Paper {
        console: &mut *ctx.console,
        last,
    };
    let (llext, cpu) = (&*ctx.llext, &mut *ctx.cpu);
    let name = llext.by_id(id).map_or("", Extension::name);
    let mut scene = Scene {
        layout: cpu.layout(),
        exports: llext.exports(),
        mode_bits: place::mode_bits(llext),
        loaded: Some(Loaded {
            files: &mut *ctx.files,
            llext,
        }),
        memory: &mut |address| cpu.peek(address, 4).ok(),
    };
    tell(out, &mut scene, stop);
    print!(out, "error: {}: {}: {}", what, name, function);
    write(out, &mut scene, stop);
    field!(out, "what", what);
    field_with(out, "error", &mut |value| {
        print!(value, "{}: {}", name, function);
        write_cause(value, &mut scene, stop);
    });
}

/// What ended, for machines.
fn tell(out: &mut dyn Console, scene: &mut Scene<'_>, stop: &Stop) {
    let outcome = match stop.cause {
        Cause::Fault(_) => "fault",
        Cause::Exit(_) => "exit",
        Cause::Abort => "abort",
        Cause::Assertion(_) => "assertion",
        Cause::Interrupted => "interrupted",
        Cause::TimedOut(_) => "timeout",
        Cause::Panic => "panic",
    };
    field!(out, "outcome", outcome);
    match stop.cause {
        Cause::Exit(status) => field!(out, "status", status),
        Cause::TimedOut(milliseconds) => field!(out, "timeout", milliseconds),
        Cause::Assertion(Assertion {
            expression,
            file,
            line,
            ..
        }) => {
            field_with(out, "expression", &mut |value| {
                write_text(value, scene, expression);
            });
            field_with(out, "file", &mut |value| write_text(value, scene, file));
            field!(out, "line", line);
        }
        Cause::Fault(fault) => {
            field!(out, "kind", fault.kind.name());
            if let Some(address) = fault.address {
                field!(out, "address", Hex(address, 8));
                field_with(out, "place", &mut |value| scene.write_place(value, address));
            }
        }
        Cause::Abort | Cause::Interrupted | Cause::Panic => {}
    }
    if let Some(pc) = stop.registers.pc() {
        field!(out, "pc", Hex(pc as usize, 8));
        field_with(out, "where", &mut |value| {
            scene.write_code(value, pc as usize, 0);
        });
    }
    field_with(out, "registers", &mut |value| {
        let mut between = "";
        for (name, number) in stop.registers.iter() {
            print!(value, "{}{} {}", between, name, Digits(number as usize, 8));
            between = " ";
        }
    });
    end_record(out);
}

/// Writes that the firmware itself ended with `stop`, on a machine that may be in any state: nothing is asked of files and
/// extensions. `memory` reads a word where that is safe.
pub fn of_firmware(
    console: &mut dyn Console,
    last: &mut LastFault,
    exports: &Exports<'static>,
    layout: Layout,
    memory: &mut dyn FnMut(usize) -> Option<u32>,
    stop: &Stop,
) {
    last.begin(stop, ExtensionId::FIRMWARE.0);
    last.set_restarted();
    let out = &mut Paper { console, last };
    let mut scene = Scene {
        loaded: None,
        exports,
        mode_bits: stop.registers.machine.mode_bits as usize,
        layout,
        memory,
    };
    print!(out, "error: firmware");
    write(out, &mut scene, stop);
}

/// Writes what comes after the name of what stopped.
fn write(out: &mut Paper<'_>, scene: &mut Scene<'_>, stop: &Stop) {
    write_cause(out, scene, stop);
    out.write(b"\n");
    let registers = &stop.registers;
    // Who leaves has chosen the moment: what its registers hold says nothing.
    let left = matches!(
        stop.cause,
        Cause::Exit(_) | Cause::Abort | Cause::Assertion(_)
    );
    if !left {
        write_registers(out, registers);
        if registers.pc().is_none() && registers.sp().is_some() {
            out.write(b"  the stack had no room for the others\n");
        }
    }
    write_backtrace(out, scene, registers, left || stop.cause == Cause::Panic);
    out.last.seal();
}

fn write_cause(out: &mut dyn Console, scene: &mut Scene<'_>, stop: &Stop) {
    match stop.cause {
        Cause::Exit(status) => print!(out, " called exit({})", status),
        Cause::Abort => out.write(b" called abort()"),
        Cause::Interrupted => out.write(b" was interrupted by Ctrl-C"),
        Cause::TimedOut(milliseconds) => print!(out, " took longer than {} ms", milliseconds),
        Cause::Panic => out.write(b": panic"),
        Cause::Assertion(assertion) => write_assertion(out, scene, &assertion),
        Cause::Fault(fault) => {
            print!(out, ": {}", fault.kind.name());
            if let Some(pc) = stop.registers.pc() {
                out.write(b" at ");
                scene.write_code(out, pc as usize, 0);
            }
            if let Some(address) = fault.address {
                print!(out, ", accessing {} (", Hex(address, 8));
                scene.write_place(out, address);
                out.write(b")");
            }
        }
    }
}

/// Writes `: assertion failed: 0 < x, checks.c:12`, as far as the texts can be read.
fn write_assertion(out: &mut dyn Console, scene: &mut Scene<'_>, assertion: &Assertion) {
    out.write(b": assertion failed: ");
    write_text(out, scene, assertion.expression);
    out.write(b", ");
    write_text(out, scene, assertion.file);
    print!(out, ":{}", assertion.line);
}

/// Writes the text at `address` of the extension, up to its NUL; what is not printable as a dot.
fn write_text(out: &mut dyn Console, scene: &mut Scene<'_>, address: usize) {
    for at in (address..).take(if address == 0 { 0 } else { LONGEST }) {
        let Some(word) = scene.word_at(at & !3) else {
            return;
        };
        match (word >> (8 * (at & 3))) as u8 {
            0 => return,
            byte @ b' '..=b'~' => out.write(&[byte]),
            _ => out.write(b"."),
        }
    }
}

fn write_registers(out: &mut Paper<'_>, registers: &Registers) {
    let mut column = 0;
    for (name, value) in registers.iter() {
        out.write(b"  ");
        print!(out, "{} {}", Left(name, 4), Digits(value as usize, 8));
        column += 1;
        if column == COLUMNS {
            out.write(b"\n");
            column = 0;
        }
    }
    if column != 0 {
        out.write(b"\n");
    }
}

fn write_backtrace(
    out: &mut Paper<'_>,
    scene: &mut Scene<'_>,
    registers: &Registers,
    called: bool,
) {
    let mut frames = [None; LINES];
    let mut lines = frames.iter_mut();
    let mut is_cut = false;
    // A recursion takes one line, however deep it is.
    let mut last: Option<&mut (Frame, usize)> = None;
    let mut backtrace = Backtrace::new(scene, registers, called);
    for frame in &mut backtrace {
        match &mut last {
            Some((before, times)) if before.pc == frame.pc => *times += 1,
            _ => match lines.next() {
                Some(line) => last = Some(line.insert((frame, 1))),
                None => {
                    is_cut = true;
                    break;
                }
            },
        }
    }
    let is_short = backtrace.is_cut();
    let (mut number, mut scanned) = (0, false);
    for (frame, times) in frames.iter().flatten() {
        if frame.how == How::Scan && !scanned {
            scanned = true;
            out.write(
                b"by a scan of the stack, where calls that are over may have left something:\n",
            );
        }
        out.last.frame(frame.pc);
        write_frame(out, scene, number, frame);
        number += times;
        if *times > 1 {
            print!(out, "   and {} times more\n", times - 1);
        }
    }
    if is_cut {
        out.write(b"   and so on\n");
    }
    if is_short {
        out.write(b"   frames may be missing: the tables for them are too large\n");
    }
    if is_framed(out) {
        tell_frames(out, scene, &frames);
    }
}

/// The backtrace, for machines.
fn tell_frames(
    out: &mut dyn Console,
    scene: &mut Scene<'_>,
    frames: &[Option<(Frame, usize)>; LINES],
) {
    let mut number = 0;
    for (frame, times) in frames.iter().flatten() {
        let (pc, back) = (frame.pc as usize, back(frame));
        field!(out, "frame", number);
        field!(out, "pc", Hex(pc, 8));
        field_with(out, "where", &mut |value| scene.write_code(value, pc, back));
        field_with(out, "origin", &mut |value| {
            scene.write_origin(value, pc, back)
        });
        let sure = u8::from(frame.how != How::Scan);
        record!(out, "sure": sure, "times": *times);
        number += times;
    }
}

fn write_frame(out: &mut Paper<'_>, scene: &mut Scene<'_>, number: usize, frame: &Frame) {
    let (pc, back) = (frame.pc as usize, back(frame));
    print!(out, "#{} ", number);
    scene.write_code(out, pc, back);
    out.write(b" (");
    scene.write_origin(out, pc, back);
    out.write(b")\n");
}

/// How far behind the call the frame's address is, at least.
fn back(frame: &Frame) -> usize {
    // No call is shorter.
    const CALL: usize = 2;
    CALL * usize::from(frame.is_return)
}
