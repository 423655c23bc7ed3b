//! `recv`: receives files from the host, by YMODEM. Every terminal program has it; `sb FILE` of lrzsz is the sender by itself.
//!
//! ```text
//! llext> recv /none/new.txt
//! error: recv: /none: no such file or directory
//! llext> recv /motd.txt/
//! error: recv: /motd.txt/: not a directory
//! llext> recv /ext --resume
//! error: recv: --resume is for machine mode
//! hint: YMODEM always begins at the beginning
//! ```
//!
//! PATH is the file, or a directory for files with the sender's names; without one that is `/ext`. A file that is there is
//! replaced when all of the new one has come, and not before. Ctrl-C ends it, and so does a minute in which nobody sends.
//!
//! In machine mode (wire/README.md) PATH is a file. What came before a connection was lost, or an interrupt, stays in `PATH.part`, and
//! `--resume` goes on from its end; without it, and after every other end, there is no such file. The file system marks it as
//! such: a file of that name that is the user's stays, and nothing is received.

use super::{End, drain, framed, refuse, ymodem};
use crate::{
    Failed, Status,
    context::{Context, FileError, Files, Metadata},
    fs,
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Choice, Command},
    text::{fail, field, hint, plural, print},
};

/// The command.
pub const RECV: Command = Command {
    name: "recv",
    about: "Receive files from the host by YMODEM, as `sb` sends them",
    arguments: &[Argument {
        name: "[PATH]",
        about: "File, or directory for several; /ext unless given",
    }],
    options: &[Choice {
        long: "--resume",
        short: "-r",
        value: "",
        about: "Go on where a lost connection ended it; in machine mode",
    }],
    action: Action::Run(run),
};

/// The command, for error lines.
const WHAT: &str = "recv";

/// Where files go unless the user says.
const DIRECTORY: &str = "/ext";

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.value(0).unwrap_or(DIRECTORY);
    let path = fs::path(ctx, WHAT, typed)?;
    let is_directory = match ctx.files.metadata(path.as_str()) {
        Ok(Metadata::Dir) => true,
        Ok(Metadata::File(_)) => false,
        Err(error) if typed.ends_with('/') => return Err(fs::refuse(ctx, WHAT, typed, error)),
        Err(_) => {
            check_parent(ctx, &path)?;
            false
        }
    };
    let resumes = args.choice("--resume").is_some();
    if ctx.console.framed().is_some() {
        return match is_directory {
            true => Err(fs::refuse(ctx, WHAT, typed, FileError::IsADirectory)),
            false => in_frames(ctx, &path, resumes),
        };
    }
    if resumes {
        let failed = fail!(ctx, WHAT, "--resume is for machine mode");
        hint!(ctx, "YMODEM always begins at the beginning");
        return Err(failed);
    }
    by_ymodem(ctx, path, is_directory)
}

/// A file can be made there.
fn check_parent(ctx: &mut Context<'_>, path: &Path) -> Status {
    let parent = path.parent();
    match fs::metadata(ctx, WHAT, &parent)? {
        Metadata::Dir => Ok(()),
        Metadata::File(_) => {
            let error = FileError::NotADirectory;
            Err(fs::refuse(ctx, WHAT, parent.as_str(), error))
        }
    }
}

/// What a batch has brought so far.
struct Batch {
    /// Where the file that is under way goes, or the last one went.
    path: Path,
    files: usize,
    bytes: usize,
}

fn by_ymodem(ctx: &mut Context<'_>, path: Path, is_directory: bool) -> Status {
    // No word of it may have a letter in which a sender that listens already sees a request.
    ctx.console
        .write(b"waiting for a sender of YMODEM, for a minute\n");
    let mut batch = Batch {
        path: path.clone(),
        files: 0,
        bytes: 0,
    };
    let into = is_directory.then_some(&path);
    let received = receive_batch(ctx, into, &mut batch);
    ctx.console.write(b"\n");
    let Batch { path, files, bytes } = batch;
    match files {
        0 => {}
        1 if received.is_ok() => {
            print!(ctx.console, "received {}: {} bytes\n", path.as_str(), bytes);
        }
        _ => {
            let word = plural(files, "file", "files");
            print!(
                ctx.console,
                "received {} {}: {} bytes\n", files, word, bytes
            );
        }
    }
    match received {
        Ok(()) if files == 0 => Err(refuse(ctx, WHAT, path.as_str(), End::Cancelled)),
        Ok(()) => Ok(()),
        Err(end) => Err(refuse(ctx, WHAT, path.as_str(), end)),
    }
}

/// Receives all files of a batch `into` a directory, or one.
fn receive_batch(ctx: &mut Context<'_>, into: Option<&Path>, batch: &mut Batch) -> Result<(), End> {
    let usage = ctx.files.usage();
    let mut room = usage.map_or(usize::MAX, |usage| {
        usage.free.saturating_mul(usage.block_size)
    });
    let mut receiver = ymodem::Receiver::new(&mut *ctx.console);
    loop {
        let received = receive_next(ctx.files, &mut receiver, into, batch, room);
        match received {
            Ok(Some(length)) => {
                batch.files += 1;
                batch.bytes += length;
                room = room.saturating_sub(length);
            }
            Ok(None) => return Ok(()),
            Err(end) => {
                if !matches!(end, End::Cancelled | End::Nobody) {
                    receiver.cancel(end);
                }
                return Err(end);
            }
        }
    }
}

/// Receives the next file of a batch, if there is one and it has `room`, in bytes.
fn receive_next(
    files: &mut dyn Files,
    receiver: &mut ymodem::Receiver<'_>,
    into: Option<&Path>,
    batch: &mut Batch,
    room: usize,
) -> Result<Option<usize>, End> {
    let Some(header) = receiver.header()? else {
        return Ok(None);
    };
    match into {
        None if batch.files > 0 => return Err(End::Second),
        None => {}
        Some(_) if header.name().is_empty() => return Err(End::BadName),
        Some(directory) => {
            batch.path = directory.clone();
            batch.path.push(header.name()).map_err(End::File)?;
        }
    }
    if header.length.is_some_and(|length| length > room) {
        return Err(End::File(FileError::Full));
    }
    let mut received = Err(End::Lost);
    let written = files.write(batch.path.as_str(), &mut |sink| {
        received = drain(receiver, sink);
        received.map(drop).map_err(End::as_file)
    });
    written.map_err(|error| received.err().unwrap_or(End::File(error)))?;
    received.map(Some)
}

/// `PATH.part`, and how much an earlier transfer left in it. A user's file of that name is none of ours.
fn part_of(ctx: &mut Context<'_>, path: &Path, resumes: bool) -> Result<(Path, u32), Failed> {
    let mut part = path.clone();
    let extended = part.extend(".part");
    extended.map_err(|error| fs::refuse(ctx, WHAT, path.as_str(), error))?;
    match left_in(ctx.files, &part, resumes) {
        Ok(left) => Ok((part, left)),
        Err(error) => {
            let failed = fs::refuse(ctx, WHAT, part.as_str(), error);
            if error == FileError::Exists {
                hint!(
                    ctx,
                    "no transfer left it; what comes is kept there until it is whole: move it away"
                );
            }
            Err(failed)
        }
    }
}

/// How much an earlier transfer left in `part`, to go on from there; else that is removed.
fn left_in(files: &mut dyn Files, part: &Path, resumes: bool) -> Result<u32, FileError> {
    match files.metadata(part.as_str()) {
        Ok(Metadata::Dir) => Err(FileError::IsADirectory),
        // Nothing is lost with it, and a reset in the moment before it is marked leaves one.
        Ok(Metadata::File(0)) => files.remove(part.as_str()).map(|()| 0),
        Ok(Metadata::File(_)) if !files.is_unfinished(part.as_str())? => Err(FileError::Exists),
        Ok(Metadata::File(length)) if resumes => Ok(length as u32),
        Ok(Metadata::File(_)) => files.remove(part.as_str()).map(|()| 0),
        Err(_) => Ok(0),
    }
}

fn in_frames(ctx: &mut Context<'_>, path: &Path, resumes: bool) -> Status {
    let (part, left) = part_of(ctx, path, resumes)?;
    let received = receive_part(ctx, &part, left);
    let received = received.and_then(|length| {
        let renamed = ctx.files.finish(part.as_str(), path.as_str());
        renamed.map(|()| length).map_err(End::File)
    });
    match received {
        Ok(length) => {
            print!(
                ctx.console,
                "received {}: {} bytes\n",
                path.as_str(),
                length
            );
            field!(ctx.console, "path", path.as_str());
            field!(ctx.console, "size", length);
            Ok(())
        }
        Err(end) => {
            let failed = refuse(ctx, WHAT, path.as_str(), end);
            match end {
                // A host that comes back before the loss was noticed interrupts what it finds.
                End::Lost | End::Interrupted => {
                    hint!(ctx, "`recv {} --resume` goes on", path.as_str())
                }
                // It was never made, if the file system refused it.
                _ => _ = ctx.files.remove(part.as_str()),
            }
            Err(failed)
        }
    }
}

/// Receives what follows on the first `left` bytes, which are there; the length of all.
fn receive_part(ctx: &mut Context<'_>, part: &Path, left: u32) -> Result<u32, End> {
    let mut digest = Ok(framed::digest());
    if left > 0 {
        let opened = ctx.files.read(part.as_str(), &mut |file| {
            digest = framed::digest_of(file);
        });
        opened.map_err(End::File)?;
    }
    let digest = digest?;
    field!(ctx.console, "crc", digest.clone().finalize());
    let mut receiver = framed::Receiver::new(&mut *ctx.console, &*ctx.system, left, digest);
    let mut received = Err(End::Lost);
    let written = ctx.files.append(part.as_str(), &mut |sink| {
        received = drain(&mut receiver, sink);
        received.map(drop).map_err(End::as_file)
    });
    written.map_err(|error| received.err().unwrap_or(End::File(error)))?;
    let length = received?;
    Ok(left.saturating_add(length as u32))
}
