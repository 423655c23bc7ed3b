//! What loading the workloads costs.

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};
use workloads::Workload;

use super::objects;
use super::peer::{BESIDE_LIMIT, FIND_LIMIT, PEERS, Pair, Peer, UNLOAD_LIMIT};
use super::rig::{Figures, Rig};
use crate::board::{Board, Machine};
use crate::paths;

/// How many names the firmware exports.
const NAMES: [usize; 2] = [250, 2000];

/// What one board measured.
pub struct Report {
    board: String,
    /// Whether the limits and the peer's figures are for this board.
    comparable: bool,
    loads: Vec<Load>,
    finds: Vec<Find>,
}

/// The figures of a workload.
struct Load {
    name: &'static str,
    instructions: Pair,
    unload: u64,
    stack: u64,
    peak: u64,
    held: u64,
    regions: u64,
}

/// Looking names up: average, least and most.
struct Find {
    names: usize,
    found: [u64; 3],
    missed: [u64; 3],
}

impl Report {
    /// Measures the workloads `only`, or all, on `board`.
    ///
    /// # Errors
    /// One does not build or load, or returns a wrong value; or there is none of that name.
    pub fn measure(board: &Board, only: &[String]) -> Result<Report> {
        let rig = Rig::new(board)?;
        let all = workloads::all();
        for name in only {
            if name != "find" && !all.iter().any(|workload| workload.name == name) {
                bail!("no workload `{name}`");
            }
        }
        let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
        let mut report = Report {
            board: board.name.clone(),
            comparable: board.config.machine == Machine::Arm,
            loads: Vec::new(),
            finds: Vec::new(),
        };
        for workload in all.iter().filter(|workload| wanted(workload.name)) {
            let load = Load::measure(&rig, board, workload);
            report
                .loads
                .push(load.with_context(|| workload.name.to_owned())?);
        }
        if wanted("find") {
            for names in NAMES {
                report.finds.push(Find::measure(&rig, names)?);
            }
        }
        Ok(report)
    }
}

/// Whether the loads on `board` take no more than they should, if that is a board whose figures are compared.
///
/// # Errors
/// One takes more, or as [`Report::measure`].
pub fn keep_limits(board: &Board) -> Result<()> {
    if board.config.machine != Machine::Arm {
        return Ok(());
    }
    let report = Report::measure(board, &[])?;
    for load in &report.loads {
        let ceiling = load.peer().map_or(0, |peer| peer.ceiling);
        let [few, all] = load.instructions;
        if few.max(all) > ceiling {
            bail!(
                "a load of {} takes {} instructions, at most {ceiling}",
                load.name,
                few.max(all)
            );
        }
        if load.unload > UNLOAD_LIMIT {
            bail!(
                "an unload of {} takes {} instructions, at most {UNLOAD_LIMIT}",
                load.name,
                load.unload
            );
        }
        if load.beside() > BESIDE_LIMIT {
            bail!(
                "{} holds {} bytes beside its regions, at most {BESIDE_LIMIT}",
                load.name,
                load.beside()
            );
        }
    }
    match report.finds.iter().find(|find| find.found[0] > FIND_LIMIT) {
        Some(find) => bail!(
            "finding a name among {} takes {} instructions, at most {FIND_LIMIT}",
            find.names,
            find.found[0]
        ),
        None => Ok(()),
    }
}

/// The firmware's command line to load from a source of this kind.
pub fn words(workload: &Workload, names: usize, kind: &str, file: &str) -> Vec<String> {
    ["load", &names.to_string(), kind, file, workload.entry]
        .map(str::to_owned)
        .into()
}

/// Loads `workload` with so many names exported, from memory of this kind, and checks that it does what it should.
///
/// # Errors
/// It does not build or load, or returns a wrong value.
pub fn run(
    rig: &Rig<'_>,
    board: &Board,
    workload: &Workload,
    names: usize,
    kind: &str,
) -> Result<Figures> {
    let file = objects::build(board, workload)?;
    let length = fs::metadata(&file)
        .with_context(|| paths::shown(&file))?
        .len();
    rig.put(&file)?;
    let words = words(workload, names, kind, &length.to_string());
    let figures = rig.run(&words, None, None)?;
    check(&figures, workload)?;
    Ok(figures)
}

impl Load {
    fn measure(rig: &Rig<'_>, board: &Board, workload: &Workload) -> Result<Load> {
        let run = |names| run(rig, board, workload, names, "copied");
        let [few, all] = [run(NAMES[0])?, run(NAMES[1])?];
        Ok(Load {
            name: workload.name,
            instructions: [few.get("load")?, all.get("load")?],
            unload: all.get("unload")?,
            stack: all.get("stack")?,
            peak: all.get("peak")?,
            held: all.get("held")?,
            regions: all.get("regions")?,
        })
    }

    fn peer(&self) -> Option<&'static Peer> {
        PEERS.iter().find(|peer| peer.name == self.name)
    }

    /// Bytes that are held beside the regions.
    fn beside(&self) -> u64 {
        self.held.saturating_sub(self.regions)
    }

    fn holds(&self, peer: &Peer) -> bool {
        let in_limit = |(has, limit): (&u64, &u64)| has <= limit;
        self.instructions.iter().zip(&peer.limit).all(in_limit)
    }
}

/// Whether the extension did what it should, and everything went back.
///
/// # Errors
/// It did not.
pub fn check(figures: &Figures, workload: &Workload) -> Result<()> {
    let (got, expected) = match workload.entry {
        "hello_world" => (figures.get("greetings")?, 1),
        _ => (figures.get("returned")?, workload.expected.into()),
    };
    if got != expected {
        bail!("its entry returned {got}, not {expected}");
    }
    match figures.get("left")? {
        0 => Ok(()),
        left => bail!("{left} bytes are left on the heap"),
    }
}

impl Find {
    fn measure(rig: &Rig<'_>, names: usize) -> Result<Find> {
        // Any file will do.
        rig.put(&rig.firmware)?;
        let figures = rig.run(&["find".to_owned(), names.to_string()], None, None)?;
        let three = |name: &str| -> Result<[u64; 3]> {
            Ok([
                figures.get(name)?,
                figures.get(&format!("{name}_least"))?,
                figures.get(&format!("{name}_most"))?,
            ])
        };
        Ok(Find {
            names,
            found: three("found")?,
            missed: three("missed")?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n### {}\n", self.board)?;
        if !self.loads.is_empty() {
            self.instructions(f)?;
            self.memory(f)?;
        }
        if !self.finds.is_empty() {
            self.searches(f)?;
        }
        Ok(())
    }
}

impl Report {
    fn instructions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| load, instructions | 250 names | 2,000 names |")?;
        if self.comparable {
            write!(
                f,
                " at most | holds | Zephyr newest | Zephyr linear | floor |"
            )?;
        }
        write!(f, "\n|---|--:|--:|")?;
        if self.comparable {
            write!(f, "--:|---|--:|--:|--:|")?;
        }
        writeln!(f)?;
        for load in &self.loads {
            let [few, all] = load.instructions.map(grouped);
            write!(f, "| {} | {few} | {all} |", load.name)?;
            if let Some(peer) = load.peer().filter(|_| self.comparable) {
                write!(
                    f,
                    " {} | {} | {} | {} | {} |",
                    pair(peer.limit),
                    verdict(load.holds(peer)),
                    peer.newest.map_or("refused".to_owned(), pair),
                    peer.linear.map_or("refused".to_owned(), pair),
                    grouped(peer.floor)
                )?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| | unload, instructions | holds | stack in load | peak | held | beside regions | holds | Zephyr peak / held |"
        )?;
        writeln!(f, "|---|--:|---|--:|--:|--:|--:|---|--:|")?;
        for load in &self.loads {
            let beside = load.beside();
            let peer = load.peer().filter(|_| self.comparable);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                load.name,
                grouped(load.unload),
                verdict(load.unload <= UNLOAD_LIMIT),
                grouped(load.stack),
                grouped(load.peak),
                grouped(load.held),
                grouped(beside),
                verdict(beside <= BESIDE_LIMIT),
                peer.and_then(|peer| peer.heap)
                    .map_or("–".to_owned(), |[peak, held]| {
                        format!("{} / {}", grouped(peak), grouped(held))
                    }),
            )?;
        }
        Ok(())
    }

    fn searches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| find a name, instructions | found: average | least | most | missing: average | least | most | average holds |"
        )?;
        writeln!(f, "|---|--:|--:|--:|--:|--:|--:|---|")?;
        for find in &self.finds {
            write!(f, "| among {} |", grouped(find.names as u64))?;
            for value in find.found.iter().chain(&find.missed) {
                write!(f, " {} |", grouped(*value))?;
            }
            let [average, ..] = find.found;
            writeln!(f, " {} |", verdict(average <= FIND_LIMIT))?;
        }
        Ok(())
    }
}

/// Whether a limit holds, as a table says it.
pub fn verdict(holds: bool) -> &'static str {
    if holds { "yes" } else { "**no**" }
}

fn pair([few, all]: Pair) -> String {
    if few == all {
        return grouped(few);
    }
    format!("{} / {}", grouped(few), grouped(all))
}

/// 1234567 as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(pair([5, 5]), "5");
    }

    #[test]
    fn every_workload_has_its_peer() {
        for workload in workloads::all() {
            assert!(
                PEERS.iter().any(|peer| peer.name == workload.name),
                "{}",
                workload.name
            );
        }
    }
}
