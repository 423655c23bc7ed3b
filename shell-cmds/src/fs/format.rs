//! `fs format`: makes an empty file system.
//!
//! ```text
//! llext> fs format
//! error: fs format: would erase 2 entries of /, with all that they hold
//! hint: `fs format --yes` does it
//! llext> fs format --yes
//! formatted: <n> bytes free
//! llext> ls
//! ```

use super::refuse;
use crate::{
    Failed, Status,
    context::Context,
    parse::Parsed,
    table::{Action, Choice, Command},
    text::{fail, hint, plural, print},
};

/// The command.
pub const FORMAT: Command = Command {
    name: "format",
    about: "Erase all files and make an empty file system",
    arguments: &[],
    options: &[Choice {
        long: "--yes",
        short: "",
        value: "",
        about: "Do it: what is there now is lost",
    }],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let yes = args.choice("--yes").is_some();
    if !yes {
        return Err(ask(ctx));
    }
    let formatted = ctx.files.format().and_then(|()| ctx.files.usage());
    let usage = formatted.map_err(|error| refuse(ctx, "fs format", "/", error))?;
    print!(
        ctx.console,
        "formatted: {} bytes free\n",
        usage.free.saturating_mul(usage.block_size)
    );
    Ok(())
}

/// Says what would be lost.
fn ask(ctx: &mut Context<'_>) -> Failed {
    let mut entries = 0;
    match ctx.files.list("/", &mut |_, _| entries += 1) {
        Ok(()) => {
            let word = plural(entries, "entry", "entries");
            fail!(
                ctx,
                "fs format",
                "would erase {} {} of /, with all that they hold",
                entries,
                word
            );
        }
        Err(error) => {
            fail!(ctx, "fs format", "would erase what is there ({})", error);
        }
    }
    hint!(ctx, "`fs format --yes` does it");
    Failed
}
