//! The workloads, compiled for a board.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use workloads::{EXPORT_HEADER, Workload};

use crate::board::{Board, Machine};
use crate::extensions;
use crate::paths;

/// As the peer's figures were taken.
const FLAGS: &str = "-Os -fno-pic -fno-pie -ffreestanding -fno-common -std=gnu11 -Wall";

/// Compiles `workload`, and returns the ELF file.
///
/// # Errors
/// The compiler fails, or a file cannot be written.
pub fn build(board: &Board, workload: &Workload) -> Result<PathBuf> {
    let dir = paths::target().join("bench").join(&board.name);
    fs::create_dir_all(&dir).with_context(|| paths::shown(&dir))?;
    let header = dir.join("llext_ext.h");
    write_if_new(&header, EXPORT_HEADER)?;
    let elf = dir.join(format!("{}.elf", workload.name));
    let mut objects = Vec::new();
    for unit in &workload.units {
        let source = dir.join(format!("{}.c", unit.name));
        write_if_new(&source, &unit.text)?;
        let object = match workload.units.len() {
            1 => elf.clone(),
            _ => source.with_extension("o"),
        };
        let mut compile = gcc(board);
        compile.args(FLAGS.split(' '));
        if board.config.machine == Machine::Arm {
            compile.arg("-mlong-calls");
        }
        if workload.sections {
            compile.args(["-ffunction-sections", "-fdata-sections"]);
        }
        compile.arg("-c").arg(&source).arg("-o").arg(&object);
        let inputs = || vec![source.clone(), header.clone()];
        extensions::run_if_stale(&mut compile, &inputs, &object)?;
        objects.push(object);
    }
    if objects.len() > 1 {
        let mut link = gcc(board);
        link.args(["-r", "-nostdlib"])
            .args(&objects)
            .arg("-o")
            .arg(&elf);
        extensions::run_if_stale(&mut link, &|| objects.clone(), &elf)?;
    }
    Ok(elf)
}

/// The compiler for the board's CPU, without the C library's settings: workloads have none.
fn gcc(board: &Board) -> Command {
    let c = &board.config.c;
    let mut command = Command::new(board.cross("gcc"));
    let cpu = c.flags.iter().filter(|flag| !flag.starts_with("--specs"));
    command.args(cpu).args(&c.extension_flags);
    command
}

fn write_if_new(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(file, text).with_context(|| paths::shown(file))
}
