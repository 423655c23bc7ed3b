//! A new version where memory has no room for both: the old one goes first.
//!
//! All that can be known is found out before: whether the new one links, and whether there will be memory for it and for the state
//! that waits meanwhile.

use super::{
    WHAT,
    state::{self, Restored, State},
};
use crate::{
    Failed,
    context::{Context, Limits},
    llext::{
        gdb,
        linking::{self, Job, Received, Refused},
        unload,
    },
    text::hint,
};
use llext::{Buffer, Extension, ExtensionId, LoadError, LoadOptions, Requirements, SliceSource};

/// What waits while neither is loaded.
pub struct Prepared(Option<Buffer<'static>>);

/// Finds out whether the new one will be loaded once the old one is gone, and saves the state. Whatever fails, nothing has
/// changed, and it has been told.
pub fn prepare(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    old: ExtensionId,
    limits: Limits,
) -> Result<Prepared, Failed> {
    let needs = linking::rehearse(ctx, job, received)?;
    let saved = make_room(ctx, job, (old, &needs), limits);
    saved.inspect_err(|_| hint!(ctx, "{} is as it was", job.name))
}

fn make_room(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    (old, needs): (ExtensionId, &Requirements),
    limits: Limits,
) -> Result<Prepared, Failed> {
    let Some(state) = State::of(ctx, old, limits)? else {
        let room = ctx.llext.check_room(old, needs);
        room.map_err(|error| refuse(ctx, job, error))?;
        return Ok(Prepared(None));
    };
    let heap = ctx.llext.heap();
    // Where it is not in the way of the new one, if there is such a place.
    let mut place = Buffer::take(heap, state.size);
    if ctx.llext.check_room(old, needs).is_err() {
        drop(place);
        place = Buffer::take_last(heap, state.size);
        let room = ctx.llext.check_room(old, needs);
        room.map_err(|error| refuse(ctx, job, error))?;
    }
    Ok(Prepared(Some(state.save(ctx, place, limits)?)))
}

fn refuse(ctx: &mut Context<'_>, job: &Job<'_>, error: LoadError) -> Failed {
    linking::refuse(ctx, job, &Refused { error, named: 0 })
}

/// Unloads the old one and loads the new one; how much state went over, in bytes.
pub fn replace(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    (old, Prepared(state)): (ExtensionId, Prepared),
    limits: Limits,
) -> Result<Option<usize>, Failed> {
    let uses = ctx.llext.by_id(old).map_or(1, Extension::use_count);
    // What does not return is told; the old one goes all the same.
    let _ = unload::destruct(ctx, WHAT, old, limits);
    gdb::forget(ctx, old, job.name);
    match ctx.llext.forsake(old) {
        Ok(unloaded) => unload::tell_leaks(ctx, job.name, &unloaded),
        Err(error) => return Err(unload::refuse(ctx, WHAT, job.name, error)),
    }
    let started = start(ctx, job, received, limits);
    let new = started.inspect_err(|_| hint!(ctx, "{} is not loaded any more", job.name))?;
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
    match state::restore(ctx, new, &state, limits) {
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
    let new = linking::load(ctx, job, received)?;
    *received = None;
    gdb::keep(ctx, new);
    linking::construct(ctx, WHAT, new, limits)?;
    Ok(new)
}
