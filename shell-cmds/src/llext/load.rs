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
//! llext> llext load -
//! waiting for a sender of YMODEM, for a minute
//!
//! error: load: -: the host did not begin within a minute
//! hint: start the sender or receiver on the host: <...>
//! llext> llext load hello
//! error: load: /hello: no such file or directory
//! hint: did you mean /ext/hello.elf?
//! llext> llext load /motd.txt
//! error: load: /motd.txt: not an ELF file
//! hint: load the output of the compiler or of `ld -r`, not an archive or a raw binary
//! ```
//!
//! With `-` for a path, the file comes over the console, by YMODEM or in the frames of machine mode, and goes to no file system:
//! into memory of the extensions' heap, until it is loaded.

use super::{
    extent, gdb,
    linking::{self, Job, Received, Refused},
    outcome,
};
use crate::{
    Failed, Status,
    context::{Console, Context, Limits},
    nearest,
    parse::Parsed,
    table::{Action, Argument, Choice, Command},
    text::{Hex, end_record, fail, field, field_with, plural, print, record},
};
use llext::{ExtensionId, RegionKind, Report, Requirements};

/// The command.
pub const LOAD: Command = Command {
    name: "load",
    about: "Load an extension and run its constructors",
    arguments: &[Argument {
        name: "<PATH>",
        about: "ELF object to load, from the compiler or from ld -r; - receives it",
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
        linking::FORCE,
        outcome::NO_PROTECT,
    ],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, args: &Parsed<'_>) -> Status {
    let typed = args.needed(0);
    let name = args.choice("--name").flatten();
    let dry_run = args.choice("--dry-run").is_some();
    let force = linking::is_forced(args);
    let (mut received, path) = linking::fetch(ctx, "load", typed, name)?;
    let name = name.unwrap_or(path.stem());
    let job = Job::load(&path, &received, name, force);
    if dry_run {
        return rehearse(ctx, &job, received);
    }
    let id = linking::load(ctx, &job, &mut received)?;
    drop(received);
    start(ctx, id, name, outcome::limits(args))
}

/// Brings what was loaded to life, and tells what it is.
pub fn start(ctx: &mut Context<'_>, id: ExtensionId, name: &str, limits: Limits) -> Status {
    // The debugger knows first: its script is there before any of the extension's code runs.
    gdb::keep(ctx, id);
    linking::construct(ctx, "load", id, limits)?;
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
        super::record_loaded(ctx.console, ctx.llext, extension);
    }
    Ok(())
}

/// Tells what a load would need and lack.
fn rehearse(ctx: &mut Context<'_>, job: &Job<'_>, mut received: Received) -> Status {
    let name = job.name;
    let options = job.options();
    let llext = &*ctx.llext;
    let mut report = Missing {
        console: &mut *ctx.console,
        llext,
        undefined: 0,
        unsupported: 0,
    };
    let mut rehearsed = None;
    let opened = linking::open(ctx.files, job, &mut received, &mut |file| {
        rehearsed = Some(llext.dry_run(file, name, &options, &mut report));
    });
    let (undefined, unsupported) = (report.undefined, report.unsupported);
    opened.map_err(|error| linking::unreadable(ctx, job, error))?;
    match rehearsed {
        Some(Ok(needs)) => show(ctx, name, &needs),
        Some(Err(error)) => return Err(linking::refuse(ctx, job, &Refused { error, named: 0 })),
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
            job.path.as_str(),
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
        let known = &mut |each: &mut dyn FnMut(&str)| {
            llext.exports().iter().for_each(|(name, _)| each(name));
            llext
                .iter()
                .for_each(|extension| extension.exports().for_each(|(name, _)| each(name)));
        };
        nearest::remark(self.console, name, known);
        self.console.write(b"\n");
        field!(self.console, "undefined", name);
        field_with(self.console, "near", &mut |value| {
            let mut between = "";
            nearest::nearest(name, known, &mut |each| {
                print!(value, "{}{}", between, each);
                between = " ";
            });
        });
        end_record(self.console);
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
        record!(
            self.console,
            "unsupported": r_type,
            "section": section,
            "offset": Hex(offset, 1)
        );
    }
}

/// Prints what a load needs, in bytes, against what there is.
fn show(ctx: &mut Context<'_>, name: &str, needs: &Requirements) {
    field!(ctx.console, "needs", name);
    for (kind, bytes) in RegionKind::ALL.into_iter().zip(needs.regions) {
        print!(ctx.console, "{} {}\n", kind.name(), bytes);
        field!(ctx.console, kind.name(), bytes);
    }
    let stays = needs.held();
    let stats = ctx.llext.heap().stats();
    record!(
        ctx.console,
        "veneers": needs.veneers,
        "metadata": needs.metadata,
        "scratch": needs.scratch,
        "bytes": stays,
        "free": stats.free,
        "largest": stats.largest
    );
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
