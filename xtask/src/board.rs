//! A board as the host sees it: the folder `boards/NAME` and its `board.toml`.
//!
//! Boards are found by folder, so a new one is a new folder and nothing else. The keys:
//!
//! ```toml
//! description = "…"      # one line for people
//! triple = "…"           # Rust target of the firmware
//! machine = "arm"        # "arm" or "riscv": the machine of the ELF extensions
//!
//! [c]                    # the C side: the firmware's linker, and the extensions' compiler
//! prefix = "…-"          # of the cross tools: <prefix>gcc, <prefix>ld, <prefix>objcopy …
//! flags = []             # CPU, ABI and C library, for everything that is compiled in C or C++
//! extension_flags = []   # more flags for extensions alone
//!
//! [link]
//! args = []              # the firmware's link, by <prefix>gcc
//!
//! [env]                  # optional: more environment for the firmware's build
//! NAME = "value"
//!
//! [qemu]
//! program = "…"          # the emulator
//! args = []              # machine, memory; without console, firmware and storage
//! cpus = []              # optional: values of -cpu, of which the emulator gets the first that it knows
//! memory = []            # optional: keeps the memory that RTT is in in a host file, {memory}; unless given, the image is that file
//! firmware = "-kernel"   # the option that the firmware's ELF follows; this one unless given
//! icount = "shift=10"    # how instructions are counted; so unless given
//!
//! [storage]
//! geometry = "…"         # a name of fs-image's table
//! args = []              # the emulator's arguments; {image} is the path of the image
//! size = 0               # bytes that the emulator needs the file to have, if more than the image
//!
//! [limits]               # optional: what the firmware may take, in bytes
//! flash = 0
//! ram = 0                # static RAM without stack and heaps
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fs_image::Geometry;
pub use llext_tools::build::Machine;
use llext_tools::build::{self, C, Link};
use serde::Deserialize;

/// A board: its folder's name and what its `board.toml` says.
#[derive(Debug)]
pub struct Board {
    /// Name of the folder under `boards/`, and of the firmware's package.
    pub name: String,
    /// The contents of `board.toml`.
    pub config: Config,
}

/// The contents of a `board.toml`; see the module's documentation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// One line for people.
    pub description: String,
    /// Rust target of the firmware.
    pub triple: String,
    /// The machine of the ELF extensions.
    pub machine: Machine,
    /// The C side.
    pub c: C,
    /// The firmware's link.
    pub link: Link,
    /// Environment of the firmware's build.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The emulator.
    pub qemu: Qemu,
    /// Where the file system lies.
    pub storage: Storage,
    /// What the firmware may take.
    pub limits: Option<Limits>,
}

/// What the firmware may take, in bytes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Code, constants and first values of data.
    pub flash: u64,
    /// The same where that limit does not hold yet: above this the tests fail.
    pub flash_ceiling: Option<u64>,
    /// Static RAM without stack and heaps.
    pub ram: u64,
}

/// The emulator of a board.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qemu {
    /// Name of the program.
    pub program: String,
    /// Machine and memory.
    pub args: Vec<String>,
    /// CPUs, of which the emulator gets the first that it knows: properties have other names in other versions.
    #[serde(default)]
    pub cpus: Vec<String>,
    /// The option that the firmware's ELF follows.
    #[serde(default = "Qemu::kernel")]
    pub firmware: String,
    /// What keeps the memory that RTT is in in a host file, of which `{memory}` is the path; none if the image is that.
    #[serde(default)]
    pub memory: Vec<String>,
    /// What puts a file where the firmware looks for those that it uses in place; `{file}` is its path.
    #[serde(default)]
    pub mapped: Vec<String>,
    /// How instructions are counted: each takes 2 to the power of `shift` nanoseconds.
    #[serde(default = "Qemu::icount")]
    pub icount: String,
}

/// Where a board's file system lies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Name of the geometry.
    pub geometry: String,
    /// Arguments of the emulator; `{image}` is the path of the image.
    pub args: Vec<String>,
    /// Bytes that the emulator needs the file to have, if more than the image has.
    #[serde(default)]
    pub size: u64,
}

impl Qemu {
    fn icount() -> String {
        "shift=10".to_owned()
    }

    fn kernel() -> String {
        "-kernel".to_owned()
    }
}

impl Board {
    /// Reads `boards/NAME/board.toml`.
    ///
    /// # Errors
    /// The board does not exist, or its `board.toml` is wrong; the message says where.
    pub fn load(root: &Path, name: &str) -> Result<Board> {
        let file = root.join("boards").join(name).join("board.toml");
        if !file.is_file() {
            let known = Board::names(root)?.join(", ");
            bail!("no board `{name}`: there are {known}");
        }
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let config: Config = toml::from_str(&text).with_context(|| file.display().to_string())?;
        if fs_image::geometry(&config.storage.geometry).is_none() {
            let known: Vec<_> = fs_image::GEOMETRIES.iter().map(|row| row.name).collect();
            bail!(
                "{}: no geometry `{}`: fs-image knows {}",
                file.display(),
                config.storage.geometry,
                known.join(", ")
            );
        }
        Ok(Board {
            name: name.to_owned(),
            config,
        })
    }

    /// Names of all boards, sorted.
    ///
    /// # Errors
    /// The folder `boards` cannot be read.
    pub fn names(root: &Path) -> Result<Vec<String>> {
        let dir = root.join("boards");
        let mut names = Vec::new();
        for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let entry = entry?;
            if entry.path().join("board.toml").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// All boards, by name.
    ///
    /// # Errors
    /// As [`Board::load`].
    pub fn all(root: &Path) -> Result<Vec<Board>> {
        Board::names(root)?
            .iter()
            .map(|name| Board::load(root, name))
            .collect()
    }

    /// The one that is named, or all.
    ///
    /// # Errors
    /// As [`Board::load`].
    pub fn chosen(root: &Path, name: Option<&str>) -> Result<Vec<Board>> {
        match name {
            Some(name) => Ok(vec![Board::load(root, name)?]),
            None => Board::all(root),
        }
    }

    /// The geometry of the board's file system.
    pub fn geometry(&self) -> &'static Geometry {
        // `load` has checked the name.
        fs_image::geometry(&self.config.storage.geometry).expect("a geometry of fs-image's table")
    }

    /// What extensions are compiled for.
    pub fn for_extensions(&self) -> build::Board {
        let config = &self.config;
        build::Board {
            name: self.name.clone(),
            description: config.description.clone(),
            triple: config.triple.clone(),
            machine: config.machine,
            c: config.c.clone(),
            link: config.link.clone(),
            env: config.env.clone(),
            abi: None,
        }
    }

    /// Path or name of a cross tool such as `gcc`.
    pub fn cross(&self, tool: &str) -> String {
        format!("{}{tool}", self.config.c.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in the repository")
    }

    #[test]
    fn every_board_of_the_repository_is_read() {
        let boards = Board::all(root()).expect("boards");
        assert!(boards.iter().any(|board| board.name == "mps2-an385"));
        assert!(boards.iter().any(|board| board.name == "rv32-virt"));
        for board in &boards {
            assert!(board.geometry().bytes() >= 4 << 20);
            assert!(
                board
                    .config
                    .storage
                    .args
                    .iter()
                    .any(|arg| arg.contains("{image}"))
            );
        }
    }

    #[test]
    fn an_unknown_board_is_refused_with_the_known_names() {
        let message = Board::load(root(), "toaster").unwrap_err().to_string();
        assert!(message.contains("no board `toaster`"));
        assert!(message.contains("mps2-an385"));
    }
}
