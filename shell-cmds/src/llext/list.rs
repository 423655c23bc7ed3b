//! `llext list`: what is loaded, in the order of loading.
//!
//! ```text
//! llext> llext list
//! nothing is loaded
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext load /ext/guest.elf --name me
//! loaded me: <...>
//! llext> llext list
//! hello        <...> bytes at <hex> from /ext/hello.elf, used by me
//! me           <...> bytes at <hex> from /ext/guest.elf
//! ```

use super::{extent, record};
use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::{Hex, Left, Right, print},
};

/// The command.
pub const LIST: Command = Command {
    name: "list",
    about: "List what is loaded: name, bytes, address, file and users",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    let mut none = true;
    for extension in ctx.llext.iter() {
        none = false;
        record(ctx.console, ctx.llext, extension);
        let (bytes, _, address) = extent(extension);
        print!(
            ctx.console,
            "{} {} bytes at {}",
            Left(extension.name(), 12),
            Right(bytes, 7),
            Hex(address, 8)
        );
        print!(ctx.console, " from {}", extension.origin());
        let mut join = ", used by ";
        for user in ctx.llext.users_of(extension) {
            print!(ctx.console, "{}{}", join, user.name());
            join = ", ";
        }
        if extension.is_faulted() {
            ctx.console.write(b", faulted");
        }
        ctx.console.write(b"\n");
    }
    if none {
        ctx.console.write(b"nothing is loaded\n");
    }
    Ok(())
}
