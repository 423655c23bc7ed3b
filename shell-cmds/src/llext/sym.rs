//! `llext sym`: exported symbols, and what lies at an address.
//!
//! One word is the name of an extension if one of that name is loaded, an address if it is a number,
//! and else a pattern.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext sym print?
//! 0x00000301 printf
//! 0x00000401 printk
//! llext> llext sym hello *o*
//! <hex> hello_world of hello
//! llext> llext sym prin
//! error: sym: prin: no export matches, and no extension has this name
//! hint: did you mean printf or printk?
//! llext> llext sym 0x401
//! 0x00000401 printk of the firmware
//! llext> llext sym 0x10
//! error: sym: 0x00000010: in no extension
//! ```

use super::{place, unknown};
use crate::{
    Failed, Status,
    args::number,
    context::Context,
    glob, nearest,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{Hex, fail, field, field_with, go_on, print, record},
};
use llext::{Extension, Llext};

/// The command.
pub const SYM: Command = Command {
    name: "sym",
    about: "List exported symbols, or tell what lies at an address",
    arguments: &[
        Argument {
            name: "[NAME|ADDRESS|PATTERN]",
            about: "Extension, address, or pattern for all exports",
        },
        Argument {
            name: "[PATTERN]",
            about: "Pattern for its exports: * any letters, ? one",
        },
    ],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let (name, pattern) = match (args.value(0), args.value(1)) {
        (Some(name), Some(pattern)) => (Some(name), pattern),
        (Some(name), None) if ctx.llext.by_name(name).is_some() => (Some(name), "*"),
        (Some(word), None) => match number(word) {
            Some(address) => return locate(ctx, address as usize),
            None => (None, word),
        },
        (None, _) => (None, "*"),
    };
    if let Some(name) = name
        && ctx.llext.by_name(name).is_none()
    {
        return Err(unknown(ctx, "sym", name));
    }
    list(ctx, name, pattern)
}

/// Lists the exports that match `pattern`: those of the extension `name`, or all.
fn list(ctx: &mut Context<'_>, name: Option<&str>, pattern: &str) -> Status {
    let llext = &*ctx.llext;
    let mut found = pattern == "*";
    let mut status = Ok(());
    each_export(llext, name, &mut |symbol, address, owner| {
        if status.is_ok() && glob::matches(pattern, symbol) {
            found = true;
            status = go_on(ctx.console);
            if status.is_err() {
                return;
            }
            print!(ctx.console, "{} {}", Hex(address, 8), symbol);
            if let Some(owner) = owner {
                print!(ctx.console, " of {}", owner.name());
            }
            ctx.console.write(b"\n");
            let owner = owner.map_or("", Extension::name);
            record!(ctx.console, "symbol": symbol, "address": Hex(address, 8), "owner": owner);
        }
    });
    if found {
        return status;
    }
    let more = if name.is_none() {
        ", and no extension has this name"
    } else {
        ""
    };
    fail!(ctx, "sym", "{}: no export matches{}", pattern, more);
    nearest::hint(ctx.console, pattern, &mut |each| {
        each_export(llext, name, &mut |symbol, _, _| each(symbol));
        llext.iter().for_each(|extension| each(extension.name()));
    });
    Err(Failed)
}

/// Calls `each` for the exports of the extension `name`, or for all: the firmware's, which have no owner, come first.
fn each_export(
    llext: &Llext<'_>,
    name: Option<&str>,
    each: &mut dyn FnMut(&str, usize, Option<&Extension>),
) {
    if name.is_none() {
        let mut last = "";
        while let Some((symbol, address)) = llext.exports().next_by_name(last) {
            each(symbol, address, None);
            last = symbol;
        }
    }
    for extension in llext
        .iter()
        .filter(|extension| name.is_none_or(|name| name == extension.name()))
    {
        extension
            .exports()
            .for_each(|(symbol, address)| each(symbol, address, Some(extension)));
    }
}

/// Says whose memory `address` is.
fn locate(ctx: &mut Context<'_>, address: usize) -> Status {
    let (console, llext) = (&mut *ctx.console, &*ctx.llext);
    let shown = Hex(address, 8);
    if let Some(found) = place::locate(llext, address) {
        print!(console, "{}", shown);
        place::write_symbol(console, ctx.files, llext, &found, (" ", 0));
        let (kind, name) = (found.0.region.kind.name(), found.0.extension.name());
        print!(console, " in {} of {}\n", kind, name);
        field!(console, "address", shown);
        field_with(console, "where", &mut |value| {
            place::write_symbol(value, ctx.files, llext, &found, ("", 0));
        });
        record!(console, "region": kind, "owner": name);
        return Ok(());
    }
    let mode_bits = place::mode_bits(llext);
    let found = place::in_firmware(llext.exports(), mode_bits, address & !mode_bits);
    if let Some((symbol, offset)) = found {
        record!(console, "address": shown, "symbol": symbol, "offset": offset, "owner": "");
    }
    match found {
        Some((symbol, 0)) => print!(console, "{} {} of the firmware\n", shown, symbol),
        Some((symbol, offset)) => {
            // Not `symbol+offset`: what lies here may be something that is not exported.
            let offset = Hex(offset, 1);
            print!(
                console,
                "{} {} after {} of the firmware\n", shown, offset, symbol
            );
        }
        None => return Err(fail!(ctx, "sym", "{}: in no extension", shown)),
    }
    Ok(())
}
