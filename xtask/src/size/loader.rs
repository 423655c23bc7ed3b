//! The loader's code, by module: from `bench/firmware`'s program `loader`, which calls all of it and holds nothing else.
//!
//! Every two bytes of code are asked for where they were written: the innermost function of the loader's own that they are
//! part of says which module pays. What has no such function is the library's, or the program's own.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::{SHF_ALLOC, SHF_EXECINSTR, STT_FUNC};
use object::read::elf::{ElfFile32, FileHeader, SectionHeader, Sym};

use crate::board::{Board, Machine};
use crate::firmware;
use crate::lines::{self, Frame};
use crate::paths;

/// Bytes of code that the loader may have on ARM.
const LIMIT: u64 = 10 * 1024;
/// Above this the tests fail: a little more than it has today, for the limit does not hold yet.
const CEILING: u64 = 41_500;
/// The program.
const PROGRAM: &str = "loader";
/// Code comes in units of this many bytes on all boards.
const UNIT: u64 = 2;

/// Whose code it is. What counts comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// A module of the loader.
    Module(String),
    /// Pieces that the compiler found twice and shares.
    Shared,
    /// Apart from the loader: what a firmware may leave out, or has anyway.
    Apart(&'static str),
}

/// What the loader takes.
pub struct Report {
    board: String,
    limit: Option<u64>,
    rooms: BTreeMap<Room, u64>,
    /// Constants by module; the rest under the empty name.
    tables: BTreeMap<String, u64>,
}

/// Builds the program for `board` and measures it.
///
/// # Errors
/// It does not build, or is no ELF file of 32 bits.
pub fn measure(board: &Board) -> Result<Report> {
    let path = firmware::build_package(board, firmware::MEASURING, PROGRAM, &[])?;
    let data = fs::read(&path).with_context(|| paths::shown(&path))?;
    let elf = ElfFile32::<Endianness>::parse(&*data).with_context(|| paths::shown(&path))?;
    let code = symbols(&elf, true)?;
    let addresses: Vec<u64> = code
        .iter()
        .flat_map(|symbol| (symbol.address..symbol.address + symbol.size).step_by(UNIT as usize))
        .collect();
    let mut frames = lines::frames(board, &path, &addresses)?.into_iter();
    let mut rooms = BTreeMap::new();
    for symbol in &code {
        for _ in 0..symbol.size.div_ceil(UNIT) {
            let room = room(&symbol.name, &frames.next().unwrap_or_default());
            *rooms.entry(room).or_default() += UNIT;
        }
    }
    Ok(Report {
        board: board.name.clone(),
        limit: (board.config.machine == Machine::Arm).then_some(LIMIT),
        rooms,
        tables: tables(&elf)?,
    })
}

/// A function or a constant.
struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

/// The functions, or else the constants, each byte once.
fn symbols(elf: &ElfFile32<'_, Endianness>, code: bool) -> Result<Vec<Symbol>> {
    let endian: Endianness = elf.elf_header().endian()?;
    let sections = elf.elf_section_table();
    let table = elf.elf_symbol_table();
    let mut found = Vec::new();
    for symbol in table.iter() {
        let index = object::SectionIndex(symbol.st_shndx(endian).into());
        let Ok(section) = sections.section(index) else {
            continue;
        };
        let flags = section.sh_flags(endian);
        let is_constant =
            flags & SHF_ALLOC != 0 && flags & (SHF_EXECINSTR | object::elf::SHF_WRITE) == 0;
        let fits = if code {
            symbol.st_type() == STT_FUNC && flags & SHF_EXECINSTR != 0
        } else {
            is_constant
        };
        if !fits || symbol.st_size(endian) == 0 {
            continue;
        }
        let name = String::from_utf8_lossy(symbol.name(endian, table.strings())?);
        found.push(Symbol {
            // Bit 0 of a function's address is the Thumb state.
            address: u64::from(symbol.st_value(endian)) & !1,
            size: symbol.st_size(endian).into(),
            name: format!("{:#}", rustc_demangle::demangle(&name)),
        });
    }
    found.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
    let mut end = 0;
    found.retain(|symbol| {
        let is_new = symbol.address >= end;
        end = end.max(symbol.address + symbol.size);
        is_new
    });
    Ok(found)
}

/// Bytes of constants by module, without the interrupt vectors; what has no name of the loader's is under the empty name.
fn tables(elf: &ElfFile32<'_, Endianness>) -> Result<BTreeMap<String, u64>> {
    let endian: Endianness = elf.elf_header().endian()?;
    let mut sizes = BTreeMap::new();
    let mut rest = 0;
    for section in elf.elf_section_table().iter() {
        let name = elf.elf_section_table().section_name(endian, section)?;
        if name == b".rodata" {
            rest += u64::from(section.sh_size(endian));
        }
    }
    for symbol in symbols(elf, false)? {
        if let Some((module, _)) = symbol
            .name
            .strip_prefix("llext::")
            .and_then(|name| name.split_once("::"))
        {
            rest = rest.saturating_sub(symbol.size);
            *sizes.entry(module.to_owned()).or_default() += symbol.size;
        }
    }
    sizes.insert(String::new(), rest);
    Ok(sizes)
}

/// The room of an instruction in the function `symbol`, which comes from `frames`.
fn room(symbol: &str, frames: &[Frame]) -> Room {
    if symbol.starts_with("OUTLINED_FUNCTION") {
        return Room::Shared;
    }
    for frame in frames {
        if let Some((_, file)) = frame.line.split_once("/llext/src/") {
            return module(file);
        }
        for (folder, room) in [("/rlsf-", "allocator"), ("/ufmt-", "message texts")] {
            if frame.line.contains(folder) {
                return Room::Apart(room);
            }
        }
    }
    let is_own = |frame: &Frame| frame.line.contains("/bench/firmware/");
    if symbol.starts_with("loader::") || frames.iter().any(is_own) {
        return Room::Apart("the program itself");
    }
    Room::Apart("Rust's core, C library, start-up")
}

/// The module of `load/plan.rs:12`.
fn module(file: &str) -> Room {
    let file = file.split(':').next().unwrap_or_default();
    match file {
        "memory/tlsf.rs" => return Room::Apart("allocator"),
        "memory/owned.rs" => return Room::Apart("malloc blocks"),
        "message.rs" | "text.rs" => return Room::Apart("message texts"),
        _ => {}
    }
    let first = file.split('/').next().unwrap_or_default();
    match first.trim_end_matches(".rs") {
        "debug" => Room::Apart("debug script"),
        "lib" => Room::Module("the API itself".to_owned()),
        module => Room::Module(module.to_owned()),
    }
}

impl Report {
    /// Bytes of the loader's own code.
    fn total(&self) -> u64 {
        let counts = |room: &Room| !matches!(room, Room::Apart(_));
        let counted = self.rooms.iter().filter(|(room, _)| counts(room));
        counted.map(|(_, size)| size).sum()
    }

    /// Compares with the ceiling, where there is a limit.
    ///
    /// # Errors
    /// It is exceeded.
    pub fn check(&self) -> Result<()> {
        match self.limit {
            Some(_) if self.total() > CEILING => bail!(
                "{}: the loader has {} bytes of code, at most {CEILING}",
                self.board,
                self.total()
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("{}: the loader", self.board);
        writeln!(
            f,
            "| {head:40} | {:>8} |\n|{:-<42}|{:->9}:|",
            "bytes", "", ""
        )?;
        let mut row = |name: &str, size: u64| writeln!(f, "| {name:40} | {size:>8} |");
        let mut apart = Vec::new();
        for (room, &size) in &self.rooms {
            match room {
                Room::Module(name) => row(name, size)?,
                Room::Shared => row("pieces shared by several", size)?,
                Room::Apart(name) => apart.push((format!("apart: {name}"), size)),
            }
        }
        row("code", self.total())?;
        if let Some(limit) = self.limit {
            row("at most", limit)?;
        }
        for (name, size) in apart {
            row(&name, size)?;
        }
        for (name, &size) in self.tables.iter().filter(|(name, _)| !name.is_empty()) {
            row(&format!("constants: {name}"), size)?;
        }
        let rest = self.tables.get("").copied().unwrap_or_default();
        row("constants: texts and unnamed", rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(lines: &[&str]) -> Vec<Frame> {
        let frame = |line: &&str| Frame {
            function: String::new(),
            line: (*line).to_owned(),
        };
        lines.iter().map(frame).collect()
    }

    #[test]
    fn the_innermost_module_of_the_loader_pays() {
        let inlined = frames(&[
            "/rust/library/core/src/num/mod.rs:5",
            "/p/llext/src/elf/claim.rs:7",
            "/p/llext/src/load/plan.rs:9",
        ]);
        assert_eq!(
            room("llext::load::load", &inlined),
            Room::Module("elf".to_owned())
        );
        assert_eq!(room("OUTLINED_FUNCTION_3", &inlined), Room::Shared);
        let memory = |file| room("x", &frames(&[file]));
        assert_eq!(
            memory("/p/llext/src/memory/tlsf.rs:1"),
            Room::Apart("allocator")
        );
        assert_eq!(
            memory("/p/llext/src/memory/region.rs:1"),
            Room::Module("memory".to_owned())
        );
        assert_eq!(
            memory("/p/llext/src/export.rs:1"),
            Room::Module("export".to_owned())
        );
        assert_eq!(
            memory("/c/rlsf-0.2.3/src/tlsf.rs:1"),
            Room::Apart("allocator")
        );
        assert_eq!(
            memory("??:0"),
            Room::Apart("Rust's core, C library, start-up")
        );
    }
}
