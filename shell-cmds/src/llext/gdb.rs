//! `llext gdb`: the GDB commands that load an extension's symbols.
//!
//! The same text is in `/gdb/NAME.gdb` from before the extension's first instruction until it is unloaded. What a
//! restart left there, the next start removes.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext gdb hello
//! add-symbol-file hello.elf<...> -s .text <hex><...>
//! llext> cat /gdb/hello.gdb
//! add-symbol-file hello.elf<...> -s .text <hex><...>
//! llext> llext unload hello
//! unloaded hello: <n> bytes
//! llext> cat /gdb/hello.gdb
//! error: cat: /gdb/hello.gdb: no such file or directory
//! ```

use super::{file_name, unknown};
use crate::{
    Status,
    context::{Announced, Contents, Context, FileError, Files},
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Command},
    text::{plural, print},
};
use llext::{Extension, ExtensionId, debug};
use ufmt::uWrite;

/// Where the scripts are kept.
const DIRECTORY: &str = "/gdb";

/// The command.
pub const GDB: Command = Command {
    name: "gdb",
    about: "Print the GDB commands that load an extension's symbols",
    arguments: &[Argument {
        name: "[NAME]",
        about: "Extension to print them for; all unless given",
    }],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let name = args.value(0);
    if let Some(name) = name
        && ctx.llext.by_name(name).is_none()
    {
        return Err(unknown(ctx, "gdb", name));
    }
    for extension in ctx
        .llext
        .iter()
        .filter(|extension| name.is_none_or(|name| name == extension.name()))
    {
        // The console takes everything.
        let _ = script(extension, &mut |text| {
            ctx.console.write(text);
            Ok(())
        });
    }
    Ok(())
}

/// Writes the script of `extension`. One function for console and files keeps one copy of its code.
fn script(extension: &Extension, out: Contents<'_>) -> Result<(), FileError> {
    struct Text<'a>(Contents<'a>);
    impl uWrite for Text<'_> {
        type Error = FileError;
        fn write_str(&mut self, text: &str) -> Result<(), FileError> {
            (self.0)(text.as_bytes())
        }
    }
    debug::add_symbol_file(&mut Text(out), file_name(extension), extension)
}

/// `/gdb/NAME.gdb`.
fn script_path(name: &str) -> Result<Path, FileError> {
    let mut path = Path::new(DIRECTORY)?;
    path.push(name)?;
    path.extend(".gdb")?;
    Ok(path)
}

/// Removes all scripts. After a restart nothing is loaded: GDB must not be given what was true before.
pub fn forget_scripts(files: &mut dyn Files) {
    loop {
        let mut stale = None;
        // A file system without the directory has no scripts.
        let _ = files.list(DIRECTORY, &mut |name, _| {
            if let Some(name) = name.strip_suffix(".gdb")
                && stale.is_none()
            {
                stale = script_path(name).ok();
            }
        });
        match stale {
            Some(path) if files.remove(path.as_str()).is_ok() => {}
            _ => return,
        }
    }
}

/// Tells debuggers of an extension that has not run yet: by itself where the firmware can ([`System::announce`]), and by a
/// script that is kept as a file. Where that cannot be, the load goes on with a warning.
///
/// [`System::announce`]: crate::context::System::announce
pub fn keep(ctx: &mut Context<'_>, id: ExtensionId) {
    let Some(extension) = ctx.llext.by_id(id) else {
        return;
    };
    match ctx.system.announce(extension) {
        Announced::Nothing | Announced::Whole => {}
        Announced::Partly(sections) => print!(
            ctx.console,
            "warning: {} {} unknown to GDB; `llext gdb {}` names all\n",
            sections,
            plural(sections, "section is", "sections are"),
            extension.name()
        ),
        Announced::NoMemory => print!(
            ctx.console,
            "warning: no memory to tell GDB of {}; `llext gdb {}` does\n",
            extension.name(),
            extension.name()
        ),
    }
    let kept = script_path(extension.name()).and_then(|path| {
        match ctx.files.create_dir(DIRECTORY) {
            Ok(()) | Err(FileError::Exists) => {}
            Err(error) => return Err(error),
        }
        ctx.files
            .write(path.as_str(), &mut |write| script(extension, write))
    });
    if let Err(error) = kept {
        print!(
            ctx.console,
            "warning: {}/{}.gdb was not written: {}\n",
            DIRECTORY,
            extension.name(),
            error
        );
    }
}

/// Takes back what [`keep`] did for the extension `id` called `name`.
pub fn forget(ctx: &mut Context<'_>, id: ExtensionId, name: &str) {
    ctx.system.withdraw(id);
    // It may be gone already, or never have been written.
    let _ = script_path(name).and_then(|path| ctx.files.remove(path.as_str()));
}
