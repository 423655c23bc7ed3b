//! What every command that loads has in common: the file is linked, what hinders that is told, constructors run.

use super::outcome;
use crate::{
    Failed, Status,
    context::{Console, Context, FileError, Files, Limits},
    fs,
    parse::Parsed,
    path::Path,
    table::Choice,
    text::{fail, field, hint, print, record},
};
use llext::{
    ExtensionId, Llext, LoadError, LoadOptions, Report, Requirements, Source, StreamSource,
};

/// The option of what loads a file.
pub const FORCE: Choice = Choice {
    long: "--force",
    short: "-f",
    value: "",
    about: "Load it even if it was built for a firmware with other exports",
};

/// Whether it was typed.
pub fn is_forced(args: &Parsed<'_>) -> bool {
    args.choice(FORCE.long).is_some()
}

/// What is to be loaded.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The command, for error lines.
    pub what: &'static str,
    /// The file, or what is to be said of one that was received.
    pub path: &'a Path,
    /// It is not a file of the file system, but comes with the call.
    pub is_received: bool,
    /// What it is to be called.
    pub name: &'a str,
    /// Whether it may be for a firmware with other exports.
    pub force: bool,
    /// Whether it goes beside the extension that has this name.
    pub beside: bool,
}

impl<'a> Job<'a> {
    /// That of `llext load`.
    pub fn load(path: &'a Path, received: &Received, name: &'a str, force: bool) -> Self {
        Self {
            what: "load",
            path,
            is_received: received.is_some(),
            name,
            force,
            beside: false,
        }
    }

    /// How the loader is to do it.
    pub fn options(&self) -> LoadOptions<'a> {
        LoadOptions {
            // What came from no file has a name for GDB, and no path.
            origin: match self.is_received {
                true => self.path.name(),
                false => self.path.as_str(),
            },
            ignore_abi: self.force,
            keep_sections: true,
            ..LoadOptions::DEFAULT
        }
    }
}

/// A file that came over the console, in memory.
pub type Received = Option<StreamSource<'static>>;

/// What was typed for a file: its path, or `-` for one that comes over the console now, and is called so if its sender has no
/// name for it.
pub fn fetch(
    ctx: &mut Context<'_>,
    what: &str,
    typed: &str,
    name: Option<&str>,
) -> Result<(Received, Path), Failed> {
    #[cfg(feature = "transfer")]
    if typed.trim_start() == "-" {
        let (source, path) = crate::transfer::whole::receive(ctx, what, name)?;
        return Ok((Some(source), path));
    }
    let _ = name;
    Ok((None, fs::path(ctx, what, typed)?))
}

/// Opens the file while `body` runs.
pub fn open(
    files: &mut dyn Files,
    job: &Job<'_>,
    received: &mut Received,
    body: &mut dyn FnMut(&mut dyn Source),
) -> Result<(), FileError> {
    match received {
        Some(source) => body(source),
        None => files.read(job.path.as_str(), body)?,
    }
    Ok(())
}

/// The loader refused a file.
pub struct Refused {
    /// Why.
    pub error: LoadError,
    /// How many undefined symbols an error line has named, which is not ended yet; none: there is no such line.
    pub named: usize,
}

/// Links the file; no line of the extension has run after it. A name that is loaded is refused, unless it goes beside that: who
/// types it means a new file, and counted uses are for programs.
pub fn load(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
) -> Result<ExtensionId, Failed> {
    link(ctx, job, received)?.map_err(|refused| refuse(ctx, job, &refused))
}

/// The same, but what the loader refuses is not told yet. An outer error has been told.
pub fn link(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
) -> Result<Result<ExtensionId, Refused>, Failed> {
    let mut linked = None;
    let named = open_for(ctx, job, received, &mut |llext, file, report| {
        linked = Some(match llext.by_name(job.name) {
            Some(_) if !job.beside => Err(LoadError::NameTaken),
            _ => llext.load_beside(file, job.name, &job.options(), report),
        });
    })?;
    let linked = linked.ok_or(Failed)?;
    Ok(linked.map_err(|error| Refused { error, named }))
}

/// Finds out whether the file links in the place of what has its name, and what it needs then. Changes nothing.
pub fn rehearse(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
) -> Result<Requirements, Failed> {
    let mut needs = None;
    let named = open_for(ctx, job, received, &mut |llext, file, report| {
        needs = Some(llext.rehearse_beside(file, job.name, &job.options(), report));
    })?;
    let needs = needs.ok_or(Failed)?;
    needs.map_err(|error| refuse(ctx, job, &Refused { error, named }))
}

/// What is done with the loader and a file, and told of what is missing.
type Work<'w> = &'w mut dyn FnMut(&mut Llext<'static>, &mut dyn Source, &mut dyn Report);

/// Opens the file for the loader. Returns how many undefined symbols have been named; an error has been told.
fn open_for(
    ctx: &mut Context<'_>,
    job: &Job<'_>,
    received: &mut Received,
    work: Work<'_>,
) -> Result<usize, Failed> {
    let mut report = Undefined {
        console: &mut *ctx.console,
        job,
        count: 0,
    };
    let llext = &mut *ctx.llext;
    let opened = open(ctx.files, job, received, &mut |file| {
        work(llext, file, &mut report);
    });
    let named = report.count;
    opened.map_err(|error| unreadable(ctx, job, error))?;
    Ok(named)
}

/// Says that the file system refused the file: if it was an extension's name alone, where its file is.
pub fn unreadable(ctx: &mut Context<'_>, job: &Job<'_>, error: FileError) -> Failed {
    let (what, path) = (job.what, job.path);
    let file = in_ext(path).filter(|_| error == FileError::NotFound);
    match file.filter(|file| ctx.files.metadata(file.as_str()).is_ok()) {
        Some(file) => {
            fail!(ctx, what, "{}: {}", path.as_str(), error);
            hint!(ctx, "did you mean {}?", file.as_str());
            Failed
        }
        None => fs::refuse(ctx, what, path.as_str(), error),
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
    job: &'a Job<'a>,
    count: usize,
}

impl Report for Undefined<'_> {
    fn undefined(&mut self, name: &str) {
        match self.count {
            0 => print!(
                self.console,
                "error: {}: {}: undefined symbols: {}",
                self.job.what,
                self.job.path.as_str(),
                name
            ),
            _ => print!(self.console, ", {}", name),
        }
        record!(self.console, "undefined": name);
        self.count += 1;
    }
}

/// Says why the loader refused; undefined symbols have been named.
pub fn refuse(ctx: &mut Context<'_>, job: &Job<'_>, refused: &Refused) -> Failed {
    let (what, path, error) = (job.what, job.path.as_str(), &refused.error);
    match error {
        LoadError::Undefined(_) if refused.named > 0 => {
            ctx.console.write(b"\n");
            tell(ctx, job, error);
            hint!(
                ctx,
                "load what defines them first; `llext load {} --dry-run` lists the nearest names",
                path
            );
            return Failed;
        }
        _ if refused.named > 0 => {
            print!(ctx.console, "; {}\n", error);
            tell(ctx, job, error);
        }
        LoadError::NameTaken | LoadError::InvalidName => {
            fail!(ctx, what, "{}: {}", job.name, error);
        }
        _ => {
            fail!(ctx, what, "{}: {}", path, error);
        }
    }
    if job.beside && matches!(error, LoadError::OutOfMemory { .. }) {
        hint!(
            ctx,
            "there is no room for both: `llext reload {} --replace` unloads the old one first",
            job.name
        );
    } else if let Some(advice) = error.hint() {
        hint!(ctx, "{}", advice);
    }
    Failed
}

/// For machines, what an error line says that names undefined symbols: they are records.
fn tell(ctx: &mut Context<'_>, job: &Job<'_>, error: &LoadError) {
    field!(ctx.console, "what", job.what);
    field!(ctx.console, "error", "{}: {}", job.path.as_str(), *error);
}

/// Runs the constructors; where one does not return, the load is undone.
pub fn construct(ctx: &mut Context<'_>, what: &str, id: ExtensionId, limits: Limits) -> Status {
    run_constructors(ctx, what, id, limits).inspect_err(|_| {
        super::unload::undo(ctx, id);
        hint!(ctx, "the load is undone; destructors did not run");
    })
}

/// Runs the constructors, up to the first that does not return.
pub fn run_constructors(
    ctx: &mut Context<'_>,
    what: &str,
    id: ExtensionId,
    limits: Limits,
) -> Status {
    let mut place = 0;
    while let Some(function) = ctx
        .llext
        .by_id(id)
        .and_then(|extension| extension.init_functions().nth(place))
    {
        outcome::run(ctx, what, id, ("a constructor", function), limits)?;
        place += 1;
    }
    Ok(())
}
