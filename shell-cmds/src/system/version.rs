//! `version`: which firmware this is.
//!
//! ```text
//! llext> version
//! llext-shell <...> on <...>
//! exports <hex>
//! ```
//!
//! The second line is the identity of what extensions may use ([`llext::AbiId`]).

use crate::{
    Status,
    context::Context,
    parse::Parsed,
    table::{Action, Command},
    text::{Hex, print},
};

/// The command.
pub const VERSION: Command = Command {
    name: "version",
    about: "Tell the firmware's version and its board",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

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
    Ok(())
}
