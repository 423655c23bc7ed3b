//! `machine`: the same commands for programs, in frames instead of lines at a prompt. wire/README.md has the protocol.
//!
//! ```text
//! llext> machine --timeout 0
//! error: machine: --timeout 0: expected milliseconds, 1 to 3600000
//! llext> machine --timeout soon
//! error: machine: soon: expected <...>
//! hint: usage: machine <...>
//! ```
//!
//! Frames go only over the line that the command came over. What a command prints leaves as text, what it found out as fields, and
//! how it ended in a frame of its own: [`dispatch::execute`] runs them all, here and at the prompt.

use crate::{
    Status,
    context::{Console, Context, Mode},
    dispatch,
    parse::Parsed,
    table::{Action, Choice, Command},
    text::{Hex, fail, hint, print},
};
use core::ops::ControlFlow;
use llext_wire::{CHUNK, Decoder, Done, Frame, IDLE_MS, Kind, PROTOCOL, Signal, Signals, WINDOW};

/// The longest `--timeout`, in milliseconds.
const LONGEST_MS: u32 = 3_600_000;

/// The command.
pub const MACHINE: Command = Command {
    name: "machine",
    about: "Talk to a program: frames instead of lines, until it leaves",
    arguments: &[],
    options: &[Choice {
        long: "--timeout",
        short: "-t",
        value: "<MS>",
        about: "Leave after so long without a frame; 10000 unless given",
    }],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.number(ctx, args.choice("--timeout").flatten())?;
    let idle_ms = typed.unwrap_or(IDLE_MS);
    if !(1..=LONGEST_MS).contains(&idle_ms) {
        return Err(fail!(
            ctx,
            "machine",
            "--timeout {}: expected milliseconds, 1 to {}",
            idle_ms as i32,
            LONGEST_MS
        ));
    }
    if ctx.console.framed().is_some() {
        fail!(ctx, "machine", "it is on");
        hint!(ctx, "a frame LEAVE ends it");
        return Err(crate::Failed);
    }
    greet(ctx, idle_ms);
    // What came before on this line is no part of the first frame.
    ctx.console.write_raw(&[0]);
    ctx.console.set_framed(Some(0));
    hello(ctx);
    serve(ctx, idle_ms);
    ctx.console.set_framed(None);
    Ok(())
}

/// Tells a person who typed the command what happened, and how to leave; programs pass it over, it is no frame.
fn greet(ctx: &mut Context<'_>, idle_ms: u32) {
    let mut text = Buffer::new();
    print!(
        &mut text,
        "frames for programs from here on: type nothing, and the prompt is back in {} s\r\n",
        idle_ms.div_ceil(1000)
    );
    ctx.console.write_raw(text.bytes());
}

/// Answers frames until one says to leave, the line breaks, or none came for `idle_ms`.
fn serve(ctx: &mut Context<'_>, idle_ms: u32) {
    let (mut decoder, mut signals) = (Decoder::new(), Signals::new());
    let mut last = None;
    let mut since = ctx.system.uptime_us();
    let mut count = 0;
    while let Some(byte) = next(ctx, &mut count, since, idle_ms) {
        if signals.feed(byte) == Some(Signal::Break) {
            return;
        }
        if let Some(frame) = decoder.feed(byte) {
            if answer(ctx, frame, &mut last).is_break() {
                return;
            }
            since = ctx.system.uptime_us();
        }
    }
}

/// The next byte; `None` when `idle_ms` have passed since `since`. One at a time: what follows a request may be meant for the command
/// that it runs. The clock costs more than a byte: it is asked when none waits, and each time that `count` says so, lest noise go on
/// for ever.
fn next(ctx: &mut Context<'_>, count: &mut u8, since: u64, idle_ms: u32) -> Option<u8> {
    let mut byte = [0];
    *count = count.wrapping_add(1);
    if *count == 0 || ctx.console.read_raw(&mut byte, 0) == 0 {
        let quiet_ms = ctx.system.uptime_us().saturating_sub(since) / 1000;
        let left = u64::from(idle_ms).saturating_sub(quiet_ms) as u32;
        if left == 0 || ctx.console.read_raw(&mut byte, left) == 0 {
            return None;
        }
    }
    Some(byte[0])
}

/// Does what `frame` asks for. What belongs to a transfer is late: that is over.
fn answer(
    ctx: &mut Context<'_>,
    frame: Frame<'_>,
    last: &mut Option<(u16, Done)>,
) -> ControlFlow<()> {
    match frame.kind {
        Kind::Run => match *last {
            Some((id, done)) if id == frame.id => {
                ctx.console.set_framed(Some(id));
                let frames = done.frames.to_le_bytes();
                ctx.console
                    .send(Kind::Done, &[&[done.status as u8], &frames]);
            }
            _ => {
                *last = Some((frame.id, request(ctx, frame)));
                let leaving = ctx.console.take_leave();
                // A transfer may have read the break that ended it.
                if ctx.console.broken() {
                    return ControlFlow::Break(());
                }
                if let Some(id) = leaving {
                    return leave(ctx, id);
                }
            }
        },
        Kind::Ping => {
            ctx.console.set_framed(Some(frame.id));
            hello(ctx);
        }
        Kind::Leave => return leave(ctx, frame.id),
        _ => {}
    }
    ControlFlow::Continue(())
}

/// Answers LEAVE.
fn leave(ctx: &mut Context<'_>, id: u16) -> ControlFlow<()> {
    ctx.console.set_framed(Some(id));
    ctx.console.done(llext_wire::Status::Ok);
    ControlFlow::Break(())
}

/// Runs the command line of a request.
fn request(ctx: &mut Context<'_>, frame: Frame<'_>) -> Done {
    ctx.console.set_framed(Some(frame.id));
    let status = match core::str::from_utf8(frame.payload) {
        Err(_) => llext_wire::Status::Refused,
        Ok(line) => match dispatch::execute(line.trim_ascii(), ctx) {
            Ok(()) => llext_wire::Status::Ok,
            Err(crate::Failed) => llext_wire::Status::Failed,
        },
    };
    ctx.console.done(status)
}

/// Says what this is.
fn hello(ctx: &mut Context<'_>) {
    let mut text = Buffer::new();
    print!(&mut text, "protocol={}\n", PROTOCOL);
    print!(&mut text, "version={}\n", env!("CARGO_PKG_VERSION"));
    print!(&mut text, "board={}\n", ctx.system.board());
    if let Some(abi) = ctx.llext.abi() {
        print!(&mut text, "abi={}\n", Hex(abi.0 as usize, 8));
    }
    print!(&mut text, "window={}\n", WINDOW);
    print!(&mut text, "payload={}\n", CHUNK);
    ctx.console.send(Kind::Hello, &[text.bytes()]);
}

/// Text in memory, as long as there is room.
struct Buffer {
    bytes: [u8; 192],
    used: usize,
}

impl Buffer {
    fn new() -> Self {
        Self {
            bytes: [0; 192],
            used: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

impl Console for Buffer {
    fn write(&mut self, text: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(self.used).zip(text) {
            *place = *byte;
            self.used += 1;
        }
    }

    fn fresh_line(&mut self) {}

    fn mode(&self) -> Mode {
        Mode::Plain
    }

    fn set_mode(&mut self, _: Mode) {}

    fn interrupted(&mut self) -> bool {
        false
    }
}
