//! `llext info`: all about one extension.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext info hello
//! name hello
//! file /ext/hello.elf
//! build-id <...>
//! size <n> bytes
//! regions:
//!   text               <hex>      80
//!   rodata             <hex>      49
//!   data               <hex>      12
//!   bss                <hex>       4
//! sections:
//!   .note.gnu.build-id <hex>      36 rodata
//!   .text              <hex>      56 text
//!   .text.startup      <hex>      12 text
//!   .text.exit         <hex>      12 text
//!   .rodata.str1.1     <hex>      13 rodata
//!   .data              <hex>       4 data
//!   .init_array        <hex>       4 data
//!   .fini_array        <hex>       4 data
//!   .bss               <hex>       4 bss
//! exports:
//!   add                <hex>
//!   hello_world        <hex>
//!   greetings          <hex>
//! uses:
//! used by:
//! ```

use super::{record, record_region, unknown};
use crate::{
    Status,
    context::{Console, Context},
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{Digits, Hex, Left, Right, go_on, print, record},
};
use llext::Extension;

/// Columns for a name.
const COLUMN: usize = 18;

/// The command.
pub const INFO: Command = Command {
    name: "info",
    about: "Tell an extension's regions, sections, exports, uses and build-id",
    arguments: &[Argument {
        name: "<NAME>",
        about: "Extension to tell about",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let name = args.needed(0);
    let Some(extension) = ctx.llext.by_name(name) else {
        return Err(unknown(ctx, "info", name));
    };
    let console = &mut *ctx.console;
    record(console, ctx.llext, extension);
    write_origin(console, extension);
    write_places(console, extension)?;
    console.write(b"uses:");
    let ids = extension.dependencies();
    for used in ids.filter_map(|id| ctx.llext.by_id(id)) {
        print!(console, " {}", used.name());
    }
    console.write(b"\nused by:");
    for user in ctx.llext.users_of(extension) {
        print!(console, " {}", user.name());
    }
    console.write(b"\n");
    Ok(())
}

/// Writes what it is, and where it comes from.
fn write_origin(console: &mut dyn Console, extension: &Extension) {
    let (name, file) = (extension.name(), extension.origin());
    print!(console, "name {}\nfile {}\nbuild-id ", name, file);
    for byte in extension.build_id() {
        print!(console, "{}", Digits((*byte).into(), 2));
    }
    console.write(if extension.build_id().is_empty() {
        b"none\n"
    } else {
        b"\n"
    });
    if extension.is_faulted() {
        console.write(b"faulted in an earlier call\n");
    }
    print!(console, "size {} bytes\n", extension.size());
}

/// Writes where its regions, sections and exports lie.
fn write_places(console: &mut dyn Console, extension: &Extension) -> Status {
    console.write(b"regions:\n");
    for region in extension.regions() {
        let kind = Left(region.kind.name(), COLUMN);
        let (address, size) = (Hex(region.address, 8), Right(region.size, 7));
        print!(console, "  {} {} {}\n", kind, address, size);
        record_region(console, &region);
    }
    console.write(b"sections:\n");
    for section in extension.sections() {
        go_on(console)?;
        let (name, kind) = (Left(section.name, COLUMN), section.region.name());
        let (address, size) = (Hex(section.address, 8), Right(section.size, 7));
        print!(console, "  {} {} {} {}\n", name, address, size, kind);
        record!(
            console,
            "section": section.name,
            "address": address,
            "size": section.size,
            "within": kind
        );
    }
    console.write(b"exports:\n");
    for (name, address) in extension.exports() {
        go_on(console)?;
        print!(console, "  {} {}\n", Left(name, COLUMN), Hex(address, 8));
        record!(console, "symbol": name, "address": Hex(address, 8));
    }
    Ok(())
}
