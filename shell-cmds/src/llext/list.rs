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

use super::extent;
use crate::{
    Run, Status,
    context::Context,
    text::{Hex, Left, Right, print},
};
use embedded_cli::Command;

/// `llext list`.
#[derive(Command)]
pub enum List {
    /// List what is loaded: name, bytes, address, file and users
    List,
}

impl Run for List {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let mut none = true;
        for extension in ctx.llext.iter() {
            none = false;
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
            ctx.console.write(b"\n");
        }
        if none {
            ctx.console.write(b"nothing is loaded\n");
        }
        Ok(())
    }
}
