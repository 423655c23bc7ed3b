//! Commands for files. Paths are absolute; one that does not begin with `/` is taken from there.

pub mod cat;
pub mod cp;
pub mod df;
pub mod format;
pub mod hexdump;
pub mod ls;
pub mod mkdir;
pub mod mv;
pub mod rm;

use crate::{
    Failed,
    context::{Console, Context, FileError, Metadata},
    nearest,
    path::Path,
    table::{Action, Command},
    text::{fail, go_on, hint},
};

/// The command.
pub const FS: Command = Command {
    name: "fs",
    about: "Care for the file system itself",
    arguments: &[],
    options: &[],
    action: Action::Subcommands(&[format::FORMAT]),
};

/// Says that the file system refused `path`, and what to do about it.
pub fn refuse(ctx: &mut Context<'_>, what: &str, path: &str, error: FileError) -> Failed {
    fail!(ctx, what, "{}: {}", path, error);
    match error {
        FileError::NotFound => suggest(ctx, path),
        _ => {
            if let Some(advice) = error.hint() {
                hint!(ctx, "{}", advice);
            }
        }
    }
    Failed
}

/// The path that was typed. One that ends in a slash is no file's.
pub fn path(ctx: &mut Context<'_>, what: &str, typed: &str) -> Result<Path, Failed> {
    let path = Path::new(typed).map_err(|error| refuse(ctx, what, typed, error))?;
    match ctx.files.metadata(path.as_str()) {
        Ok(Metadata::File(_)) if typed.ends_with('/') => {
            Err(refuse(ctx, what, typed, FileError::NotADirectory))
        }
        _ => Ok(path),
    }
}

/// What `path` is; it must be there.
pub fn metadata(ctx: &mut Context<'_>, what: &str, path: &Path) -> Result<Metadata, Failed> {
    ctx.files
        .metadata(path.as_str())
        .map_err(|error| refuse(ctx, what, path.as_str(), error))
}

/// Shows bytes of a file on the console; told their offset.
type ShowPiece<'a> = &'a mut dyn FnMut(&mut dyn Console, usize, &[u8]);

/// Hands out up to `length` bytes of the file `path` from `start` on, in pieces of 16 and a rest, with their offsets.
/// Returns the size of the file, in bytes.
fn show(
    ctx: &mut Context<'_>,
    what: &str,
    path: &Path,
    (start, length): (usize, usize),
    each: ShowPiece<'_>,
) -> Result<usize, Failed> {
    let console = &mut *ctx.console;
    let mut size = 0;
    let mut read = Ok(());
    let mut status = Ok(());
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        size = file.len();
        let end = size.min(start.saturating_add(length));
        let mut offset = start;
        let mut piece = [0; 16];
        while let Some(piece) = piece.get_mut(..end.saturating_sub(offset).min(16))
            && !piece.is_empty()
            && read.is_ok()
            && status.is_ok()
        {
            read = file.read_at(offset, piece);
            status = go_on(console);
            if read.is_ok() && status.is_ok() {
                each(console, offset, piece);
            }
            offset += piece.len();
        }
    });
    match opened.and(read.map_err(|_| FileError::Device)) {
        Ok(()) => status.map(|()| size),
        Err(error) => Err(refuse(ctx, what, path.as_str(), error)),
    }
}

/// Where `from` goes: to `typed`, or into it if it is a directory, as one must be for a file to go to `typed/`.
fn destination(
    ctx: &mut Context<'_>,
    what: &str,
    from: &Path,
    typed: &str,
) -> Result<Path, Failed> {
    let mut to = path(ctx, what, typed)?;
    match ctx.files.metadata(to.as_str()) {
        Ok(Metadata::Dir) => to
            .push(from.name())
            .map_err(|error| refuse(ctx, what, typed, error))?,
        Err(error)
            if typed.ends_with('/') && ctx.files.metadata(from.as_str()) != Ok(Metadata::Dir) =>
        {
            return Err(refuse(ctx, what, typed, error));
        }
        _ => {}
    }
    Ok(to)
}

/// Says that `path` could not be made: where its directory is not there, that is why.
fn refuse_new(ctx: &mut Context<'_>, what: &str, path: &Path, error: FileError) -> Failed {
    match error {
        FileError::NotFound => refuse(ctx, what, path.parent().as_str(), error),
        _ => refuse(ctx, what, path.as_str(), error),
    }
}

/// Offers what the directory of `path` holds and is called much like it.
fn suggest(ctx: &mut Context<'_>, path: &str) {
    let (Ok(path), files) = (Path::new(path), &mut *ctx.files) else {
        return;
    };
    let parent = path.parent();
    nearest::hint(ctx.console, path.name(), &mut |each| {
        // A directory that is not there either has nothing to offer.
        let _ = files.list(parent.as_str(), &mut |name, _| each(name));
    });
}
