//! Commands for extensions.

pub mod call;
pub mod fault;
pub mod gdb;
pub mod heap;
pub mod info;
pub mod list;
pub mod load;
#[cfg(feature = "transfer")]
pub mod load_hex;
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
    context::{Console, Context},
    nearest,
    table::{Action, Command},
    text::{Digits, Hex, end_record, fail, field, field_with, hint, print},
};
use llext::{Extension, Llext, Region};

/// The command.
pub const LLEXT: Command = Command {
    name: "llext",
    about: "Load, inspect, call and unload extensions",
    arguments: &[],
    options: &[],
    action: Action::Subcommands(&[
        load::LOAD,
        #[cfg(feature = "transfer")]
        load_hex::LOAD_HEX,
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

/// What an extension is, for machines.
fn record(console: &mut dyn Console, llext: &Llext<'_>, extension: &Extension) {
    let (bytes, regions, address) = extent(extension);
    field!(console, "name", extension.name());
    field!(console, "file", extension.origin());
    field_with(console, "build-id", &mut |value| {
        for byte in extension.build_id() {
            print!(value, "{}", Digits((*byte).into(), 2));
        }
    });
    field!(console, "bytes", bytes);
    field!(console, "regions", regions);
    field!(console, "address", Hex(address, 8));
    field!(console, "faulted", u8::from(extension.is_faulted()));
    field_with(console, "uses", &mut |value| {
        let ids = extension.dependencies();
        join(value, &mut ids.filter_map(|id| llext.by_id(id)));
    });
    field_with(console, "users", &mut |value| {
        join(value, &mut llext.users_of(extension));
    });
    end_record(console);
}

/// What it is when it has been loaded, and where, for machines.
fn record_loaded(console: &mut dyn Console, llext: &Llext<'_>, extension: &Extension) {
    record(console, llext, extension);
    for region in extension.regions() {
        record_region(console, &region);
    }
}

/// Where a region lies, for machines.
fn record_region(console: &mut dyn Console, region: &Region) {
    crate::text::record!(
        console,
        "region": region.kind.name(),
        "address": Hex(region.address, 8),
        "size": region.size
    );
}

/// Writes the names of `extensions`, a space between them.
fn join(console: &mut dyn Console, extensions: &mut dyn Iterator<Item = &Extension>) {
    let mut between = "";
    for extension in extensions {
        print!(console, "{}{}", between, extension.name());
        between = " ";
    }
}

/// The last part of the path that an extension came from: what its file is called on the host.
fn file_name(extension: &Extension) -> &str {
    let origin = extension.origin();
    origin.rsplit('/').next().unwrap_or(origin)
}
