//! Commands for extensions.

pub mod call;
pub mod fault;
pub mod gdb;
pub mod heap;
pub mod info;
pub mod list;
pub mod load;
pub mod reload;
pub mod sym;
pub mod unload;

mod linking;
mod outcome;
mod place;
pub mod report;
mod scene;

use crate::{
    Failed,
    context::Context,
    nearest,
    table::{Action, Command},
    text::{fail, hint},
};
use llext::Extension;

/// The command.
pub const LLEXT: Command = Command {
    name: "llext",
    about: "Load, inspect, call and unload extensions",
    arguments: &[],
    options: &[],
    action: Action::Subcommands(&[
        load::LOAD,
        unload::UNLOAD,
        reload::RELOAD,
        list::LIST,
        info::INFO,
        call::CALL,
        sym::SYM,
        heap::HEAP,
        gdb::GDB,
        fault::FAULT,
    ]),
};

/// Says that no extension is called `name`, and which are called much like it.
fn unknown(ctx: &mut Context<'_>, what: &str, name: &str) -> Failed {
    fail!(ctx, what, "{}: no such extension", name);
    let llext = &*ctx.llext;
    if !nearest::hint(ctx.console, name, &mut |each| {
        llext.iter().for_each(|extension| each(extension.name()))
    }) {
        hint!(ctx, "`llext list` shows what is loaded");
    }
    Failed
}

/// Bytes of an extension's regions, how many there are, and the address of the first.
fn extent(extension: &Extension) -> (usize, usize, usize) {
    let mut first = None;
    let (mut count, mut bytes) = (0, 0);
    for region in extension.regions() {
        first.get_or_insert(region.address);
        count += 1;
        bytes += region.size;
    }
    (bytes, count, first.unwrap_or(0))
}

/// The last part of the path that an extension came from: what its file is called on the host.
fn file_name(extension: &Extension) -> &str {
    let origin = extension.origin();
    origin.rsplit('/').next().unwrap_or(origin)
}
