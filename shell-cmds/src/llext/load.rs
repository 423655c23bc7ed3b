//! `llext load`: loads an extension from a file, and runs its constructors.
//!
//! ```text
//! llext> llext load /ext/hello.elf --dry-run
//! text <n>
//! rodata <n>
//! data <n>
//! bss <n>
//! veneers <n> (within text)
//! metadata <n>
//! scratch <n> (given back after the load)
//! hello needs <n> bytes, <n> while it is loaded; <n> are free, <n> of them in one block
//! llext> llext load /ext/hello.elf
//! loaded hello: 4 regions, <n> bytes at 0x2100<...>
//! llext> llext load /ext/hello.elf
//! error: load: hello: an extension of this name is loaded
//! hint: unload it first, or give the new one another name
//! llext> llext load /ext/hello.elf --name again
//! loaded again: 4 regions, <n> bytes at 0x2100<...>
//! llext> llext load /ext/orphan.elf
//! error: load: /ext/orphan.elf: undefined symbols: prinkt, play_tone
//! hint: load what defines them first; `llext load /ext/orphan.elf --dry-run` lists the nearest names
//! llext> llext load hello
//! error: load: /hello: no such file or directory
//! hint: did you mean /ext/hello.elf?
//! llext> llext load /motd.txt
//! error: load: /motd.txt: not an ELF file
//! hint: load the output of the compiler or of `ld -r`, not an archive or a raw binary
//! ```

use super::{extent, gdb, outcome};
use crate::{
    Failed, Status,
    context::{Console, Context, FileError, Limits},
    fs, nearest,
    parse::Parsed,
    path::Path,
    table::{Action, Argument, Choice, Command},
    text::{Hex, fail, hint, plural, print},
};
use llext::{Extension, ExtensionId, LoadError, LoadOptions, RegionKind, Report, Requirements};

/// The command.
pub const LOAD: Command = Command {
    name: "load",
    about: "Load an extension and run its constructors",
    arguments: &[Argument {
        name: "<PATH>",
        about: "ELF object to load, from the compiler or from ld -r",
    }],
    options: &[
        Choice {
            long: "--name",
            short: "-n",
            value: "<TEXT>",
            about: "Name to give it; that of the file unless given",
        },
        Choice {
            long: "--dry-run",
            short: "-d",
            value: "",
            about: "Change nothing; tell what it needs and lacks",
        },
        Choice {
            long: "--force",
            short: "-f",
            value: "",
            about: "Load it even if it was built for a firmware with other exports",
        },
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.needed(0);
    let name = args.choice("--name").flatten();
    let dry_run = args.choice("--dry-run").is_some();
    let force = args.choice("--force").is_some();
    let path = fs::path(ctx, "load", typed)?;
    let name = name.unwrap_or(path.stem());
    if dry_run {
        return rehearse(ctx, &path, name, force);
    }
    let id = load(ctx, &path, name, force)?;
    // The debugger knows first: its script is there before any of the extension's code runs.
    gdb::keep(ctx, id);
    construct(ctx, id, outcome::limits(args))?;
    if let Some(extension) = ctx.llext.by_id(id) {
        let (bytes, regions, address) = extent(extension);
        let word = plural(regions, "region", "regions");
        print!(
            ctx.console,
            "loaded {}: {} {}, {} bytes at {}\n",
            name,
            regions,
            word,
            bytes,
            Hex(address, 8)
        );
    }
    Ok(())
}

/// Loads; no line of the extension has run after it. A name that is loaded is refused: who types it means a new file,
/// and counted uses are for programs.
fn load(
    ctx: &mut Context<'_>,
    path: &Path,
    name: &str,
    force: bool,
) -> Result<ExtensionId, Failed> {
    let options = LoadOptions {
        origin: path.as_str(),
        ignore_abi: force,
        keep_sections: true,
        ..LoadOptions::DEFAULT
    };
    let mut report = Undefined {
        console: &mut *ctx.console,
        path: path.as_str(),
        count: 0,
    };
    let llext = &mut *ctx.llext;
    let mut loaded = None;
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        loaded = Some(match llext.by_name(name) {
            Some(_) => Err(LoadError::NameTaken),
            None => llext
                .load(file, name, &options, &mut report)
                .map(Extension::id),
        });
    });
    let undefined = report.count;
    opened.map_err(|error| unreadable(ctx, path, error))?;
    match loaded {
        Some(Ok(id)) => Ok(id),
        Some(Err(error)) => Err(refuse(ctx, path, name, &error, undefined)),
        None => Err(Failed),
    }
}

/// Says that the file system refused `path`: if it was an extension's name alone, where its file is.
fn unreadable(ctx: &mut Context<'_>, path: &Path, error: FileError) -> Failed {
    let file = in_ext(path).filter(|_| error == FileError::NotFound);
    match file.filter(|file| ctx.files.metadata(file.as_str()).is_ok()) {
        Some(file) => {
            fail!(ctx, "load", "{}: {}", path.as_str(), error);
            hint!(ctx, "did you mean {}?", file.as_str());
            Failed
        }
        None => fs::refuse(ctx, "load", path.as_str(), error),
    }
}

/// Where the extension lies that has the name of `path`: `/ext/hello.elf` for `/hello`.
fn in_ext(path: &Path) -> Option<Path> {
    let mut file = Path::new("/ext").ok()?;
    file.push(path.stem()).ok()?;
    file.extend(".elf").ok()?;
    Some(file)
}

/// Writes one line with all symbols that are defined nowhere, as the loader finds them.
struct Undefined<'a> {
    console: &'a mut dyn Console,
    path: &'a str,
    count: usize,
}

impl Report for Undefined<'_> {
    fn undefined(&mut self, name: &str) {
        match self.count {
            0 => print!(
                self.console,
                "error: load: {}: undefined symbols: {}", self.path, name
            ),
            _ => print!(self.console, ", {}", name),
        }
        self.count += 1;
    }
}

/// Says why the loader refused; the undefined symbols have been named.
fn refuse(
    ctx: &mut Context<'_>,
    path: &Path,
    name: &str,
    error: &LoadError,
    undefined: usize,
) -> Failed {
    let path = path.as_str();
    match error {
        LoadError::Undefined(_) if undefined > 0 => {
            ctx.console.write(b"\n");
            hint!(
                ctx,
                "load what defines them first; `llext load {} --dry-run` lists the nearest names",
                path
            );
            return Failed;
        }
        _ if undefined > 0 => print!(ctx.console, "; {}\n", error),
        LoadError::NameTaken | LoadError::InvalidName => {
            fail!(ctx, "load", "{}: {}", name, error);
        }
        _ => {
            fail!(ctx, "load", "{}: {}", path, error);
        }
    }
    if let Some(advice) = error.hint() {
        hint!(ctx, "{}", advice);
    }
    Failed
}

/// Runs the constructors; where one does not return, the load is undone.
fn construct(ctx: &mut Context<'_>, id: ExtensionId, limits: Limits) -> Status {
    let mut place = 0;
    while let Some(function) = ctx
        .llext
        .by_id(id)
        .and_then(|extension| extension.init_functions().nth(place))
    {
        if outcome::run(ctx, "load", id, ("a constructor", function), limits).is_err() {
            super::unload::undo(ctx, id);
            hint!(ctx, "the load is undone; destructors did not run");
            return Err(Failed);
        }
        place += 1;
    }
    Ok(())
}

/// Tells what a load would need and lack.
fn rehearse(ctx: &mut Context<'_>, path: &Path, name: &str, force: bool) -> Status {
    let options = LoadOptions {
        origin: path.as_str(),
        ignore_abi: force,
        keep_sections: true,
        ..LoadOptions::DEFAULT
    };
    let llext = &*ctx.llext;
    let mut report = Missing {
        console: &mut *ctx.console,
        llext,
        undefined: 0,
        unsupported: 0,
    };
    let mut rehearsed = None;
    let opened = ctx.files.read(path.as_str(), &mut |file| {
        rehearsed = Some(llext.dry_run(file, name, &options, &mut report));
    });
    let (undefined, unsupported) = (report.undefined, report.unsupported);
    opened.map_err(|error| unreadable(ctx, path, error))?;
    match rehearsed {
        Some(Ok(needs)) => show(ctx, name, &needs),
        Some(Err(error)) => return Err(refuse(ctx, path, name, &error, 0)),
        None => return Err(Failed),
    }
    if undefined + unsupported > 0 {
        let (symbols, relocations) = (
            plural(undefined, "symbol", "symbols"),
            plural(unsupported, "relocation", "relocations"),
        );
        return Err(fail!(
            ctx,
            "load",
            "{}: {} undefined {}, {} unsupported {}",
            path.as_str(),
            undefined,
            symbols,
            unsupported,
            relocations
        ));
    }
    Ok(())
}

/// Writes one line for each thing that is missing.
struct Missing<'a> {
    console: &'a mut dyn Console,
    llext: &'a llext::Llext<'static>,
    undefined: usize,
    unsupported: usize,
}

impl Report for Missing<'_> {
    fn undefined(&mut self, name: &str) {
        self.undefined += 1;
        print!(self.console, "undefined {}", name);
        let llext = self.llext;
        nearest::remark(self.console, name, &mut |each| {
            llext.exports().iter().for_each(|(name, _)| each(name));
            llext
                .iter()
                .for_each(|extension| extension.exports().for_each(|(name, _)| each(name)));
        });
        self.console.write(b"\n");
    }

    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) {
        self.unsupported += 1;
        print!(
            self.console,
            "unsupported relocation type {} at {}+{}\n",
            r_type,
            section,
            Hex(offset, 1)
        );
    }
}

/// Prints what a load needs, in bytes, against what there is.
fn show(ctx: &mut Context<'_>, name: &str, needs: &Requirements) {
    for (kind, bytes) in RegionKind::ALL.into_iter().zip(needs.regions) {
        print!(ctx.console, "{} {}\n", kind.name(), bytes);
    }
    let stays = needs.held();
    let stats = ctx.llext.heap().stats();
    print!(ctx.console, "veneers {} (within text)\n", needs.veneers);
    print!(ctx.console, "metadata {}\n", needs.metadata);
    print!(
        ctx.console,
        "scratch {} (given back after the load)\n", needs.scratch
    );
    print!(
        ctx.console,
        "{} needs {} bytes, {} while it is loaded; ",
        name,
        stays,
        stays + needs.scratch
    );
    print!(
        ctx.console,
        "{} are free, {} of them in one block\n", stats.free, stats.largest
    );
}
