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
//! Where there is no memory for both, `--replace` unloads the old one first, which nothing takes back.

use super::{
    extent, gdb,
    linking::{self, Job, Received, Refused},
    outcome, unknown, unload,
};
use crate::{
    Failed, Status,
    context::{Call, Context, Limits},
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Choice, Command},
    text::{Hex, fail, hint, plural, print, record, warning},
};
use llext::{Buffer, Extension, ExtensionId, LoadError, LoadOptions, Report, SliceSource};

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
        Choice {
            long: "--force",
            short: "-f",
            value: "",
            about: "Load it even if it was built for a firmware with other exports",
        },
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

/// The command, for error lines.
const WHAT: &str = "reload";

/// What hands over state: exports of old and new.
const SAVE: &str = "llext_save";
const RESTORE: &str = "llext_restore";

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
        force: args.choice("--force").is_some(),
        beside: true,
    };
    let limits = outcome::limits(args);
    let state = match args.choice("--replace") {
        None => beside(ctx, &job, &mut received, old, limits)?,
        Some(_) => instead(ctx, &job, &mut received, old, limits)?,
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
    let linked = linking::link(ctx, job, received)?;
    *received = None;
    let new = linked.map_err(|refused| linking::refuse(ctx, job, &refused))?;
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

/// Brings the new one to life, with the state of the old one.
fn take_over(
    ctx: &mut Context<'_>,
    old: ExtensionId,
    new: ExtensionId,
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let state = save(ctx, old, limits)?;
    gdb::keep(ctx, new);
    linking::run_constructors(ctx, WHAT, new, limits)?;
    let Some(state) = state else {
        return Ok(None);
    };
    match restore(ctx, new, &state, limits)? {
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

/// Unloads the old one and loads the new one, which has been found fit to be linked; how much state went over, in bytes.
fn instead(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    old: ExtensionId,
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let job = &Job {
        beside: false,
        ..*job
    };
    rehearse(ctx, job, received)?;
    let uses = ctx.llext.by_id(old).map_or(1, Extension::use_count);
    let state = save(ctx, old, limits)?;
    // What does not return is told; the old one goes all the same.
    let _ = unload::destruct(ctx, WHAT, old, limits);
    gdb::forget(ctx, old, job.name);
    match ctx.llext.forsake(old) {
        Ok(unloaded) => unload::tell_leaks(ctx, job.name, &unloaded),
        Err(error) => return Err(unload::refuse(ctx, WHAT, job.name, error)),
    }
    let loaded = start(ctx, job, received, limits).inspect_err(|_| {
        hint!(ctx, "{} is not loaded any more", job.name);
    });
    let new = loaded?;
    for _ in 1..uses {
        // It is loaded, so nothing is read.
        let source = &mut SliceSource::new(&[]);
        let _ = ctx
            .llext
            .load(source, job.name, &LoadOptions::DEFAULT, &mut ());
    }
    let Some(state) = state else {
        return Ok(None);
    };
    match restore(ctx, new, &state, limits) {
        Ok(Restored::All) => Ok(Some(state.len())),
        Ok(Restored::Nothing) => Ok(None),
        Ok(Restored::Refused) | Err(Failed) => {
            hint!(ctx, "{} is reloaded, without the old state", job.name);
            Err(Failed)
        }
    }
}

fn start(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    limits: Limits,
) -> Result<ExtensionId, Failed> {
    let linked = linking::link(ctx, job, received)?;
    *received = None;
    let new = linked.map_err(|refused| linking::refuse(ctx, job, &refused))?;
    gdb::keep(ctx, new);
    linking::construct(ctx, WHAT, new, limits)?;
    Ok(new)
}

/// Fails if the file would not link.
fn rehearse(ctx: &mut Context<'_>, job: &Job<'_>, received: &mut Received) -> Status {
    /// Counts what is missing.
    #[derive(Default)]
    struct Missing(usize);
    impl Report for Missing {
        fn undefined(&mut self, _name: &str) {
            self.0 += 1;
        }
        fn unsupported(&mut self, _section: &str, _offset: usize, _type: u32) {
            self.0 += 1;
        }
    }
    let (llext, options, mut missing) = (&*ctx.llext, job.options(), Missing::default());
    let mut rehearsed = Ok(());
    let opened = linking::open(ctx.files, job, received, &mut |file| {
        // Its own name is taken still.
        rehearsed = llext
            .dry_run(file, "<new>", &options, &mut missing)
            .map(drop);
    });
    opened.map_err(|error| linking::unreadable(ctx, job, error))?;
    let named = 0;
    rehearsed.map_err(|error| linking::refuse(ctx, job, &Refused { error, named }))?;
    match missing.0 {
        0 => Ok(()),
        count => {
            let error = LoadError::Undefined(count);
            Err(linking::refuse(ctx, job, &Refused { error, named }))
        }
    }
}

/// The function that the extension `id` exports under this name.
fn function(ctx: &Context<'_>, id: ExtensionId, name: &str) -> Option<usize> {
    ctx.llext.by_id(id)?.function(name)
}

/// Calls `function` of the extension `id` with memory and its size in bytes.
fn call(
    ctx: &mut Context<'_>,
    id: ExtensionId,
    (function, entry): (&str, usize),
    (address, size): (usize, usize),
    limits: Limits,
) -> Result<u32, Failed> {
    let mut args = [0; 8];
    let [first, second, ..] = &mut args;
    (*first, *second) = (address, size);
    let ended = ctx.cpu.call(&Call {
        owner: id,
        entry,
        args: &args,
        limits,
        measured: false,
        llext: &*ctx.llext,
    });
    outcome::returned(ctx, WHAT, id, function, ended.outcome)
}

/// What the old one wants the new one to know.
fn save(
    ctx: &mut Context<'_>,
    old: ExtensionId,
    limits: Limits,
) -> Result<Option<Buffer<'static>>, Failed> {
    let Some(entry) = function(ctx, old, SAVE) else {
        return Ok(None);
    };
    if ctx.llext.by_id(old).is_some_and(Extension::is_faulted) {
        warning!(
            ctx.console,
            "it has faulted, so its state is not handed over"
        );
        return Ok(None);
    }
    let size = call(ctx, old, (SAVE, entry), (0, 0), limits)? as usize;
    if size == 0 {
        return Ok(None);
    }
    let Some(state) = Buffer::take(ctx.llext.heap(), size) else {
        return Err(fail!(
            ctx,
            WHAT,
            "{}: no memory for {} bytes of state",
            SAVE,
            size
        ));
    };
    let written = call(ctx, old, (SAVE, entry), (state.address(), size), limits)? as usize;
    if written != size {
        return Err(fail!(
            ctx,
            WHAT,
            "{}: asked for {} bytes and then for {}",
            SAVE,
            size,
            written
        ));
    }
    Ok(Some(state))
}

/// What became of state.
enum Restored {
    All,
    /// The new one has no use for it.
    Nothing,
    /// The new one does not take it, and that has been told.
    Refused,
}

/// Gives the new one the state of the old one.
fn restore(
    ctx: &mut Context<'_>,
    new: ExtensionId,
    state: &Buffer<'_>,
    limits: Limits,
) -> Result<Restored, Failed> {
    let Some(entry) = function(ctx, new, RESTORE) else {
        warning!(
            ctx.console,
            "{} bytes of state are lost: the new file has no {}",
            state.len(),
            RESTORE
        );
        return Ok(Restored::Nothing);
    };
    let place = (state.address(), state.len());
    match call(ctx, new, (RESTORE, entry), place, limits)? as i32 {
        0 => Ok(Restored::All),
        refused => {
            fail!(ctx, WHAT, "{} returned {}", RESTORE, refused);
            Ok(Restored::Refused)
        }
    }
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
    super::record(ctx.console, ctx.llext, extension);
}
