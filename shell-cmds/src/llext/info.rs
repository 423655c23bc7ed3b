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

use super::unknown;
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Argument, Command},
    text::{Digits, Hex, Left, Right, go_on, print},
};

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
    print!(
        ctx.console,
        "name {}\nfile {}\nbuild-id ",
        extension.name(),
        extension.origin()
    );
    for byte in extension.build_id() {
        print!(ctx.console, "{}", Digits((*byte).into(), 2));
    }
    ctx.console.write(if extension.build_id().is_empty() {
        b"none\n"
    } else {
        b"\n"
    });
    if extension.is_faulted() {
        ctx.console.write(b"faulted in an earlier call\n");
    }
    print!(ctx.console, "size {} bytes\nregions:\n", extension.size());
    for region in extension.regions() {
        let kind = Left(region.kind.name(), COLUMN);
        print!(
            ctx.console,
            "  {} {} {}\n",
            kind,
            Hex(region.address, 8),
            Right(region.size, 7)
        );
    }
    ctx.console.write(b"sections:\n");
    for section in extension.sections() {
        go_on(ctx.console)?;
        let (name, kind) = (Left(section.name, COLUMN), section.region.name());
        print!(
            ctx.console,
            "  {} {} {} {}\n",
            name,
            Hex(section.address, 8),
            Right(section.size, 7),
            kind
        );
    }
    ctx.console.write(b"exports:\n");
    for (name, address) in extension.exports() {
        go_on(ctx.console)?;
        print!(
            ctx.console,
            "  {} {}\n",
            Left(name, COLUMN),
            Hex(address, 8)
        );
    }
    ctx.console.write(b"uses:");
    for used in extension
        .dependencies()
        .filter_map(|id| ctx.llext.by_id(id))
    {
        print!(ctx.console, " {}", used.name());
    }
    ctx.console.write(b"\nused by:");
    for user in ctx.llext.users_of(extension) {
        print!(ctx.console, " {}", user.name());
    }
    ctx.console.write(b"\n");
    Ok(())
}
