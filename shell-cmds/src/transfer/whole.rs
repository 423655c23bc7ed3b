//! A file that is received for the loader: into memory of the extensions' heap, and back to it when it is loaded.

use super::{End, Incoming, framed, refuse, ymodem};
use crate::{
    Failed,
    context::{Console, Context},
    path::Path,
};
use llext::{Heap, SourceFault, StreamSource};

/// Receives a file, by YMODEM or in frames. Returns it, and a name for it: the sender's, else `name` with `.elf`.
pub fn receive(
    ctx: &mut Context<'_>,
    what: &str,
    name: Option<&str>,
) -> Result<(StreamSource<'static>, Path), Failed> {
    let heap = ctx.llext.heap();
    let received = match ctx.console.framed() {
        Some(_) => in_frames(ctx, heap, name.unwrap_or_default()),
        None => {
            ctx.console
                .write(b"waiting for a sender of YMODEM, for a minute\n");
            let received = by_ymodem(ctx.console, heap, name.unwrap_or_default());
            ctx.console.write(b"\n");
            received
        }
    };
    received.map_err(|end| refuse(ctx, what, "-", end))
}

fn in_frames(
    ctx: &mut Context<'_>,
    heap: &'static dyn Heap,
    name: &str,
) -> Result<(StreamSource<'static>, Path), End> {
    let mut receiver = framed::Receiver::new(ctx.console, &*ctx.system, 0, framed::digest());
    let path = name_of(name)?;
    Ok((store(heap, None, &mut receiver)?, path))
}

fn by_ymodem(
    console: &mut dyn Console,
    heap: &'static dyn Heap,
    name: &str,
) -> Result<(StreamSource<'static>, Path), End> {
    let mut receiver = ymodem::Receiver::new(console);
    let mut receive = || {
        let header = receiver.header()?.ok_or(End::Cancelled)?;
        let path = match header.name() {
            "" => name_of(name)?,
            sent => Path::new(sent).map_err(End::File)?,
        };
        let source = store(heap, header.length, &mut receiver)?;
        match receiver.header()? {
            None => Ok((source, path)),
            Some(_) => Err(End::Second),
        }
    };
    let received = receive();
    if let Err(end) = received
        && !matches!(end, End::Cancelled | End::Nobody)
    {
        receiver.cancel(end);
    }
    received
}

/// What a file is called that has no name of its own.
fn name_of(extension: &str) -> Result<Path, End> {
    if extension.is_empty() {
        return Err(End::Nameless);
    }
    let mut path = Path::new(extension).map_err(End::File)?;
    path.extend(".elf").map_err(End::File)?;
    Ok(path)
}

/// Puts all that comes into memory.
fn store(
    heap: &'static dyn Heap,
    length: Option<usize>,
    incoming: &mut dyn Incoming,
) -> Result<StreamSource<'static>, End> {
    let mut ended = None;
    let mut read = |into: &mut [u8]| {
        incoming.read(into).map_err(|end| {
            ended = Some(end);
            0
        })
    };
    let stored = match length {
        Some(length) => StreamSource::receive(heap, length, &mut read).and_then(|source| {
            // The end, too, is a part of the file.
            match read(&mut [0; 1]) {
                Ok(_) => Ok(source),
                Err(code) => Err(llext::SourceError {
                    reason: SourceFault::Device(code),
                    ..llext::SourceError::short(length, 0)
                }),
            }
        }),
        None => StreamSource::receive_all(heap, &mut read),
    };
    stored.map_err(|error| match (ended, error.reason) {
        (Some(end), _) => end,
        (None, SourceFault::Memory) => End::Memory,
        (None, _) => End::Short,
    })
}
