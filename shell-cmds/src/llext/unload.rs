//! `llext unload`: runs an extension's destructors and gives its memory back.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext load /ext/guest.elf
//! loaded guest: <...>
//! llext> llext unload hello
//! error: unload: hello: in use by guest
//! hint: unload its users first; `llext unload --all` does it in the right order
//! llext> llext unload --all
//! unloaded guest: <n> bytes
//! unloaded hello: <n> bytes
//! llext> llext unload hello
//! error: unload: hello: no such extension
//! hint: `llext list` shows what is loaded
//! ```

use super::{gdb, outcome, unknown};
use crate::{
    Failed, Status,
    context::{Context, Limits},
    parse::Parsed,
    table::{Action, Argument, Choice, Command},
    text::{end_record, fail, field, field_with, hint, plural, print, record},
};
use llext::{Extension, ExtensionId, UnloadError, Unloaded};

/// What to do about users.
const USERS_FIRST: &str = "unload its users first; `llext unload --all` does it in the right order";

/// The longest name of an extension, in bytes.
const LONGEST: usize = 64;

/// The command.
pub const UNLOAD: Command = Command {
    name: "unload",
    about: "Run an extension's destructors and give its memory back",
    arguments: &[Argument {
        name: "[NAME]",
        about: "Extension to unload",
    }],
    options: &[
        Choice {
            long: "--all",
            short: "-a",
            value: "",
            about: "Unload all, users before what they use",
        },
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let limits = outcome::limits(args);
    match (args.value(0), args.choice("--all")) {
        (Some(name), None) => match ctx.llext.by_name(name).map(Extension::id) {
            Some(id) => unload(ctx, id, limits),
            None => Err(unknown(ctx, "unload", name)),
        },
        (None, Some(_)) => unload_all(ctx, limits),
        _ => {
            fail!(ctx, "unload", "either a name or --all");
            hint!(ctx, "`llext list` shows what is loaded");
            Err(Failed)
        }
    }
}

/// Unloads all; a destructor that fails hinders none of the others.
fn unload_all(ctx: &mut Context<'_>, limits: Limits) -> Status {
    let mut status = Ok(());
    // What an extension uses was loaded before it: the last one has no users.
    while let Some((id, uses)) = ctx
        .llext
        .iter()
        .last()
        .map(|last| (last.id(), last.use_count()))
    {
        let unloaded = unload(ctx, id, limits);
        status = status.and(unloaded);
        if ctx
            .llext
            .by_id(id)
            .is_some_and(|left| left.use_count() >= uses)
        {
            break;
        }
    }
    status
}

/// Takes a load back; with the last one the extension, which nobody may use, is unloaded.
fn unload(ctx: &mut Context<'_>, id: ExtensionId, limits: Limits) -> Status {
    let mut name = [0; LONGEST];
    let name = copy_name(ctx, id, &mut name);
    if ctx.llext.by_id(id).map_or(0, Extension::use_count) > 1 {
        return drop_use(ctx, name);
    }
    refuse_used(ctx, "unload", id, USERS_FIRST)?;
    let destructed = destruct(ctx, "unload", id, limits);
    gdb::forget(ctx, id, name);
    let unloaded = match ctx.llext.unload(name) {
        Ok(unloaded) => unloaded,
        Err(error) => return Err(refuse(ctx, "unload", name, error)),
    };
    print!(ctx.console, "unloaded {}: {} bytes\n", name, unloaded.bytes);
    record!(
        ctx.console,
        "unloaded": name,
        "bytes": unloaded.bytes,
        "leaked-blocks": unloaded.leaked_blocks,
        "leaked-bytes": unloaded.leaked_bytes
    );
    tell_leaks(ctx, name, &unloaded);
    destructed
}

/// Says what the extension had allocated and not freed.
pub fn tell_leaks(ctx: &mut Context<'_>, name: &str, unloaded: &Unloaded) {
    let Unloaded {
        leaked_blocks,
        leaked_bytes,
        ..
    } = *unloaded;
    if leaked_blocks > 0 {
        let (blocks, were) = (
            plural(leaked_blocks, "block", "blocks"),
            plural(leaked_bytes, "byte was", "bytes were"),
        );
        print!(
            ctx.console,
            "{}: {} {}, {} {} not freed; reclaimed\n",
            name,
            leaked_blocks,
            blocks,
            leaked_bytes,
            were
        );
    }
}

/// Takes back one load of an extension that was loaded several times (by the firmware).
fn drop_use(ctx: &mut Context<'_>, name: &str) -> Status {
    match ctx.llext.unload(name) {
        Ok(Unloaded { uses_left, .. }) => {
            let uses = plural(uses_left.into(), "use", "uses");
            print!(
                ctx.console,
                "{} stays loaded: {} {} left\n", name, uses_left, uses
            );
            record!(ctx.console, "name": name, "uses-left": uses_left);
            Ok(())
        }
        Err(error) => Err(refuse(ctx, "unload", name, error)),
    }
}

/// Unloads without running destructors and without a word: what a load that failed late must do.
pub fn undo(ctx: &mut Context<'_>, id: ExtensionId) {
    let mut name = [0; LONGEST];
    let name = copy_name(ctx, id, &mut name);
    gdb::forget(ctx, id, name);
    // It was loaded last, so nobody uses it, and it can be unloaded.
    let _ = ctx.llext.unload(name);
}

/// The extension's name, in memory that outlives it.
fn copy_name<'b>(ctx: &Context<'_>, id: ExtensionId, buffer: &'b mut [u8]) -> &'b str {
    let name = ctx.llext.by_id(id).map_or("", Extension::name);
    let Some(place) = buffer.get_mut(..name.len()) else {
        return "";
    };
    place.copy_from_slice(name.as_bytes());
    core::str::from_utf8(place).unwrap_or_default()
}

/// Fails if others use the extension, and names them; `advice` is what to do.
pub fn refuse_used(ctx: &mut Context<'_>, what: &str, id: ExtensionId, advice: &str) -> Status {
    let Some(extension) = ctx.llext.by_id(id) else {
        return Ok(());
    };
    let mut join = "in use by ";
    for user in ctx.llext.users_of(extension) {
        if join != ", " {
            print!(ctx.console, "error: {}: {}: ", what, extension.name());
        }
        print!(ctx.console, "{}{}", join, user.name());
        join = ", ";
    }
    if join != ", " {
        return Ok(());
    }
    ctx.console.write(b"\n");
    let llext = &*ctx.llext;
    end_record(ctx.console);
    field!(ctx.console, "what", what);
    field_with(ctx.console, "error", &mut |value| {
        print!(value, "{}: in use by ", extension.name());
        super::join(value, &mut llext.users_of(extension));
    });
    hint!(ctx, "{}", advice);
    Err(Failed)
}

/// Says why the loader did not unload it.
pub fn refuse(ctx: &mut Context<'_>, what: &str, name: &str, error: UnloadError) -> Failed {
    fail!(ctx, what, "{}: {}", name, error);
    if let Some(advice) = error.hint() {
        hint!(ctx, "{}", advice);
    }
    Failed
}

/// Runs the destructors; one that does not return is told and hinders neither the others nor the unload.
pub fn destruct(ctx: &mut Context<'_>, what: &str, id: ExtensionId, limits: Limits) -> Status {
    let mut status = Ok(());
    let mut place = 0;
    while let Some(function) = ctx
        .llext
        .by_id(id)
        .and_then(|extension| extension.fini_functions().nth(place))
    {
        if let Err(failed) = outcome::run(ctx, what, id, ("a destructor", function), limits) {
            status = Err(failed);
        }
        place += 1;
    }
    status
}
