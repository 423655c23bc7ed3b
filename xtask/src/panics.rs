//! No panic in the linked loader: `bench/firmware`'s program `loader` holds all of it and nothing that could panic beside it,
//! so its panic handler is linked only if the loader can get there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::board::Board;
use crate::firmware;
use crate::process;

/// The function that the program's panic handler calls.
const HANDLER: &str = "loader::panicked";
/// Parts of the names of what panics.
const PANICKING: [&str; 5] = [
    HANDLER,
    "core::panicking",
    "unwrap_failed",
    "expect_failed",
    "_fail",
];

/// Looks for panics in the loader as linked for `board`, and whether one that is there on purpose is found.
///
/// # Errors
/// There is a panic; the message names the functions that lead to it. Or the search finds none where one is.
pub fn check(board: &Board) -> Result<()> {
    let build =
        |flags: &[&str]| firmware::build_package(board, firmware::MEASURING, "loader", flags);
    if !is_linked(board, &build(&["--features", "panicking"])?)? {
        bail!(
            "{}: a panic that is there on purpose was not found",
            board.name
        );
    }
    let elf = build(&[])?;
    if is_linked(board, &elf)? {
        let callers = callers(board, &elf)?.into_iter().collect::<Vec<_>>();
        bail!(
            "{}: the loader can panic in: {}",
            board.name,
            callers.join(", ")
        );
    }
    Ok(())
}

fn is_linked(board: &Board, elf: &Path) -> Result<bool> {
    let mut nm = Command::new(board.cross("nm"));
    let names = process::output(nm.arg("--demangle").arg(elf))?;
    Ok(names.lines().any(is_panicking))
}

fn is_panicking(name: &str) -> bool {
    PANICKING.iter().any(|part| name.contains(part))
}

/// The functions that branch to something that panics.
fn callers(board: &Board, elf: &Path) -> Result<BTreeSet<String>> {
    let mut objdump = Command::new(board.cross("objdump"));
    let listing = process::output(objdump.args(["--disassemble", "--demangle"]).arg(elf))?;
    let mut function = "";
    let mut found = BTreeSet::new();
    for line in listing.lines() {
        // `00400010 <name>:` begins a function, `…  bl  400100 <name>` is in one.
        let Some(name) = line.split_once(" <").map(|(_, rest)| rest) else {
            continue;
        };
        if let Some(name) = name.strip_suffix(">:") {
            function = name;
        } else if is_panicking(name) && !is_panicking(function) {
            found.insert(function.to_owned());
        }
    }
    Ok(found)
}
