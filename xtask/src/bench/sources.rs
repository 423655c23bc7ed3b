//! What the workloads' loads cost from other sources than memory that is copied.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use workloads::Workload;

use super::loads::{self, grouped, verdict};
use super::objects;
use super::rig::{Figures, Rig, target};
use crate::board::Board;
use crate::image::Image;

/// How many names the firmware exports.
const NAMES: usize = 2000;

/// A load from littlefs, where the reads are not counted, may take three halves of one from memory.
const LIMIT: (u64, u64) = (3, 2);

/// The loads of all workloads on `board`, as tables.
///
/// # Errors
/// One does not build or load, or returns a wrong value.
pub fn table(board: &Board) -> Result<String> {
    let rig = Rig::new(board)?;
    let all = workloads::all();
    let files = all
        .iter()
        .map(|workload| objects::build(board, workload))
        .collect::<Result<Vec<_>>>()?;
    let volume = rig.volume(&files)?;
    let mut places = format!(
        "\n### {}\n\n| load, instructions | copied | persistent | held | writable | held |\n|---|--:|--:|--:|--:|--:|\n",
        board.name
    );
    let mut stored = "\n| from littlefs | instructions | reads | the rest | times memory | holds | bytes of file | read more than once | at most | reads |\n\
                      |---|--:|--:|--:|--:|---|--:|--:|--:|--:|\n"
        .to_owned();
    for (workload, file) in all.iter().zip(&files) {
        let from = |kind| {
            loads::run(&rig, board, workload, NAMES, kind)
                .with_context(|| format!("{} {kind}", workload.name))
        };
        let [copied, persistent, writable] =
            [from("copied")?, from("persistent")?, from("writable")?];
        writeln!(
            places,
            "| {} | {} | {} | {} | {} | {} |",
            workload.name,
            grouped(copied.get("load")?),
            grouped(persistent.get("load")?),
            grouped(persistent.get("held")?),
            grouped(writable.get("load")?),
            grouped(writable.get("held")?),
        )?;
        let figures = from_littlefs(&rig, workload, &target(file), &volume)?;
        row(
            &mut stored,
            workload,
            &figures,
            copied.get("load")?,
            file.metadata()?.len(),
        )?;
    }
    Ok(places + &stored)
}

fn from_littlefs(
    rig: &Rig<'_>,
    workload: &Workload,
    path: &str,
    volume: &Image,
) -> Result<Figures> {
    let words = loads::words(workload, NAMES, "littlefs", path);
    let figures = rig.run(&words, Some(volume), None)?;
    loads::check(&figures, workload)?;
    Ok(figures)
}

/// A load from littlefs beside one from `memory`, both in instructions, of a file of `length` bytes.
fn row(
    text: &mut String,
    workload: &Workload,
    figures: &Figures,
    memory: u64,
    length: u64,
) -> Result<()> {
    let (all, reading) = (figures.get("load")?, figures.get("reading")?);
    let rest = all.saturating_sub(reading);
    writeln!(
        text,
        "| {} | {} | {} | {} | {:.2} | {} | {} | {} | {} times | {} |",
        workload.name,
        grouped(all),
        grouped(reading),
        grouped(rest),
        rest as f64 / memory as f64,
        verdict(rest * LIMIT.1 <= memory * LIMIT.0),
        grouped(length),
        grouped(figures.get("again")?),
        figures.get("most")?,
        grouped(figures.get("reads")?),
    )?;
    Ok(())
}
