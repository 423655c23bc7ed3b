//! `cat`: prints a file.
//!
//! ```text
//! llext> cat /motd.txt
//! Hello, world
//! llext> cat /motd
//! error: cat: /motd: no such file or directory
//! hint: did you mean motd.txt?
//! llext> cat /ext
//! error: cat: /ext: is a directory
//! ```

use super::{path, show};
use crate::{
    Status,
    context::{Console, Context},
    parse::Parsed,
    table::{Action, Argument, Command},
};

/// The command.
pub const CAT: Command = Command {
    name: "cat",
    about: "Print a file",
    arguments: &[Argument {
        name: "<PATH>",
        about: "File to print",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let path = path(ctx, "cat", args.needed(0))?;
    let mut print = |console: &mut dyn Console, _, bytes: &[u8]| console.write(bytes);
    show(ctx, "cat", &path, (0, usize::MAX), &mut print)?;
    ctx.console.fresh_line();
    Ok(())
}
