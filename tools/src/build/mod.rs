//! Building ELF extensions: the examples, and the user's own.
//!
//! ```text
//! *.c *.cpp  →  objects  ┐
//!                        ├→  ld -r  →  NAME.elf (debug information, build-id)  →  stripped/NAME.elf
//! Cargo.toml →  lib*.a   ┘
//! ```
//!
//! GDB finds a copy of the second one by its build-id: see [`debug_files`]. Where all of it goes, and what it is made with, a
//! [`Site`] says. Only what has changed is made again ([`stamp`]).

mod board;
mod c;
pub mod debug_files;
pub mod exports;
mod rust;
mod site;
pub mod stamp;
pub mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use board::{Board, C, Link, Machine};
pub use c::Language;
pub use rust::environment;
pub use site::{Files, KIT, Site};

use crate::paths;

/// An extension that has been built.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its name: `NAME` of `NAME.elf`.
    pub name: String,
    /// The file with debug information: GDB reads it.
    pub debug: PathBuf,
    /// The same without: goes to the target.
    pub packed: PathBuf,
    /// What it held when it was built: another source of this name may have been built since.
    pub bytes: Vec<u8>,
    /// The files that it was made of, headers of the user's among them, and folders whose new files would belong to it.
    pub inputs: Vec<PathBuf>,
}

impl Extension {
    /// The name of an extension that is to be at `output`.
    pub fn name_at(output: Option<&Path>) -> Option<String> {
        let stem = output?.file_stem()?;
        Some(stem.to_string_lossy().into_owned())
    }

    /// Puts a copy to `output`, if that is said, and prints where the file for the target is.
    ///
    /// # Errors
    /// `output` cannot be written.
    pub fn deliver(self, output: Option<PathBuf>) -> Result<()> {
        let file = match output {
            Some(file) => {
                fs::write(&file, &self.bytes).with_context(|| file.display().to_string())?;
                file
            }
            None => self.packed,
        };
        println!("{}", paths::shown(&file));
        Ok(())
    }
}

/// What an extension is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recipe<'r> {
    /// Its name; without, that of the folder or of the first file.
    pub name: Option<&'r str>,
    /// The id of the exports of the only firmware that is to load it.
    pub abi: Option<u32>,
    /// For the compiler, or for cargo, after all other flags.
    pub flags: &'r [String],
}

/// Builds one extension from C and C++ files, from a folder of them, or from a folder with a `Cargo.toml`.
///
/// # Errors
/// It cannot be built; the compiler has said why on stderr.
pub fn build(site: &Site, sources: &[impl AsRef<Path>], recipe: &Recipe<'_>) -> Result<Extension> {
    let Some(first) = sources.first() else {
        bail!("an extension needs a source file");
    };
    let first = absolute(first.as_ref())?;
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    let builder = Builder {
        site,
        name: recipe.name.unwrap_or(&stem),
        abi: recipe.abi.map(|id| format!("{id:#010x}")),
        flags: recipe.flags,
    };
    let _alone = stamp::lock(&site.out)?;
    if let Some(package) = package_of(&first) {
        return builder.rust(package);
    }
    let mut units = Vec::new();
    let mut folders = Vec::new();
    for source in sources {
        let source = absolute(source.as_ref())?;
        if source.is_dir() {
            let files = children(&source)?.into_iter();
            units.extend(files.filter(|file| Language::of(file).is_some()));
            folders.push(source);
        } else {
            units.push(source);
        }
    }
    let mut extension = builder.c(&units)?;
    extension.inputs.extend(folders);
    Ok(extension)
}

/// The files and folders that such sources are: a build that succeeds names the headers, too. None of a source that is not there.
pub fn sources_of(sources: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    let files = |source: &Path| {
        let source = absolute(source)?;
        if let Some(package) = package_of(&source) {
            return rust::inputs(package);
        }
        let within = match source.is_dir() {
            true => children(&source)?,
            false => Vec::new(),
        };
        Ok([vec![source], within].concat())
    };
    let named =
        |source: &Path| files(source).unwrap_or_else(|_: anyhow::Error| vec![source.into()]);
    sources.iter().map(AsRef::as_ref).flat_map(named).collect()
}

/// The folder of the Rust package that `source` means: it itself, or its `Cargo.toml`.
fn package_of(source: &Path) -> Option<&Path> {
    match source.file_name()? {
        name if name == "Cargo.toml" => source.parent(),
        _ => source.join("Cargo.toml").is_file().then_some(source),
    }
}

/// Builds one extension.
struct Builder<'b> {
    site: &'b Site,
    name: &'b str,
    abi: Option<String>,
    flags: &'b [String],
}

impl Builder<'_> {
    /// Joins objects into one relocatable file, and strips a copy of it.
    fn link(&self, objects: &[PathBuf], options: &[&str]) -> Result<Extension> {
        let out = &self.site.out;
        let debug = out.join(format!("{}.elf", self.name));
        let script = &self.site.files.link_script;
        let mut link = Command::new(self.site.board.cross("gcc"));
        link.args(&self.site.board.c.flags)
            .args(["-r", "-nostdlib", "-Wl,--build-id,-z,noexecstack", "-T"])
            .arg(script)
            .args(options)
            .args(objects)
            .arg("-o")
            .arg(&debug);
        let inputs = || [objects, std::slice::from_ref(script)].concat();
        stamp::run_if_stale(&mut link, &inputs, &debug)?;
        debug_files::keep(&debug, &self.site.debug_files)?;

        // All symbols stay: the shell names static functions by them.
        let stripped = out.join("obj").join(self.name).join("stripped.elf");
        let mut strip = Command::new(self.site.board.cross("objcopy"));
        strip.arg("--strip-debug").args([&debug, &stripped]);
        let inputs = || vec![debug.clone()];
        stamp::run_if_stale(&mut strip, &inputs, &stripped)?;
        let bytes = fs::read(&stripped).with_context(|| stripped.display().to_string())?;
        let packed = out.join("stripped").join(format!("{}.elf", self.name));
        debug_files::replace(&packed, &bytes)?;
        Ok(Extension {
            name: self.name.to_owned(),
            debug,
            packed,
            bytes,
            inputs: Vec::new(),
        })
    }
}

/// An existing path, from the root of the file system: so debug information names it.
fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| path.display().to_string())
}

/// What lies in a folder, sorted.
///
/// # Errors
/// It cannot be read.
pub fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .with_context(|| folder.display().to_string())?;
    paths.sort();
    Ok(paths)
}
