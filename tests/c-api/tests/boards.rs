//! The C program as a firmware of the boards, in QEMU: what passes on the host passes there, and nothing in it can panic.

use c_api::board::{ARM, Board, RISCV};
use std::path::Path;

fn passes(board: &Board) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(board.name);
    std::fs::create_dir_all(&folder).expect("a folder");
    board.extension("life", &["-fPIC", "-DSHARED"], &folder);
    board.shared("life", &folder);
    for name in ["life", "user", "orphan", "placed"] {
        board.extension(name, &[], &folder);
    }
    let program = folder.join("program");
    for line in board.program(&program).lines() {
        assert!(!line.contains("panic"), "{line}");
    }
    let folder = folder.to_str().expect("UTF-8");
    let parts = board.run(&program, &["list"]);
    assert!(parts.lines().count() > 5, "{parts}");
    for part in parts.lines() {
        assert_eq!(board.run(&program, &[part, folder]), "ok\n", "{part}");
    }
}

#[test]
fn every_part_passes_on_arm() {
    passes(&ARM);
}

#[test]
fn every_part_passes_on_riscv() {
    passes(&RISCV);
}
