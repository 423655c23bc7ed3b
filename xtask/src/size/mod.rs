//! `cargo xtask size`: how much flash and static RAM the firmware takes, by room.
//!
//! Read from the ELF's symbols: a Rust symbol begins with its crate's name, littlefs's C functions
//! with `lfs_`, and the other C functions come from the C library. Where the compiler inlined a
//! function, its bytes count for the room that called it. [`loader`] measures the loader's code by module.

pub mod loader;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use object::elf::{SHF_ALLOC, SHT_NOBITS, STT_SECTION};
use object::read::elf::{ElfFile32, FileHeader, SectionHeader, Sym};
use object::{Endianness, elf::FileHeader32};

use crate::board::{Board, Limits};
use crate::firmware;
use crate::paths;
use crate::tools;

/// Show the firmware's flash and static RAM by room, and check the board's limits
#[derive(Args)]
pub struct Size {
    /// Board to measure [default: all]
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
}

impl Size {
    /// Prints a table a board.
    ///
    /// # Errors
    /// The firmware does not build, or is larger than its limits.
    pub fn run(self) -> Result<ExitCode> {
        let root = paths::root();
        let boards = Board::chosen(root, self.board.as_deref())?;
        let mut reports = Vec::new();
        for board in &boards {
            tools::install(&tools::to_build(board))?;
            let report = measure(board)?;
            println!("{report}");
            let loader = loader::measure(board)?;
            println!("{loader}");
            reports.push((report, loader));
        }
        for (report, loader) in &reports {
            report.check()?;
            loader.check()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Rooms in the order of the table. `Reserved` is kept apart from the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    Loader,
    Shell,
    Littlefs,
    Firmware,
    Board,
    Libc,
    Core,
    Unnamed,
    Reserved,
}

impl Room {
    fn describe(self) -> &'static str {
        match self {
            Room::Loader => "loader",
            Room::Shell => "shell",
            Room::Littlefs => "littlefs",
            Room::Firmware => "firmware",
            Room::Board => "board",
            Room::Libc => "libc",
            Room::Core => "Rust's core",
            Room::Unnamed => "texts, tables, padding",
            Room::Reserved => "stack, heaps",
        }
    }

    fn is_apart(self) -> bool {
        self == Room::Reserved
    }
}

/// Bytes of flash and of static RAM.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    flash: u64,
    ram: u64,
}

/// What a firmware takes.
pub struct Report {
    board: String,
    limits: Option<Limits>,
    rooms: BTreeMap<Room, Bytes>,
}

/// Builds the firmware of `board` and measures it.
///
/// # Errors
/// It does not build, or is no ELF file of 32 bits.
pub fn measure(board: &Board) -> Result<Report> {
    measure_elf(board, &firmware::build(board)?)
}

/// Measures a firmware of `board`.
///
/// # Errors
/// It is no ELF file of 32 bits.
pub fn measure_elf(board: &Board, path: &Path) -> Result<Report> {
    let data = fs::read(path).with_context(|| paths::shown(path))?;
    let rooms = by_room(&data, &board.name).with_context(|| paths::shown(path))?;
    Ok(Report {
        board: board.name.clone(),
        limits: board.config.limits,
        rooms,
    })
}

fn by_room(data: &[u8], board: &str) -> Result<BTreeMap<Room, Bytes>> {
    let elf = ElfFile32::<Endianness>::parse(data)?;
    let endian = elf.endian();
    let mut rooms = BTreeMap::<Room, Bytes>::new();
    for (index, section) in elf.elf_section_table().enumerate() {
        if section.sh_flags(endian) & SHF_ALLOC == 0 {
            continue;
        }
        let kind = Kind::of(section, endian);
        if is_reserved(elf.elf_section_table().section_name(endian, section)?) {
            kind.add(&mut rooms, Room::Reserved, section.sh_size(endian).into());
            continue;
        }
        let mut rest = u64::from(section.sh_size(endian));
        let mut end = 0;
        for (address, size, name) in symbols(&elf, index.0)? {
            // Aliases share their bytes; the first one has them.
            if address < end {
                continue;
            }
            end = address + size;
            rest = rest.saturating_sub(size);
            kind.add(&mut rooms, room(name, board), size);
        }
        kind.add(&mut rooms, Room::Unnamed, rest);
    }
    Ok(rooms)
}

/// Whether a section of this name only keeps memory free.
fn is_reserved(name: &[u8]) -> bool {
    [b".stack".as_slice(), b".heap"].contains(&name)
}

/// Symbols with a size in section `index`: address, size, name; by address.
fn symbols<'a>(elf: &ElfFile32<'a, Endianness>, index: usize) -> Result<Vec<(u64, u64, &'a str)>> {
    let endian: Endianness = elf.elf_header().endian()?;
    let table = elf.elf_symbol_table();
    let mut found = Vec::new();
    for symbol in table.iter() {
        if usize::from(symbol.st_shndx(endian)) != index
            || symbol.st_size(endian) == 0
            || symbol.st_type() == STT_SECTION
        {
            continue;
        }
        let name = symbol.name(endian, table.strings())?;
        // Bit 0 of a function's address is the Thumb state.
        let address = u64::from(symbol.st_value(endian)) & !1;
        let name = std::str::from_utf8(name).unwrap_or_default();
        found.push((address, u64::from(symbol.st_size(endian)), name));
    }
    found.sort_by_key(|&(address, size, _)| (address, std::cmp::Reverse(size)));
    Ok(found)
}

/// What a section costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Flash.
    Constant,
    /// RAM, and flash for the first value.
    Initialised,
    /// RAM.
    Zeroed,
}

impl Kind {
    fn of(
        section: &<FileHeader32<Endianness> as FileHeader>::SectionHeader,
        endian: Endianness,
    ) -> Kind {
        if section.sh_type(endian) == SHT_NOBITS {
            Kind::Zeroed
        } else if section.sh_flags(endian) & object::elf::SHF_WRITE != 0 {
            Kind::Initialised
        } else {
            Kind::Constant
        }
    }

    fn add(self, rooms: &mut BTreeMap<Room, Bytes>, room: Room, size: u64) {
        let bytes = rooms.entry(room).or_default();
        if self != Kind::Zeroed {
            bytes.flash += size;
        }
        if self != Kind::Constant {
            bytes.ram += size;
        }
    }
}

/// What the firmware's own symbols begin with that assembly, C and debuggers know by name.
const OWN: [&str; 4] = ["exec_", "llext_", "LLEXT_", "__jit_debug_"];

/// The room that a symbol belongs to.
fn room(symbol: &str, board: &str) -> Room {
    let Ok(name) = rustc_demangle::try_demangle(symbol) else {
        let is_one_of =
            |prefixes: &[&str]| prefixes.iter().any(|prefix| symbol.starts_with(prefix));
        return if is_one_of(&["lfs_"]) {
            Room::Littlefs
        } else if is_one_of(&OWN) {
            Room::Firmware
        } else {
            Room::Libc
        };
    };
    let name = format!("{name:#}");
    // `<crate::Type as other::Trait>::method` belongs to the type's crate.
    let path = name.trim_start_matches(|c: char| !c.is_alphanumeric());
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    let crate_name = path.split("::").next().unwrap_or_default();
    match crate_name {
        "llext" | "rlsf" | "xmas_elf" | "zero" => Room::Loader,
        "llext_shell" if path.starts_with("llext_shell::console") => Room::Shell,
        "shell_cmds" | "noline" | "embedded_cli" | "ufmt" | "ufmt_write" | "heapless" => {
            Room::Shell
        }
        "littlefs2" | "littlefs2_core" | "littlefs2_sys" | "fs_image" => Room::Littlefs,
        "llext_shell" => Room::Firmware,
        "core" | "alloc" | "compiler_builtins" => Room::Core,
        name if name == board.replace('-', "_") => Room::Board,
        _ => Room::Firmware,
    }
}

impl Report {
    /// Bytes of flash and of static RAM.
    pub fn totals(&self) -> [u64; 2] {
        let Bytes { flash, ram } = self.total();
        [flash, ram]
    }

    fn total(&self) -> Bytes {
        let counted = self.rooms.iter().filter(|(room, _)| !room.is_apart());
        counted.fold(Bytes::default(), |sum, (_, bytes)| Bytes {
            flash: sum.flash + bytes.flash,
            ram: sum.ram + bytes.ram,
        })
    }

    /// Compares with the board's limits; with the ceiling, where there is one.
    ///
    /// # Errors
    /// One is exceeded.
    pub fn check(&self) -> Result<()> {
        let Some(limits) = self.limits else {
            return Ok(());
        };
        let total = self.total();
        for (what, has, limit) in [
            (
                "flash",
                total.flash,
                limits.flash_ceiling.unwrap_or(limits.flash),
            ),
            ("static RAM", total.ram, limits.ram),
        ] {
            if has > limit {
                bail!("{}: {has} bytes of {what}, at most {limit}", self.board);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:24} | {:>8} | {:>10} |",
            self.board, "flash", "static RAM"
        )?;
        writeln!(f, "|{:-<26}|{:->9}:|{:->11}:|", "", "", "")?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, bytes: &Bytes| {
            writeln!(f, "| {name:24} | {:>8} | {:>10} |", bytes.flash, bytes.ram)
        };
        for (room, bytes) in self.rooms.iter().filter(|(room, _)| !room.is_apart()) {
            row(f, room.describe(), bytes)?;
        }
        row(f, "total", &self.total())?;
        if let Some(limits) = self.limits {
            let limits = Bytes {
                flash: limits.flash,
                ram: limits.ram,
            };
            row(f, "at most", &limits)?;
        }
        for (room, bytes) in self.rooms.iter().filter(|(room, _)| room.is_apart()) {
            row(f, &format!("apart: {}", room.describe()), bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(symbol: &str) -> Room {
        room(symbol, "mps2-an385")
    }

    #[test]
    fn symbols_go_to_their_rooms() {
        assert_eq!(
            code("_ZN5llext4load4plan17h0123456789abcdefE"),
            Room::Loader
        );
        assert_eq!(
            code("_ZN11llext_shell7console4line17h0123456789abcdefE"),
            Room::Shell
        );
        assert_eq!(
            code("_ZN11llext_shell4exec17h0123456789abcdefE"),
            Room::Firmware
        );
        assert_eq!(code("LLEXT_LAST_FAULT"), Room::Firmware);
        assert_eq!(
            code("_ZN10mps2_an3854main17h0123456789abcdefE"),
            Room::Board
        );
        let method =
            "_ZN48_$LT$llext..Heap$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE";
        assert_eq!(code(method), Room::Loader);
        assert_eq!(code("lfs_dir_fetch"), Room::Littlefs);
        assert_eq!(code("vfprintf"), Room::Libc);
    }
}
