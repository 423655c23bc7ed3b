//! Where the instructions of a load are: QEMU's trace of every instruction, by the firmware's symbols and lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use workloads::Workload;

use super::loads::{grouped, words};
use super::objects;
use super::rig::Rig;
use crate::board::Board;
use crate::lines::{self, Frame};
use crate::paths;

/// The function of the measuring firmware that loads.
const LOAD: &str = "load_from";
/// Rows of each table.
const ROWS: usize = 25;

/// The most expensive functions and lines of the load of `workload`, with 2,000 names exported.
///
/// # Errors
/// Something does not build or run.
pub fn of_load(board: &Board, workload: &Workload) -> Result<String> {
    let rig = Rig::new(board)?;
    let file = objects::build(board, workload)?;
    let length = fs::metadata(&file)
        .with_context(|| paths::shown(&file))?
        .len();
    let trace = file.with_extension("trace");
    rig.put(&file)?;
    let words = words(workload, 2000, "copied", &length.to_string());
    rig.run(&words, None, Some(&trace))?;
    let symbols = Symbols::read(board, &rig.firmware)?;
    let counts = executed(&trace, symbols.start_of(LOAD)?)?;
    fs::remove_file(&trace)?;
    let total: u64 = counts.values().sum();
    let mut text = format!(
        "\n### {} on {}: {} instructions\n",
        workload.name,
        board.name,
        grouped(total)
    );
    let by_function = counts
        .iter()
        .map(|(&address, &count)| (symbols.name_at(address).to_owned(), count));
    table(&mut text, "function, as linked", by_function)?;
    let addresses: Vec<u64> = counts.keys().copied().collect();
    let frames = lines::frames(board, &rig.firmware, &addresses)?;
    let written: Vec<&Frame> = frames.iter().filter_map(|frames| frames.first()).collect();
    let with_counts = || counts.values().copied().zip(&written);
    table(
        &mut text,
        "function, as written",
        with_counts().map(|(count, frame)| (frame.function.clone(), count)),
    )?;
    table(
        &mut text,
        "line",
        with_counts().map(|(count, frame)| (short(&frame.line), count)),
    )?;
    Ok(text)
}

/// How often each instruction was executed from the first arrival at `start` to the return from there.
fn executed(trace: &Path, start: u64) -> Result<BTreeMap<u64, u64>> {
    let file = File::open(trace).with_context(|| paths::shown(trace))?;
    let mut counts = BTreeMap::new();
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
            return Ok(counts);
        }
        if call.is_some() {
            *counts.entry(address).or_default() += 1;
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

/// A path's last four parts.
fn short(path: &str) -> String {
    let parts: Vec<_> = path.rsplit('/').take(4).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn table(text: &mut String, head: &str, counts: impl Iterator<Item = (String, u64)>) -> Result<()> {
    let mut sums = BTreeMap::<String, u64>::new();
    for (name, count) in counts {
        *sums.entry(name).or_default() += count;
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
    fn paths_are_cut_to_their_last_parts() {
        assert_eq!(
            short("/a/b/llext/src/load/mod.rs:12"),
            "llext/src/load/mod.rs:12"
        );
        assert_eq!(short("??:0"), "??:0");
    }
}
