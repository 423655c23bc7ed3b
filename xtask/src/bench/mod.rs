//! `cargo xtask bench`: what loading costs, in instructions and bytes, beside what a peer takes and what was set as limit.

mod loads;
mod objects;
mod peer;
mod plot;
mod profile;
mod protection;
mod rig;
mod shell;
mod sources;
mod svg;

pub use loads::keep_limits;
pub use plot::check as is_linear;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::board::Board;
use crate::paths;
use crate::size;
use crate::tools;

/// Nanoseconds of the board's time that one instruction takes.
const NANOSECONDS: u64 = 1 << 10;

/// Count the instructions of loads and of the shell's commands, and write bench/RESULTS.md
///
/// With --only, the loads of those workloads alone are measured, and nothing is written.
#[derive(Args)]
pub struct Bench {
    /// Only this workload, or `find` (repeatable)
    #[arg(long, value_name = "WORKLOAD")]
    only: Vec<String>,
    /// Only this board [default: all]
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
    /// Show which functions and lines the load's instructions are in
    #[arg(long, requires = "only")]
    profile: bool,
    /// Load from every kind of source; with --profile, from littlefs
    #[arg(long)]
    sources: bool,
    /// Only what memory protection costs
    #[arg(long, conflicts_with = "only")]
    protection: bool,
    /// Draw how the cost grows with sections, symbols and relocations, into bench/*.svg
    #[arg(long, conflicts_with = "only")]
    plot: bool,
}

impl Bench {
    /// Measures.
    ///
    /// # Errors
    /// Something does not build or run, or `bench/RESULTS.md` cannot be written.
    pub fn run(self) -> Result<ExitCode> {
        let root = paths::root();
        let boards = Board::chosen(root, self.board.as_deref())?;
        for board in &boards {
            tools::install(&tools::to_build(board))?;
            tools::install(&tools::to_run(board))?;
        }
        if self.profile {
            return self.profile(&boards);
        }
        if self.sources {
            for board in &boards {
                print!("{}", sources::table(board)?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if self.protection {
            for board in &boards {
                print!("{}", protection::table(board)?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if self.plot {
            plot::draw(&boards)?;
            return Ok(ExitCode::SUCCESS);
        }
        if !self.only.is_empty() {
            for board in &boards {
                print!("{}", loads::Report::measure(board, &self.only)?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if self.board.is_some() {
            bail!(
                "bench/RESULTS.md is of all boards: --board needs --only, --sources, --protection or --plot"
            );
        }
        let text = report(&boards)?;
        print!("{text}");
        let file = root.join("bench").join("RESULTS.md");
        fs::write(&file, text).with_context(|| paths::shown(&file))?;
        Ok(ExitCode::SUCCESS)
    }

    fn profile(&self, boards: &[Board]) -> Result<ExitCode> {
        let all = workloads::all();
        for board in boards {
            for name in &self.only {
                let Some(workload) = all.iter().find(|workload| workload.name == name) else {
                    bail!("no workload `{name}`");
                };
                print!("{}", profile::of_load(board, workload, self.sources)?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// All that `bench/RESULTS.md` holds.
fn report(boards: &[Board]) -> Result<String> {
    let mut text = HEAD.to_owned();
    for board in boards {
        text.push_str(&loads::Report::measure(board, &[])?.to_string());
    }
    text.push_str(SOURCES);
    for board in boards {
        text.push_str(&sources::table(board)?);
    }
    text.push_str(SHELL);
    text.push_str(&shell::table(boards)?);
    text.push_str(WIRE);
    text.push_str(PROTECTION);
    for board in boards {
        text.push_str(&protection::table(board)?);
    }
    text.push_str(SIZES);
    for board in boards {
        text.push_str(&format!("\n{}", size::measure(board)?));
    }
    text.push_str(LOADER);
    for board in boards {
        text.push_str(&format!("\n{}", size::loader::measure(board)?));
    }
    Ok(text)
}

const HEAD: &str = "\
# Figures

Made by `cargo xtask bench`. Instructions are those of the emulated CPU, by QEMU's `-icount shift=10`: exact, and the same in
every run.

## Loads

`bench/firmware` holds the loader and nothing else: the file lies in RAM, all of it is copied, the heap is `TlsfHeap`, and 250
or 2,000 names are exported. A figure counts only if the extension was then called and returned what its workload (bench/workloads)
should. The peer is Zephyr's loader (2025-26, -Os, logging off; \"newest\" searches builtins by halves, \"linear\" is that of its
releases up to 4.3) with the same files on the same board. The floor is a plain copy of the bytes, zeroing, and one store a relocation.
`held` and `peak` are bytes as requested of the heap; `beside regions` is what of `held` is not the extension's own bytes.
By hand: `cargo xtask bench --only many_relocs --board mps2-an385 [--profile]`.
";

const SOURCES: &str = "
## Other sources

The same loads, with 2,000 names: from memory that stays as it is (read-only sections without relocations stay in place), from
memory that is the loader's (all but zeroed sections stay and are patched), and from a littlefs volume, where `reads` are the
instructions that littlefs itself takes for what the loader asks of it, and the rest may be 1.5 times the load from memory.
A file of at most 1,320 bytes is read once and as a whole. Of a larger one, bytes are read more than once where several phases
need them, for the loader keeps no more of a file than four windows of 440 bytes: section headers are read to place sections, to
find relocation tables, and to fill sections; the types of relocations are looked at before memory is taken, and they are applied
after. A window that ends behind its table is read anew by whoever needs what lies there.
By hand: `cargo xtask bench --sources --board mps2-an385`.
";

const SHELL: &str = "
## The shell's commands

In instructions. The parts of a command that are counted are all that it does: reading the file from littlefs,
loading, constructors, `/gdb/hello.gdb`, and its output. By hand: `cargo xtask run --icount`, then
`uptime` and `time llext load /ext/hello.elf` at the prompt.

";

const WIRE: &str = "
## Files over the console

What of a line at 115,200 8N1 a file of 100,000 bytes gets, computed from the bytes on the wire: in the frames of machine mode, whose
sender has a window, and by YMODEM, where each block waits for its answer. An answer is late by what the adapter, the host and
the target take: 16 ms is what a USB adapter waits by default before it passes on a single byte. `sb` sends blocks of 128 bytes, `sb -k` of 1,024.
By hand: `cargo test -p llext-wire --test share -- --nocapture`, which also checks these figures.

| answer after | frames | YMODEM, 1,024 bytes | YMODEM, 128 bytes |
|---|--:|--:|--:|
| 0 ms | 98.5 % | 98.8 % | 95.2 % |
| 1 ms | 98.5 % | 97.7 % | 87.6 % |
| 16 ms | 98.3 % | 83.3 % | 40.0 % |
| 100 ms | 97.4 % | 45.7 % | 9.9 % |
";

const PROTECTION: &str = "
## Memory protection

What it costs: with it, in calls with `--no-protect`, and in a firmware that is built without the feature `protect`. In
instructions, of whole commands as above; visitor's function calls one of greeter, whose text has to be let execute first.
`heap` is what `llext heap` has in use after a load, in bytes: what alignment adds is within the regions, the rest is that regions
are blocks of their own, and where those come to lie. By hand: `cargo xtask bench --protection`.
";

const SIZES: &str = "
## Flash and static RAM

In bytes, by `cargo xtask size`. A function that the compiler inlined counts for the room that
called it.
";

const LOADER: &str = "
## The loader's code

In bytes, by `cargo xtask size`, from a program that calls all of the loader and holds nothing else. A piece that the
compiler inlined counts for the module that it was written in.
";
