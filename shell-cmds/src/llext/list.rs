//! `llext list`: what is loaded, in the order of loading.

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
