//! Building ELF extensions: the examples, and the user's own.
//!
//! ```text
//! *.c *.cpp  →  objects  ┐
//!                        ├→  ld -r  →  NAME.elf (debug information, build-id)  →  stripped/NAME.elf
//! Cargo.toml →  lib*.a   ┘
//! ```
//!
//! GDB finds a copy of the second one by its build-id: see [`debug_files`].
//!
//! All of it goes to `target/ext/BOARD/`. Beside each output lies a stamp: the command line that made it, and when
//! each of its inputs was last changed. A step runs only if its stamp would be another.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::board::Board;
use crate::debug_files;
use crate::firmware;
use crate::paths;
use crate::process;
use crate::toolchain::Toolchain;

/// The flags that all extensions are compiled with; the format is explained in the file.
const FLAGS: &str = include_str!("../../sdk/flags.txt");

/// Symbol of `sdk/rust` from which the linker starts when it collects a Rust extension's dead code.
const RUST_ROOT: &str = "llext_sdk_root";

/// What tells the SDK the id of the exports that an extension is for.
const ABI_ID: &str = "LLEXT_ABI_ID";

/// An extension that has been built.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its name: `NAME` of `NAME.elf`.
    pub name: String,
    /// The file with debug information: GDB reads it.
    pub debug: PathBuf,
    /// The same without: goes to the target.
    pub packed: PathBuf,
}

/// Where a board's extensions are: the `.elf` files with debug information, and `stripped/`.
pub fn dir(board: &Board) -> PathBuf {
    paths::target().join("ext").join(&board.name)
}

/// Builds every folder of `examples/`, sorted by name.
///
/// # Errors
/// One cannot be built; the compiler has said why on stderr.
pub fn build_all(board: &Board) -> Result<Vec<Extension>> {
    children(&paths::root().join("examples"))?
        .iter()
        .filter(|path| path.is_dir())
        .map(|folder| build(board, None, &[folder], None, &[]))
        .collect()
}

/// Builds one extension from C and C++ files, from a folder of them, or from a folder with a `Cargo.toml`.
/// Without `name` it has that of the folder or of the first file. `flags` go to the compiler, or to cargo,
/// after all others. With an `abi` it is bound to firmware whose exports have that id.
///
/// # Errors
/// It cannot be built; the compiler has said why on stderr.
pub fn build(
    board: &Board,
    name: Option<&str>,
    sources: &[impl AsRef<Path>],
    abi: Option<u32>,
    flags: &[String],
) -> Result<Extension> {
    let Some(first) = sources.first() else {
        bail!("an extension needs a source file");
    };
    let first = absolute(first.as_ref())?;
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    let builder = Builder {
        board,
        name: name.unwrap_or(&stem),
        dir: dir(board),
        abi: abi.map(|id| format!("{id:#010x}")),
        flags,
    };
    let _alone = lock(&builder.dir)?;
    if first.join("Cargo.toml").is_file() {
        return builder.rust(&first);
    }
    let mut units = Vec::new();
    for source in sources {
        let source = absolute(source.as_ref())?;
        if source.is_dir() {
            let files = children(&source)?;
            units.extend(
                files
                    .into_iter()
                    .filter(|file| Language::of(file).is_some()),
            );
        } else {
            units.push(source);
        }
    }
    builder.c(&units)
}

/// Builds one extension.
struct Builder<'b> {
    board: &'b Board,
    name: &'b str,
    dir: PathBuf,
    abi: Option<String>,
    flags: &'b [String],
}

impl Builder<'_> {
    fn c(&self, units: &[PathBuf]) -> Result<Extension> {
        if units.is_empty() {
            bail!("{}: neither a Cargo.toml nor a .c or .cpp file", self.name);
        }
        let objects = units
            .iter()
            .enumerate()
            .map(|(number, unit)| self.compile(number, unit))
            .collect::<Result<Vec<_>>>()?;
        // picolibc.specs asks for a collection, which may not touch what a C file without EXPORT_SYMBOL defines.
        self.link(&objects, &["-Wl,--no-gc-sections"])
    }

    fn compile(&self, number: usize, unit: &Path) -> Result<PathBuf> {
        let language = Language::of(unit).with_context(|| {
            format!(
                "{}: an extension is made of .c and .cpp files",
                unit.display()
            )
        })?;
        let file_name = unit.file_name().unwrap_or_default().to_string_lossy();
        let object = self
            .dir
            .join("obj")
            .join(self.name)
            .join(format!("{number}-{file_name}.o"));
        let c = &self.board.config.c;
        let mut command = Command::new(self.board.cross(language.compiler()));
        command
            .args(&c.flags)
            .args(language.flags())
            .args(&c.extension_flags)
            .arg("-I")
            .arg(paths::root().join("sdk/include"))
            .args(self.abi.iter().map(|id| format!("-D{ABI_ID}={id}")))
            .args(self.flags)
            .args(["-MMD", "-c", "-o"])
            .args([&object, unit]);
        // The compiler itself says which headers it read.
        let dependencies = object.with_extension("d");
        let inputs = || [vec![unit.to_owned()], headers(&dependencies)].concat();
        run_if_stale(&mut command, &inputs, &object)?;
        Ok(object)
    }

    fn rust(&self, package: &Path) -> Result<Extension> {
        let release = firmware::elf(self.board).with_file_name("");
        let triple = &self.board.config.triple;
        let mut cargo = Toolchain::find(triple)?.cargo("build");
        // The firmware's folder and flags, so that `core` and `alloc` are compiled once for both.
        cargo
            .current_dir(package)
            .args(["--quiet", "--release", "--target", triple, "--target-dir"])
            .arg(firmware::target_dir())
            .envs(firmware::environment(self.board))
            .envs(self.abi.iter().map(|id| (ABI_ID, id)))
            .args(self.flags);
        process::run(&mut cargo)?;
        let library = release.join(format!("lib{}.a", package_name(package)?.replace('-', "_")));
        if !library.is_file() {
            bail!(
                "{}: cargo made no {}: crate-type = [\"staticlib\"]?",
                self.name,
                library.display()
            );
        }
        let collect = format!("-Wl,--gc-sections,-e,{RUST_ROOT},--whole-archive");
        self.link(&[library], &[&collect])
    }

    /// Joins objects into one relocatable file, and strips a copy of it.
    fn link(&self, objects: &[PathBuf], options: &[&str]) -> Result<Extension> {
        let extension = Extension {
            name: self.name.to_owned(),
            debug: self.dir.join(format!("{}.elf", self.name)),
            packed: self.dir.join("stripped").join(format!("{}.elf", self.name)),
        };
        let script = paths::root().join("sdk/extension.ld");
        let mut link = Command::new(self.board.cross("gcc"));
        link.args(&self.board.config.c.flags)
            .args(["-r", "-nostdlib", "-Wl,--build-id,-z,noexecstack", "-T"])
            .arg(&script)
            .args(options)
            .args(objects)
            .arg("-o")
            .arg(&extension.debug);
        let inputs = || [objects, std::slice::from_ref(&script)].concat();
        run_if_stale(&mut link, &inputs, &extension.debug)?;
        debug_files::keep(&extension.debug)?;

        // All symbols stay: the shell names static functions by them.
        let mut strip = Command::new(self.board.cross("objcopy"));
        strip
            .arg("--strip-debug")
            .args([&extension.debug, &extension.packed]);
        let inputs = || vec![extension.debug.clone()];
        run_if_stale(&mut strip, &inputs, &extension.packed)?;
        Ok(extension)
    }
}

/// The language of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    C,
    Cpp,
}

impl Language {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "c" => Some(Self::C),
            "cpp" | "cc" | "cxx" => Some(Self::Cpp),
            _ => None,
        }
    }

    fn compiler(self) -> &'static str {
        match self {
            Self::C => "gcc",
            Self::Cpp => "g++",
        }
    }

    /// Its flags of `sdk/flags.txt`.
    fn flags(self) -> impl Iterator<Item = &'static str> {
        FLAGS.lines().filter_map(move |line| {
            let mut words = line.split_whitespace();
            match words.next()? {
                "all" => words.next(),
                "c++" if self == Self::Cpp => words.next(),
                _ => None,
            }
        })
    }
}

/// The name in a package's `Cargo.toml`.
fn package_name(folder: &Path) -> Result<String> {
    let file = folder.join("Cargo.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let manifest: toml::Table = text.parse().with_context(|| file.display().to_string())?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name")?.as_str());
    Ok(name
        .with_context(|| format!("{}: no package.name", file.display()))?
        .to_owned())
}

/// An existing path, from the root of the file system: so debug information names it.
fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| path.display().to_string())
}

/// What lies in a folder, sorted.
fn children(folder: &Path) -> Result<Vec<PathBuf>> {
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

/// The files that a dependency file of gcc (`-MMD`) names; none if there is no such file yet.
fn headers(dependencies: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dependencies).unwrap_or_default();
    let Some((_object, files)) = text.split_once(": ") else {
        return Vec::new();
    };
    // A space within a name is written `\ `, a line is continued by `\` at its end.
    files
        .replace("\\\n", "\n")
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}

/// Runs `command`, which makes `output` of `inputs`, unless it has been run with just these.
///
/// # Errors
/// It fails, or its output's folder cannot be written.
pub fn run_if_stale(
    command: &mut Command,
    inputs: &dyn Fn() -> Vec<PathBuf>,
    output: &Path,
) -> Result<()> {
    let line = process::line(command);
    let mut stamp = output.as_os_str().to_owned();
    stamp.push(".stamp");
    let stamp = PathBuf::from(stamp);
    let made = fs::read_to_string(&stamp).unwrap_or_default();
    if output.is_file() && made == stamp_of(&line, &inputs()) {
        return Ok(());
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    process::run(command)?;
    fs::write(&stamp, stamp_of(&line, &inputs())).with_context(|| stamp.display().to_string())
}

/// A command line, and its inputs with the nanoseconds of their last change.
fn stamp_of(line: &str, inputs: &[PathBuf]) -> String {
    let mut stamp = format!("{line}\n");
    for input in inputs {
        let changed = fs::metadata(input)
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .map_or(0, |age| age.as_nanos());
        stamp += &format!("{changed} {}\n", input.display());
    }
    stamp
}

/// Waits until nobody else builds in `folder`, and keeps others away until the file is dropped.
fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    flock(&file, FlockOperation::LockExclusive).with_context(|| path.display().to_string())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_the_language() {
        assert!(Language::C.flags().all(|flag| flag.starts_with('-')));
        assert!(Language::C.flags().any(|flag| flag == "-g"));
        assert!(!Language::C.flags().any(|flag| flag == "-fno-rtti"));
        assert!(Language::Cpp.flags().any(|flag| flag == "-fno-rtti"));
    }

    #[test]
    fn dependency_files_are_read() {
        let folder = std::env::temp_dir().join(format!("llext-headers-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("a.d");
        fs::write(
            &file,
            "obj/a.o: /src/a.c \\\n /my\\ sdk/llext.h \\\n /src/b.h\n",
        )
        .expect("a file");
        let expected = ["/src/a.c", "/my sdk/llext.h", "/src/b.h"].map(PathBuf::from);
        assert_eq!(headers(&file), expected);
        assert_eq!(headers(&folder.join("none.d")), Vec::<PathBuf>::new());
        fs::remove_dir_all(&folder).expect("it was there");
    }
}
