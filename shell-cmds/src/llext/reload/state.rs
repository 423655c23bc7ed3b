//! State that goes from the old one to the new one.

use super::WHAT;
use crate::{
    Failed,
    context::{Call, Context, Limits},
    llext::outcome,
    text::{fail, warning},
};
use llext::{Buffer, Extension, ExtensionId};

/// What hands over state: exports of old and new.
const SAVE: &str = "llext_save";
const RESTORE: &str = "llext_restore";

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

/// What an extension wants its successor to know.
pub struct State {
    /// Whose it is,
    id: ExtensionId,
    /// and how it gives it.
    save: usize,
    /// How much, in bytes.
    pub size: usize,
}

impl State {
    /// That of the extension `id`; `None` if it has none to give.
    pub fn of(
        ctx: &mut Context<'_>,
        id: ExtensionId,
        limits: Limits,
    ) -> Result<Option<Self>, Failed> {
        let Some(save) = function(ctx, id, SAVE) else {
            return Ok(None);
        };
        if ctx.llext.by_id(id).is_some_and(Extension::is_faulted) {
            warning!(
                ctx.console,
                "it has faulted, so its state is not handed over"
            );
            return Ok(None);
        }
        let size = call(ctx, id, (SAVE, save), (0, 0), limits)? as usize;
        Ok((size != 0).then_some(Self { id, save, size }))
    }

    /// Has it written into `place`, which is that large; `None`: there was no memory for that.
    pub fn save(
        self,
        ctx: &mut Context<'_>,
        place: Option<Buffer<'static>>,
        limits: Limits,
    ) -> Result<Buffer<'static>, Failed> {
        let size = self.size;
        let Some(place) = place else {
            return Err(fail!(
                ctx,
                WHAT,
                "{}: no memory for {} bytes of state",
                SAVE,
                size
            ));
        };
        let room = (place.address(), size);
        let written = call(ctx, self.id, (SAVE, self.save), room, limits)? as usize;
        match written == size {
            true => Ok(place),
            false => Err(fail!(
                ctx,
                WHAT,
                "{}: asked for {} bytes and then for {}",
                SAVE,
                size,
                written
            )),
        }
    }
}

/// What became of state.
pub enum Restored {
    All,
    /// The new one has no use for it.
    Nothing,
    /// The new one does not take it, and that has been told.
    Refused,
}

/// Gives the new one the state of the old one.
pub fn restore(
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
