//! What memory protection costs: instructions, heap, flash.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::shell::Console;
use crate::board::Board;
use crate::firmware;
use crate::size;

/// Commands that are counted, and what must be loaded for them.
const CALLS: &[(&str, &[&str])] = &[
    ("llext call hello hello_world", &["hello"]),
    ("llext call visitor visit", &["greeter", "visitor"]),
];
const OPTION: &str = " --no-protect";
/// Examples whose memory is compared.
const EXAMPLES: &[&str] = &[
    "hello",
    "counter",
    "calc",
    "greeter",
    "lifecycle",
    "shapes",
    "rusty",
];

/// The tables of one board.
///
/// # Errors
/// Something does not build or run.
pub fn table(board: &Board) -> Result<String> {
    let without = firmware::build_without(board, "protect")?;
    let with = firmware::build(board)?;
    let mut text = format!("\n### {}\n\n", board.name);
    calls(&mut text, board, [&with, &without])?;
    heaps(&mut text, board, [&with, &without])?;
    sizes(&mut text, board, [&with, &without])?;
    Ok(text)
}

fn calls(text: &mut String, board: &Board, [with, without]: [&Path; 2]) -> Result<()> {
    text.push_str(
        "| instructions | protected | `--no-protect` | built without |\n|---|--:|--:|--:|\n",
    );
    for &(command, needs) in CALLS {
        let count = |firmware: &Path, option: &str| {
            let mut console = Console::start(board, firmware)?;
            for name in needs {
                console.run(&format!("llext load /ext/{name}.elf"))?;
            }
            let count = console.count(&format!("time {command}{option}"))?;
            console.end()?;
            anyhow::Ok(count)
        };
        let (on, off) = (count(with, "")?, count(without, "")?);
        // Without what it takes to read the option, which changes nothing where there is no protection.
        let reading = count(without, OPTION)?.saturating_sub(off);
        let lifted = count(with, OPTION)?.saturating_sub(reading);
        writeln!(text, "| `{command}` | {on} | {lifted} | {off} |")?;
    }
    Ok(())
}

fn heaps(text: &mut String, board: &Board, firmwares: [&Path; 2]) -> Result<()> {
    text.push_str("\n| bytes | regions | without | heap | without |\n|---|--:|--:|--:|--:|\n");
    let [with, without] = firmwares.map(|firmware| memory(board, firmware));
    for ((name, with), without) in EXAMPLES.iter().zip(with?).zip(without?) {
        let ([regions, heap], [bare, packed]) = (with, without);
        writeln!(text, "| {name} | {regions} | {bare} | {heap} | {packed} |")?;
    }
    Ok(())
}

/// Bytes of each example's regions, and of the heap.
fn memory(board: &Board, firmware: &Path) -> Result<Vec<[u64; 2]>> {
    let mut console = Console::start(board, firmware)?;
    let mut measure = |name: &&str| {
        let loaded = console.run(&format!("llext load /ext/{name}.elf"))?;
        let heap = console.run("llext heap")?;
        console.run("llext unload --all")?;
        let regions = before(&loaded, " bytes at").with_context(|| loaded.clone())?;
        let used = heap.lines().find_map(|line| line.strip_prefix("used "));
        Ok([regions, used.with_context(|| heap.clone())?.parse()?])
    };
    let figures = EXAMPLES.iter().map(&mut measure).collect::<Result<_>>();
    console.end()?;
    figures
}

/// The number before `text`.
fn before(line: &str, text: &str) -> Option<u64> {
    let (before, _) = line.split_once(text)?;
    before.rsplit(' ').next()?.parse().ok()
}

fn sizes(text: &mut String, board: &Board, [with, without]: [&Path; 2]) -> Result<()> {
    let [on, off] = [with, without].map(|elf| size::measure_elf(board, elf));
    let ([flash, ram], [bare_flash, bare_ram]) = (on?.totals(), off?.totals());
    text.push_str("\n| bytes of the firmware | with | built without |\n|---|--:|--:|\n");
    writeln!(text, "| flash | {flash} | {bare_flash} |")?;
    writeln!(text, "| static RAM | {ram} | {bare_ram} |")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_regions_are_read() {
        let line = "llext load /ext/x.elf\nloaded x: 2 regions, 104 bytes at 0x218001c0\n";
        assert_eq!(before(line, " bytes at"), Some(104));
        assert_eq!(before("error: load: x: no", " bytes at"), None);
    }
}
