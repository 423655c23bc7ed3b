//! `llext map`: a picture of the target's memory.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use llext_tools::client::{Client, Error, Quiet, Record};
use llext_tools::picture::{self, Area, Block, Extension, Heap, Memory, Region};

use super::World;
use super::push::quoted;

/// Show the target's memory: what lies where, extensions and their regions, what is free
#[derive(Args)]
pub struct Map {
    /// Draw it to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Map {
    /// Shows it.
    ///
    /// # Errors
    /// The target does not answer, or the file cannot be written.
    pub fn run(self, world: &World) -> Result<ExitCode> {
        let mut client = world.target.enter()?;
        let memory = ask(&mut client).map_err(|error| world.target.told(error))?;
        drop(client);
        match self.svg {
            Some(file) => {
                fs::write(&file, picture::svg(&memory))
                    .with_context(|| file.display().to_string())?;
                println!("{}", file.display());
            }
            None => print!("{}", picture::text(&memory)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks for all of it.
fn ask(client: &mut Client) -> Result<Memory, Error> {
    let board = client.hello.get("board").unwrap_or("?").to_owned();
    let heap = client.request("llext heap", &mut Quiet)?.ok()?.records;
    let mut memory = Memory {
        board,
        ..Memory::default()
    };
    let mut names = Vec::new();
    for record in &heap {
        take(record, &mut memory);
        names.extend(record.get("extension").map(str::to_owned));
    }
    for name in names {
        let line = format!("llext info {}", quoted(&name));
        let info = client.request(&line, &mut Quiet)?.ok()?.records;
        let regions = info.iter().filter_map(|record| {
            Some(Region {
                kind: record.get("region")?.to_owned(),
                start: record.number("address")?,
                size: record.number("size")?,
            })
        });
        memory.extensions.push(Extension {
            regions: regions.collect(),
            name,
        });
    }
    Ok(memory)
}

/// Takes a record of `llext heap` in; blocks follow their heap.
fn take(record: &Record, memory: &mut Memory) {
    let bounds = record.number("start").zip(record.number("end"));
    if let (Some(name), Some((start, end))) = (record.get("area"), bounds) {
        memory.areas.push(Area {
            name: name.to_owned(),
            start,
            end,
        });
    }
    if let (Some(name), Some((start, end))) = (record.get("heap"), bounds) {
        memory.heaps.push(Heap {
            name: name.to_owned(),
            start,
            end,
            blocks: Vec::new(),
        });
    }
    let block = record.get("block").zip(memory.heaps.last_mut());
    if let (Some((state, heap)), Some(start), Some(size)) =
        (block, record.number("address"), record.number("size"))
    {
        heap.blocks.push(Block {
            start,
            size,
            is_used: state == "used",
        });
    }
}
