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
//! error: sym: 0x00000401: in no extension
//! ```

use super::unknown;
use crate::{
    Failed, Status,
    args::number,
    context::{Console, Context},
    glob, nearest,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{Hex, fail, print},
};

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
    let (first, pattern) = (args.value(0), args.value(1));
    let (name, pattern) = match (first, pattern) {
        (Some(name), Some(pattern)) => (Some(name), pattern),
        (Some(name), None) if ctx.llext.by_name(name).is_some() => (Some(name), "*"),
        (Some(word), None) => match number(word) {
            Some(address) => return locate(ctx, address as usize),
            None => (None, word),
        },
        (None, _) => (None, "*"),
    };
    match name {
        Some(name) => list_extension(ctx, name, pattern),
        None => list_all(ctx, pattern),
    }
}

/// Writes an export that matches, with its owner unless that is the firmware; says whether it does.
fn line(
    console: &mut dyn Console,
    pattern: &str,
    (symbol, address): (&str, usize),
    owner: Option<&str>,
) -> bool {
    let matches = glob::matches(pattern, symbol);
    if matches {
        print!(console, "{} {}", Hex(address, 8), symbol);
        if let Some(owner) = owner {
            print!(console, " of {}", owner);
        }
        console.write(b"\n");
    }
    matches
}

fn list_extension(ctx: &mut Context<'_>, name: &str, pattern: &str) -> Status {
    let Some(extension) = ctx.llext.by_name(name) else {
        return Err(unknown(ctx, "sym", name));
    };
    let mut found = pattern == "*";
    for export in extension.exports() {
        found |= line(ctx.console, pattern, export, Some(name));
    }
    if found {
        return Ok(());
    }
    fail!(ctx, "sym", "{}: no export matches {}", name, pattern);
    let names =
        &mut |each: &mut dyn FnMut(&str)| extension.exports().for_each(|(name, _)| each(name));
    nearest::hint(ctx.console, pattern, names);
    Err(Failed)
}

fn list_all(ctx: &mut Context<'_>, pattern: &str) -> Status {
    let llext = &*ctx.llext;
    let mut found = pattern == "*";
    for export in llext.exports().iter() {
        found |= line(ctx.console, pattern, export, None);
    }
    for extension in llext.iter() {
        for export in extension.exports() {
            found |= line(ctx.console, pattern, export, Some(extension.name()));
        }
    }
    if found {
        return Ok(());
    }
    fail!(
        ctx,
        "sym",
        "{}: no export matches, and no extension has this name",
        pattern
    );
    nearest::hint(ctx.console, pattern, &mut |each| {
        llext.exports().iter().for_each(|(name, _)| each(name));
        llext.iter().for_each(|extension| {
            each(extension.name());
            extension.exports().for_each(|(name, _)| each(name));
        });
    });
    Err(Failed)
}

/// Says whose memory `address` is.
fn locate(ctx: &mut Context<'_>, address: usize) -> Status {
    let Some(location) = ctx.llext.locate(address) else {
        return Err(fail!(ctx, "sym", "{}: in no extension", Hex(address, 8)));
    };
    print!(ctx.console, "{} ", Hex(address, 8));
    if let Some((symbol, offset)) = location.symbol {
        print!(ctx.console, "{}+{} ", symbol, Hex(offset, 1));
    }
    print!(
        ctx.console,
        "in {} of {}\n",
        location.region.kind.name(),
        location.extension.name()
    );
    Ok(())
}
