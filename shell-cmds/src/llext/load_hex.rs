//! `llext load_hex`: loads an extension from hexadecimal digits, as Zephyr's shell does.
//!
//! ```text
//! llext> llext load_hex tiny 7f454c46
//! error: load: /tiny.elf: truncated: <...>
//! <...>
//! llext> llext load_hex tiny 7f4
//! error: load_hex: tiny: an odd number of digits
//! llext> llext load_hex tiny 7fxy
//! error: load_hex: tiny: no hexadecimal digit
//! hint: `xxd -p FILE` on the host prints them
//! llext> llext load_hex tiny -
//! paste hexadecimal digits; an empty line ends them
//! error: load_hex: tiny: nothing came for a minute
//! ```
//!
//! A line of the shell holds a hundred bytes of a file, and few files are as small. So with `-` the digits follow, in as many lines
//! as one likes (`xxd -p hello.elf`), up to an empty line; Ctrl-C gives up. `recv` and `llext load -` take files as they are.

use super::{
    linking::{self, Job, Received},
    load, outcome,
};
use crate::{
    Status,
    context::{Console, Context, FileError},
    fs,
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Command},
    text::{fail, hint},
};
use llext::StreamSource;

/// The command.
pub const LOAD_HEX: Command = Command {
    name: "load_hex",
    about: "Load an extension from hexadecimal digits, as in Zephyr",
    arguments: &[
        Argument {
            name: "<NEW>",
            about: "Name to give it",
        },
        Argument {
            name: "<HEX>",
            about: "The file's bytes, or - for digits in lines that follow",
        },
    ],
    options: &[outcome::NO_PROTECT],
    action: Action::Run(run),
};

/// The command, for error lines.
const WHAT: &str = "load_hex";

/// So long a user may take to paste, in milliseconds.
const PATIENCE_MS: u32 = 60_000;

/// Why digits are no file.
#[derive(Clone, Copy)]
enum Bad {
    Odd,
    NoDigit,
    Silence,
    Interrupted,
    Memory,
}

impl Bad {
    fn text(self) -> &'static str {
        match self {
            Self::Odd => "an odd number of digits",
            Self::NoDigit => "no hexadecimal digit",
            Self::Silence => "nothing came for a minute",
            Self::Interrupted => "was interrupted by Ctrl-C",
            Self::Memory => "no memory for it",
        }
    }
}

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let (name, typed) = (args.needed(0), args.needed(1));
    let mut path = Path::new(name).map_err(|error| fs::refuse(ctx, WHAT, name, error))?;
    let extended = path.extend(".elf");
    extended.map_err(|error: FileError| fs::refuse(ctx, WHAT, name, error))?;
    let source = match typed.trim_start() {
        "-" => {
            ctx.console
                .write(b"paste hexadecimal digits; an empty line ends them\n");
            let mut pasted = Pasted {
                console: &mut *ctx.console,
                is_empty: false,
                after_return: false,
                has_ended: false,
            };
            let decoded = decode(ctx.llext.heap(), &mut || pasted.next());
            if decoded.is_err() {
                pasted.skip();
            }
            decoded
        }
        digits => {
            let mut digits = digits.bytes();
            decode(ctx.llext.heap(), &mut || Ok(digits.next()))
        }
    };
    let mut received: Received = match source {
        Ok(source) => Some(source),
        Err(bad) => {
            let failed = fail!(ctx, WHAT, "{}: {}", name, bad.text());
            if let Bad::NoDigit = bad {
                hint!(ctx, "`xxd -p FILE` on the host prints them");
            }
            return Err(failed);
        }
    };
    let job = Job::load(&path, &received, name, false);
    let id = linking::load(ctx, &job, &mut received)?;
    drop(received);
    load::start(ctx, id, name, outcome::limits(args))
}

/// The bytes that digits stand for.
fn decode(
    heap: &'static dyn llext::Heap,
    next: &mut dyn FnMut() -> Result<Option<u8>, Bad>,
) -> Result<StreamSource<'static>, Bad> {
    let mut bad = None;
    let received = StreamSource::receive_all(heap, &mut |into| {
        let mut count = 0;
        for place in into {
            match byte(next) {
                Ok(Some(byte)) => *place = byte,
                Ok(None) => break,
                Err(why) => {
                    bad = Some(why);
                    return Err(0);
                }
            }
            count += 1;
        }
        Ok(count)
    });
    received.map_err(|_| bad.unwrap_or(Bad::Memory))
}

/// The byte that the next two digits stand for; `None` if there are none.
fn byte(next: &mut dyn FnMut() -> Result<Option<u8>, Bad>) -> Result<Option<u8>, Bad> {
    let mut value = 0;
    for place in 0..2 {
        let digit = match next()? {
            Some(digit) => char::from(digit).to_digit(16).ok_or(Bad::NoDigit)?,
            None if place == 0 => return Ok(None),
            None => return Err(Bad::Odd),
        };
        value = value << 4 | digit;
    }
    Ok(Some(value as u8))
}

/// Digits out of lines that are pasted.
struct Pasted<'c> {
    console: &'c mut dyn Console,
    /// The line has had no digit yet, and is not the first.
    is_empty: bool,
    after_return: bool,
    has_ended: bool,
}

impl Pasted<'_> {
    /// Lets the rest of what is being pasted go by: it is no command line.
    fn skip(&mut self) {
        /// The rest has come when nothing comes for so many milliseconds.
        const QUIET_MS: u32 = 500;
        let mut bytes = [0; 64];
        while self.console.read_raw(&mut bytes, QUIET_MS) > 0 {}
    }

    /// The next digit; `None` at an empty line.
    fn next(&mut self) -> Result<Option<u8>, Bad> {
        while !self.has_ended {
            let mut byte = [0];
            let count = self.console.read_raw(&mut byte, PATIENCE_MS);
            // Among frames it is more than a byte.
            if self.console.framed().is_some() && self.console.interrupted() {
                return Err(Bad::Interrupted);
            }
            if count == 0 {
                return Err(Bad::Silence);
            }
            let after_return = core::mem::replace(&mut self.after_return, byte == *b"\r");
            match byte[0] {
                b'\n' if after_return => {}
                b'\r' | b'\n' if self.is_empty => self.has_ended = true,
                b'\r' | b'\n' => self.is_empty = true,
                b' ' | b'\t' => {}
                0x03 => return Err(Bad::Interrupted),
                digit => {
                    self.is_empty = false;
                    return Ok(Some(digit));
                }
            }
        }
        Ok(None)
    }
}
