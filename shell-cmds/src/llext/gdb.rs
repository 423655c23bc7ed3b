//! `llext gdb`: the GDB commands that load an extension's symbols.
//!
//! A prefix is the folder of the host where the files are; with it the text works in whatever folder GDB was started. It is
//! kept in `/gdb/prefix`, until another one is given; `--prefix .` is GDB's own folder.
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
//! llext> llext gdb --prefix /home/me/ext hello
//! add-symbol-file /home/me/ext/hello.elf<...> -s .text <hex><...>
//! llext> llext unload hello
//! unloaded hello: <n> bytes
//! llext> cat /gdb/hello.gdb
//! error: cat: /gdb/hello.gdb: no such file or directory
//! ```

use super::{file_name, unknown};
use crate::{
    Status,
    context::{Announced, Console, Contents, Context, FileError, Files},
    fs,
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Choice, Command},
    text::{end_record, field, field_with, plural, warning},
};
use llext::{Extension, ExtensionId, debug};
use ufmt::uWrite;

/// Where the scripts are kept.
const DIRECTORY: &str = "/gdb";
/// And the folder of the host where the files are.
const PREFIX: &str = "/gdb/prefix";

/// The command.
pub const GDB: Command = Command {
    name: "gdb",
    about: "Print the GDB commands that load an extension's symbols",
    arguments: &[Argument {
        name: "[NAME]",
        about: "Extension to print them for; all unless given",
    }],
    options: &[Choice {
        long: "--prefix",
        short: "-p",
        value: "<FOLDER>",
        about: "The host's folder with the files; kept",
    }],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let name = args.value(0);
    if let Some(name) = name
        && ctx.llext.by_name(name).is_none()
    {
        return Err(unknown(ctx, "gdb", name));
    }
    if let Some(prefix) = args.choice("--prefix").flatten() {
        set_prefix(ctx, prefix)?;
    }
    let prefix = Prefix::read(ctx.files);
    for extension in ctx
        .llext
        .iter()
        .filter(|extension| name.is_none_or(|name| name == extension.name()))
    {
        // The console takes everything.
        let _ = script(extension, &prefix, &mut |text| {
            ctx.console.write(text);
            Ok(())
        });
        field!(ctx.console, "name", extension.name());
        field_with(ctx.console, "script", &mut |value| {
            let _ = script(extension, &prefix, &mut |text| {
                value.write(text);
                Ok(())
            });
        });
        end_record(ctx.console);
    }
    Ok(())
}

/// The folder of the host where the files are.
struct Prefix {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Prefix {
    /// In bytes; a line has no room for more.
    const LONGEST: usize = 128;

    /// What is kept; nothing if there is no such file, or no such text in it.
    fn read(files: &mut dyn Files) -> Self {
        let mut prefix = Self {
            bytes: [0; Self::LONGEST],
            length: 0,
        };
        let _ = files.read(PREFIX, &mut |file| {
            let length = file.len();
            let place = prefix.bytes.get_mut(..length);
            if place.is_some_and(|place| file.read_at(0, place).is_ok()) {
                prefix.length = length;
            }
        });
        prefix
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Keeps `prefix` for all scripts, those of what is loaded too.
fn set_prefix(ctx: &mut Context<'_>, prefix: &str) -> Status {
    let prefix = match prefix {
        "." => "",
        _ => prefix.trim_end_matches('/'),
    };
    let kept = match prefix.len() > Prefix::LONGEST {
        true => Err(FileError::BadPath),
        false => make_directory(ctx.files).and_then(|()| {
            ctx.files
                .write(PREFIX, &mut |write| write(prefix.as_bytes()))
        }),
    };
    kept.map_err(|error| fs::refuse(ctx, "gdb", PREFIX, error))?;
    let prefix = Prefix::read(ctx.files);
    for extension in ctx.llext.iter() {
        keep_script(ctx.console, ctx.files, extension, &prefix);
    }
    Ok(())
}

/// Writes the script of `extension`. One function for console and files keeps one copy of its code.
fn script(extension: &Extension, prefix: &Prefix, out: Contents<'_>) -> Result<(), FileError> {
    struct Text<'a>(Contents<'a>);
    impl uWrite for Text<'_> {
        type Error = FileError;
        fn write_str(&mut self, text: &str) -> Result<(), FileError> {
            (self.0)(text.as_bytes())
        }
    }
    let (prefix, name) = (prefix.as_str(), file_name(extension));
    let join = if prefix.is_empty() { "" } else { "/" };
    debug::add_symbol_file(&mut Text(out), &[prefix, join, name], extension)
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
        Announced::Partly(sections) => warning!(
            ctx.console,
            "{} {} unknown to GDB; `llext gdb {}` names all",
            sections,
            plural(sections, "section is", "sections are"),
            extension.name()
        ),
        Announced::NoMemory => warning!(
            ctx.console,
            "no memory to tell GDB of {}; `llext gdb {}` does",
            extension.name(),
            extension.name()
        ),
    }
    keep_script_of(ctx, id);
}

/// Keeps the script of the extension `id`, in place of that of another of its name.
pub fn keep_script_of(ctx: &mut Context<'_>, id: ExtensionId) {
    let prefix = Prefix::read(ctx.files);
    if let Some(extension) = ctx.llext.by_id(id) {
        keep_script(ctx.console, ctx.files, extension, &prefix);
    }
}

fn make_directory(files: &mut dyn Files) -> Result<(), FileError> {
    match files.create_dir(DIRECTORY) {
        Err(FileError::Exists) => Ok(()),
        made => made,
    }
}

fn keep_script(
    console: &mut dyn Console,
    files: &mut dyn Files,
    extension: &Extension,
    prefix: &Prefix,
) {
    let kept = script_path(extension.name()).and_then(|path| {
        make_directory(files)?;
        files.write(path.as_str(), &mut |write| script(extension, prefix, write))
    });
    if let Err(error) = kept {
        warning!(
            console,
            "{}/{}.gdb was not written: {}",
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
