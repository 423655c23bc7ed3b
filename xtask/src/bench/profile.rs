//! Where the instructions of a load are: QEMU's trace of every instruction, by the firmware's symbols and lines.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::slice;

use anyhow::{Context, Result, bail};
use workloads::Workload;

use super::loads::{grouped, words};
use super::objects;
use super::rig::{Rig, target};
use crate::board::Board;
use crate::lines::{self, Frame};
use crate::paths;

/// The functions of the measuring firmware that load and unload.
const MEASURED: [&str; 2] = ["load_from", "unload_from"];
/// The loader's sources.
const SOURCES: &str = "/llext/src/";
/// Head of a table: what has no line of the loader counts for the line that led there.
const WRITTEN: &str = "function of the loader, as written, with what it uses of libraries";
/// Rows of each table.
const ROWS: usize = 25;

/// The most expensive functions and lines of the load of `workload`, from littlefs if it is `stored` there, with 2,000 names
/// exported, and of its unload.
///
/// # Errors
/// Something does not build or run.
pub fn of_load(board: &Board, workload: &Workload, stored: bool) -> Result<String> {
    let rig = Rig::new(board)?;
    let file = objects::build(board, workload)?;
    let trace = file.with_extension("trace");
    if stored {
        let volume = rig.volume(slice::from_ref(&file))?;
        let words = words(workload, 2000, "littlefs", &target(&file));
        rig.run(&words, Some(&volume), Some(&trace))?;
    } else {
        let length = fs::metadata(&file)
            .with_context(|| paths::shown(&file))?
            .len();
        rig.put(&file)?;
        let words = words(workload, 2000, "copied", &length.to_string());
        rig.run(&words, None, Some(&trace))?;
    }
    let symbols = Symbols::read(board, &rig.firmware)?;
    let mut text = String::new();
    for function in MEASURED {
        let executed = executed(&trace, symbols.start_of(function)?)?;
        writeln!(
            text,
            "\n### {}, {function}, on {}: {} instructions",
            workload.name,
            board.name,
            grouped(executed.len() as u64)
        )?;
        tables(&mut text, board, &rig.firmware, &symbols, &executed)?;
    }
    fs::remove_file(&trace)?;
    Ok(text)
}

/// The commonest functions and lines of the instructions `executed`.
fn tables(
    text: &mut String,
    board: &Board,
    firmware: &Path,
    symbols: &Symbols,
    executed: &[u64],
) -> Result<()> {
    let mut addresses = executed.to_vec();
    addresses.sort_unstable();
    addresses.dedup();
    let frames = lines::frames(board, firmware, &addresses)?;
    let places: BTreeMap<u64, Option<Frame>> = addresses
        .into_iter()
        .zip(frames.into_iter().map(of_loader))
        .collect();
    let linked = executed.iter().map(|&address| symbols.name_at(address));
    table(text, "function, as linked", linked)?;
    let mut last = None;
    let written: Vec<Option<&Frame>> = executed
        .iter()
        .map(|address| {
            last = places.get(address).and_then(Option::as_ref).or(last);
            last
        })
        .collect();
    let function =
        |frame: &Option<&'_ Frame>| frame.map_or("?", |frame| &frame.function).to_owned();
    table(text, WRITTEN, written.iter().map(function))?;
    let line = |frame: &Option<&'_ Frame>| frame.map_or("?", |frame| short(&frame.line)).to_owned();
    table(text, "line of it", written.iter().map(line))
}

/// The innermost of `frames` that the loader's own sources have.
fn of_loader(frames: Vec<Frame>) -> Option<Frame> {
    frames
        .into_iter()
        .find(|frame| frame.line.contains(SOURCES))
}

/// The instructions that were executed from the first arrival at `start` to the return from there.
fn executed(trace: &Path, start: u64) -> Result<Vec<u64>> {
    let file = File::open(trace).with_context(|| paths::shown(trace))?;
    let mut executed = Vec::new();
    let mut previous = 0;
    let mut call = None;
    for line in BufReader::new(file).lines() {
        let Some(address) = address(&line?) else {
            continue;
        };
        if call.is_none() && address == start {
            call = Some(previous);
        } else if let Some(call) = call
            && (address == call + 2 || address == call + 4)
        {
            return Ok(executed);
        }
        if call.is_some() {
            executed.push(address);
        }
        previous = address;
    }
    bail!("{}: no whole load is in it", paths::shown(trace))
}

/// `Trace 0: 0x7f… [00000000/0040010c/00000000/ff000000] name`: the second field.
fn address(line: &str) -> Option<u64> {
    let fields = line.strip_prefix("Trace ")?.split_once('[')?.1;
    u64::from_str_radix(fields.split('/').nth(1)?, 16).ok()
}

/// Functions of a firmware, by address.
struct Symbols(BTreeMap<u64, String>);

impl Symbols {
    fn read(board: &Board, firmware: &Path) -> Result<Symbols> {
        let output = Command::new(board.cross("nm"))
            .args(["--demangle", "--defined-only"])
            .arg(firmware)
            .output()?;
        let function = |line: &str| {
            let (address, rest) = line.split_once(' ')?;
            let (kind, name) = rest.split_once(' ')?;
            let is_function = ["t", "T", "w", "W"].contains(&kind) && !name.starts_with('$');
            is_function.then_some(())?;
            // Bit 0 is the Thumb state.
            Some((u64::from_str_radix(address, 16).ok()? & !1, name.to_owned()))
        };
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(Symbols(text.lines().filter_map(function).collect()))
    }

    fn start_of(&self, function: &str) -> Result<u64> {
        let has_name = |name: &str| name.split("::").any(|part| part == function);
        self.0
            .iter()
            .find_map(|(address, name)| has_name(name).then_some(*address))
            .with_context(|| format!("the firmware has no function {function}"))
    }

    fn name_at(&self, address: u64) -> &str {
        self.0
            .range(..=address)
            .next_back()
            .map_or("?", |(_, name)| name)
    }
}

/// A path within the loader's sources.
fn short(path: &str) -> &str {
    path.split_once(SOURCES).map_or(path, |(_, rest)| rest)
}

/// The commonest of `places`.
fn table<T: Ord + Display>(
    text: &mut String,
    head: &str,
    places: impl Iterator<Item = T>,
) -> Result<()> {
    let mut sums = BTreeMap::<T, u64>::new();
    for place in places {
        *sums.entry(place).or_default() += 1;
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    writeln!(text, "\n| instructions | {head} |\n|--:|---|")?;
    for (name, count) in rows.into_iter().take(ROWS) {
        writeln!(text, "| {} | {name} |", grouped(count))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_trace_has_an_address() {
        let line = "Trace 0: 0x7f6f80000100 [00000000/0040010c/00000000/ff000000] main";
        assert_eq!(address(line), Some(0x40_010c));
        assert_eq!(address("Linking TBs"), None);
    }

    #[test]
    fn paths_are_cut_to_the_loaders_own() {
        assert_eq!(short("/a/b/llext/src/load/mod.rs:12"), "load/mod.rs:12");
        assert_eq!(short("??:0"), "??:0");
    }
}
