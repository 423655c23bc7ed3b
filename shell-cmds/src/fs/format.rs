//! `fs format`: makes an empty file system.
//!
//! ```text
//! llext> fs format
//! error: format: would erase 2 entries of /, with all that they hold
//! hint: `fs format --yes` does it
//! llext> fs format --yes
//! formatted: <n> bytes free
//! llext> ls
//! ```

use super::refuse;
use crate::{
    Failed, Run, Status,
    context::Context,
    text::{fail, hint, plural, print},
};
use embedded_cli::Command;

/// `fs format`.
#[derive(Command)]
pub enum Format {
    /// Erase all files and make an empty file system
    Format {
        /// Do it: what is there now is lost
        #[arg(long)]
        yes: bool,
    },
}

impl Run for Format {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Format { yes } = self;
        if !yes {
            return Err(ask(ctx));
        }
        let formatted = ctx.files.format().and_then(|()| ctx.files.usage());
        let usage = formatted.map_err(|error| refuse(ctx, "format", "/", error))?;
        print!(
            ctx.console,
            "formatted: {} bytes free\n",
            usage.free.saturating_mul(usage.block_size)
        );
        Ok(())
    }
}

/// Says what would be lost.
fn ask(ctx: &mut Context<'_>) -> Failed {
    let mut entries = 0;
    match ctx.files.list("/", &mut |_, _| entries += 1) {
        Ok(()) => {
            let word = plural(entries, "entry", "entries");
            fail!(
                ctx,
                "format",
                "would erase {} {} of /, with all that they hold",
                entries,
                word
            );
        }
        Err(error) => {
            fail!(ctx, "format", "would erase what is there ({})", error);
        }
    }
    hint!(ctx, "`fs format --yes` does it");
    Failed
}
