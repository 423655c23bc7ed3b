//! `send`: sends a file to the host, by YMODEM. `rb` of lrzsz takes it, and every terminal program.
//!
//! ```text
//! llext> send /none
//! error: send: /none: no such file or directory
//! llext> send /ext
//! error: send: /ext: is a directory
//! ```
//!
//! In machine mode it goes in frames (wire/README.md).

use super::{End, framed, refuse, ymodem};
use crate::{
    Status,
    context::{Context, FileError, Metadata},
    fs,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{field, print},
};

/// The command.
pub const SEND: Command = Command {
    name: "send",
    about: "Send a file to the host by YMODEM, as `rb` takes it",
    arguments: &[Argument {
        name: "<PATH>",
        about: "File to send",
    }],
    options: &[],
    action: Action::Run(run),
};

/// The command, for error lines.
const WHAT: &str = "send";

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let path = fs::path(ctx, WHAT, args.needed(0))?;
    let Metadata::File(length) = fs::metadata(ctx, WHAT, &path)? else {
        return Err(fs::refuse(
            ctx,
            WHAT,
            path.as_str(),
            FileError::IsADirectory,
        ));
    };
    let is_framed = ctx.console.framed().is_some();
    if !is_framed {
        ctx.console
            .write(b"waiting for a receiver of YMODEM, for a minute\n");
    }
    let (console, system) = (&mut *ctx.console, &*ctx.system);
    let mut sent = Ok(None);
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        sent = match is_framed {
            true => framed::send(console, system, file).map(Some),
            false => ymodem::send(console, path.name(), file).map(|()| None),
        };
    });
    if !is_framed {
        ctx.console.write(b"\n");
    }
    match opened.map_err(End::File).and(sent) {
        Ok(crc) => {
            print!(ctx.console, "sent {}: {} bytes\n", path.as_str(), length);
            field!(ctx.console, "size", length);
            if let Some(crc) = crc {
                field!(ctx.console, "crc", crc);
            }
            Ok(())
        }
        Err(end) => Err(refuse(ctx, WHAT, path.as_str(), end)),
    }
}
