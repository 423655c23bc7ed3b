//! What a firmware is without its groups of exports and other features: nothing of them may be linked.

use std::fs;

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSymbol};

use crate::board::Board;
use crate::firmware;
use crate::process;
use crate::toolchain;

/// Of each group or other part (a feature of the board's package) a part of a symbol that nothing else in the firmware needs.
const WITNESSES: &[(&str, &str)] = &[
    ("libc", "strtok_r"),
    ("kernel", "k_busy_wait"),
    ("heap", "operator_new"),
    ("compiler", "__popcountdi2"),
    ("gdb-jit", "__jit_debug_descriptor"),
    ("protect", "SplitHeap"),
    ("machine", "shell_cmds7machine"),
    ("transfer", "ymodem"),
];

/// Builds the firmware of `board` with all groups and with none, and looks for the groups' symbols.
///
/// # Errors
/// It does not build, or holds what it should not, or does not hold what it should.
pub fn check(board: &Board) -> Result<()> {
    let toolchain = toolchain::find(&board.config.triple)?;
    let mut bare = firmware::with_package(toolchain.cargo("build"), board, &board.name);
    process::run(bare.args(["--no-default-features", "--bin", &board.name]))?;
    for (group, symbol) in WITNESSES {
        if links(board, symbol)? {
            bail!(
                "{}: {symbol} is linked without the group {group}",
                board.name
            );
        }
    }
    // The firmware is the usual one again for whoever comes next.
    firmware::build(board)?;
    for (group, symbol) in WITNESSES {
        if !links(board, symbol)? {
            bail!(
                "{}: {symbol} is no witness of the group {group}",
                board.name
            );
        }
    }
    Ok(())
}

/// Whether the firmware that was built last has a symbol with this in its name.
fn links(board: &Board, symbol: &str) -> Result<bool> {
    let elf = firmware::elf(board);
    let file = fs::read(&elf).with_context(|| elf.display().to_string())?;
    let found = object::File::parse(&*file)?
        .symbols()
        .any(|candidate| candidate.name().is_ok_and(|name| name.contains(symbol)));
    Ok(found)
}
