//! `llext reload`: a new version of an extension in the place of the one that runs, all at once or not at all.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext reload hello
//! reloaded hello: 4 regions, <n> bytes at 0x2100<...>
//! llext> llext reload hello /motd.txt
//! error: reload: /motd.txt: not an ELF file
//! hint: load the output of the compiler or of `ld -r`, not an archive or a raw binary
//! llext> llext load /ext/guest.elf
//! loaded guest: <...>
//! llext> llext reload hello
//! error: reload: hello: in use by guest
//! hint: their code holds addresses in it: unload them, reload, and load them again
//! ```
//!
//! The new one is linked beside the old one, of which nothing changes yet. Then its constructors run, and what the old
//! one's `llext_save` wrote goes to the new one's `llext_restore`. When all that has succeeded, the old one's destructors run,
//! and it is unloaded. Whatever fails before, the new one goes, and the old one is as it was.
//!
//! ```c
//! size_t llext_save(void *buffer, size_t size);          // the bytes that the state takes; writes them if they fit
//! int llext_restore(const void *buffer, size_t size);    // 0: taken; else the reload fails
//! ```
//!
//! Both are optional exports. `llext_save` is called with no room first, to say how much it wants. What the old one allocated
//! is reclaimed with it, so state holds values, and no pointers. State of an extension that has faulted is not handed over.
//!
//! Where there is no memory for both, a person at a terminal is asked whether the old one may go first, and programs say so at once
//! with `--replace`:
//!
//! ```console
//! llext> llext reload big
//! both do not fit: 2621456 bytes needed, 1507320 free in one block
//! unload big first? [y/N] y
//! reloaded big: 4 regions, 2621857 bytes at 0x21800300; it has its 16 bytes of state
//! ```
//!
//! Enter alone, Ctrl-C or anything but `y` leaves all as it was. Before the old one goes, the new one has been linked on trial, and
//! the heap's free blocks, with the old one's among them, have been found to be enough for it and for the state: else it is
//! refused, and the old one is as it was. What is lost all the same, because nothing takes the unload back: the old one, when the
//! file cannot be read a second time, or has a value that does not fit its field or a function outside of its text, which shows
//! when it has a place; the old one and its state, when a constructor of the new one does not return.

mod replace;
mod state;

use self::state::{Restored, State};
use super::{
    extent, gdb,
    linking::{self, Job, Received, Refused},
    outcome, unknown, unload,
};
use crate::{
    Failed, Status, ask,
    context::{Context, Limits},
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Choice, Command},
    text::{Hex, fail, hint, plural, print, record},
};
use llext::{Buffer, Extension, ExtensionId, LoadError};

/// The command.
pub const RELOAD: Command = Command {
    name: "reload",
    about: "Put a new version in an extension's place, all at once",
    arguments: &[
        Argument {
            name: "<NAME>",
            about: "Extension to reload",
        },
        Argument {
            name: "[PATH]",
            about: "Its new file, - receives it; the one that it came from unless given",
        },
    ],
    options: &[
        Choice {
            long: "--replace",
            short: "-r",
            value: "",
            about: "Unload the old one first: where memory is short",
        },
        linking::FORCE,
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

/// The command, for error lines.
const WHAT: &str = "reload";

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let name = args.needed(0);
    let Some(old) = ctx.llext.by_name(name).map(Extension::id) else {
        return Err(unknown(ctx, WHAT, name));
    };
    unload::refuse_used(
        ctx,
        WHAT,
        old,
        "their code holds addresses in it: unload them, reload, and load them again",
    )?;
    let (mut received, path) = match args.value(1) {
        Some(typed) => linking::fetch(ctx, WHAT, typed, Some(name))?,
        None => (None, origin(ctx, old)?),
    };
    let job = Job {
        what: WHAT,
        path: &path,
        is_received: received.is_some(),
        name,
        force: linking::is_forced(args),
        beside: args.choice("--replace").is_none(),
    };
    let limits = outcome::limits(args);
    let state = match args.choice("--replace") {
        None => beside(ctx, &job, &mut received, old, limits)?,
        Some(_) => {
            let prepared = replace::prepare(ctx, &job, &mut received, old, limits)?;
            replace::replace(ctx, &job, &mut received, (old, prepared), limits)?
        }
    };
    tell(ctx, name, state);
    Ok(())
}

/// The file that the extension came from.
fn origin(ctx: &mut Context<'_>, id: ExtensionId) -> Result<Path, Failed> {
    let extension = ctx.llext.by_id(id).ok_or(Failed)?;
    let (name, origin) = (extension.name(), extension.origin());
    match Path::new(origin) {
        Ok(path) if origin.starts_with('/') => Ok(path),
        _ => {
            let failed = fail!(ctx, WHAT, "{}: it came from no file", name);
            hint!(ctx, "say which one: `llext reload {} PATH`", name);
            Err(failed)
        }
    }
}

/// Loads the new one beside the old one, which goes at last; how much state went over, in bytes.
fn beside(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    old: ExtensionId,
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let new = match linking::link(ctx, job, received)? {
        Ok(new) => new,
        Err(Refused {
            error: LoadError::OutOfMemory {
                needed, available, ..
            },
            ..
        }) if ctx.console.has_reader() => {
            return ask(ctx, job, received, old, (needed, available), limits);
        }
        Err(refused) => return Err(linking::refuse(ctx, job, &refused)),
    };
    *received = None;
    match take_over(ctx, old, new, limits) {
        Ok(state) => {
            retire(ctx, job.name, old, new, limits)?;
            Ok(state)
        }
        Err(Failed) => {
            ctx.system.withdraw(new);
            // Nobody uses it: it was loaded last.
            let _ = ctx.llext.forsake(new);
            gdb::keep_script_of(ctx, old);
            hint!(ctx, "{} is as it was", job.name);
            Err(Failed)
        }
    }
}

/// Where both have no room, asks whether the old one may go first; not, if that would not help.
fn ask(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    old: ExtensionId,
    (needed, available): (usize, usize),
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let job = &Job {
        beside: false,
        ..*job
    };
    let prepared = replace::prepare(ctx, job, received, old, limits)?;
    print!(
        ctx.console,
        "both do not fit: {} bytes needed, {} free in one block\n", needed, available
    );
    match ask::yes(ctx.console, "unload {} first?", &[&job.name]) {
        true => replace::replace(ctx, job, received, (old, prepared), limits),
        false => Err(fail!(
            ctx,
            WHAT,
            "{}: it is not reloaded, and as it was",
            job.name
        )),
    }
}

/// Brings the new one to life, with the state of the old one.
fn take_over(
    ctx: &mut Context<'_>,
    old: ExtensionId,
    new: ExtensionId,
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let state = match State::of(ctx, old, limits)? {
        Some(state) => {
            let place = Buffer::take(ctx.llext.heap(), state.size);
            let is_short = place.is_none();
            let saved = state.save(ctx, place, limits);
            Some(saved.inspect_err(|_| {
                if is_short {
                    hint!(
                        ctx,
                        "`--replace` unloads the old one first, which may make room"
                    );
                }
            })?)
        }
        None => None,
    };
    gdb::keep(ctx, new);
    linking::run_constructors(ctx, WHAT, new, limits)?;
    let Some(state) = state else {
        return Ok(None);
    };
    match state::restore(ctx, new, &state, limits)? {
        Restored::All => Ok(Some(state.len())),
        Restored::Nothing => Ok(None),
        Restored::Refused => {
            // It is whole, so it goes as it came.
            let _ = unload::destruct(ctx, WHAT, new, limits);
            Err(Failed)
        }
    }
}

/// Lets the old one go. A destructor that does not return is told, and hinders nothing.
fn retire(
    ctx: &mut Context<'_>,
    name: &str,
    old: ExtensionId,
    new: ExtensionId,
    limits: Limits,
) -> Status {
    let destructed = unload::destruct(ctx, WHAT, old, limits);
    ctx.system.withdraw(old);
    match ctx.llext.replace(old, new) {
        Ok(unloaded) => unload::tell_leaks(ctx, name, &unloaded),
        Err(error) => return Err(unload::refuse(ctx, WHAT, name, error)),
    }
    if destructed.is_err() {
        hint!(ctx, "{} is reloaded all the same", name);
    }
    destructed
}

/// Says what the new one is.
fn tell(ctx: &mut Context<'_>, name: &str, state: Option<usize>) {
    let Some(extension) = ctx.llext.by_name(name) else {
        return;
    };
    let (bytes, regions, address) = extent(extension);
    let word = plural(regions, "region", "regions");
    print!(
        ctx.console,
        "reloaded {}: {} {}, {} bytes at {}",
        name,
        regions,
        word,
        bytes,
        Hex(address, 8)
    );
    if let Some(state) = state {
        print!(ctx.console, "; it has its {} bytes of state", state);
        record!(ctx.console, "state": state);
    }
    ctx.console.write(b"\n");
    super::record_loaded(ctx.console, ctx.llext, extension);
}
