//! `version`: which firmware this is.
//!
//! ```text
//! llext> version
//! llext-shell <...> on <...>
//! exports <hex>
//! memory protection <...>
//! features <...>
//! ```
//!
//! The second line is the identity of what extensions may use ([`llext::AbiId`]). The third one says whether all memory is
//! protected that a call must not write or execute (`full`), only what stays protected while the shell runs (`partial`: a RISC-V hart
//! without Smepmp), or none (`off`: the firmware is built without). The last one has the names of the Cargo features that the firmware
//! was built with.

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::{Hex, field, print},
};
use ufmt::{Formatter, uDisplay, uWrite};

/// The command.
pub const VERSION: Command = Command {
    name: "version",
    about: "Tell the firmware's version and its board",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

/// Names, with spaces between them.
struct Names(&'static [&'static str]);

impl uDisplay for Names {
    fn fmt<W: uWrite + ?Sized>(&self, out: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        for (index, name) in self.0.iter().enumerate() {
            out.write_str(if index > 0 { " " } else { "" })?;
            out.write_str(name)?;
        }
        Ok(())
    }
}

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    print!(
        ctx.console,
        "llext-shell {} on {}\n",
        env!("CARGO_PKG_VERSION"),
        ctx.system.board()
    );
    if let Some(abi) = ctx.llext.abi() {
        print!(ctx.console, "exports {}\n", Hex(abi.0 as usize, 8));
    }
    print!(
        ctx.console,
        "memory protection {}\n",
        ctx.system.protection()
    );
    print!(ctx.console, "features {}\n", Names(ctx.system.features()));
    field!(ctx.console, "version", env!("CARGO_PKG_VERSION"));
    field!(ctx.console, "board", ctx.system.board());
    if let Some(abi) = ctx.llext.abi() {
        field!(ctx.console, "abi", Hex(abi.0 as usize, 8));
    }
    field!(ctx.console, "protection", ctx.system.protection());
    field!(ctx.console, "features", Names(ctx.system.features()));
    Ok(())
}
