//! Every row of the tables against GNU ld.
//!
//! For each row a file is assembled with one section a case: the bytes of a template, a relocation
//! of the row's type (`.reloc`), and an absolute symbol of its own. GNU ld links it; the row is
//! applied to the same bytes with the same operands. Both must write the same, or both refuse.

mod cases;

use cases::{Case, cases};
use gnu_ld::image::Image;
use gnu_ld::tools::{self, Tools, fresh_folder};
use llext::machine::{self, Formula, Machine, Operands, Row};
use std::fmt::Write;

/// Address of the first case. Far from both ends, so that no distance wraps.
const BASE: usize = 0x4000_0000;
/// Bytes from one case to the next.
const PITCH: usize = 16;

/// Rows that GNU ld cannot judge, and why.
const NOT_COMPARED: [(&str, &str); 5] = [
    ("R_RISCV_ADD64", WIDE),
    ("R_RISCV_SUB64", WIDE),
    (
        "R_ARM_THM_ABS5",
        "GNU ld 2.40 adds the value to the whole instruction, whatever its field",
    ),
    ("R_RISCV_SET_ULEB128", "from binutils 2.41 on"),
    ("R_RISCV_SUB_ULEB128", "from binutils 2.41 on"),
];

const WIDE: &str = "class 32 counts in 32 bits, and extends the sign of what pairs make";

/// What thread-local symbols lie in.
const TLS_BLOCK: &str = ".section .tbss,\"awT\",%nobits\n.balign 8\ntls_block: .skip 0x20000\n";

#[test]
fn arm_rows_write_what_gnu_ld_writes() {
    compare_all(&machine::ARM, &tools::ARM);
}

#[test]
fn riscv_rows_write_what_gnu_ld_writes() {
    compare_all(&machine::RISCV32, &tools::RISCV32);
}

fn compare_all(machine: &Machine, tools: &Tools) {
    let mut failures = String::new();
    let mut compared = 0;
    for row in machine.rows.iter().filter(|row| !elsewhere(row)) {
        if let Some((_, reason)) = NOT_COMPARED.iter().find(|(name, _)| *name == row.name) {
            println!("{}: {reason}", row.name);
            continue;
        }
        let cases = cases(row, |number| BASE + number * PITCH);
        assert!(
            !cases.is_empty(),
            "{} has no cases: add a template to cases.rs",
            row.name
        );
        compared += cases.len();
        compare(row, &cases, tools, &mut failures);
    }
    println!("{}: {compared} comparisons", machine.name);
    assert!(failures.is_empty(), "{failures}");
}

/// Rows that this comparison has no operands for: those of linked files and of the GOT.
fn elsewhere(row: &Row) -> bool {
    let got = matches!(row.formula, Formula::OriginRel | Formula::SymOrigin);
    let tp = row.formula == Formula::TpRel && row.name.starts_with("R_RISCV");
    row.dynamic().is_some() || row.needs_stub_word() || got || tp || row.class().is_64()
}

/// What a case ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A refusal.
    Refused,
    /// A veneer of GNU ld's between the branch and its target.
    Veneer,
}

fn compare(row: &Row, cases: &[Case], tools: &Tools, failures: &mut String) {
    let theirs = link(row, cases, tools);
    let mut told = 0;
    for (number, (case, theirs)) in cases.iter().zip(theirs).enumerate() {
        let ours = apply(row, case, number, 0);
        let agree = match theirs {
            Outcome::Veneer => {
                // It assumes the usual bias of the branch and counts the Thumb bit, and so takes a
                // veneer up to 8 bytes early.
                [-8, 8]
                    .iter()
                    .any(|&more| apply(row, case, number, more) == Outcome::Refused)
            }
            _ => ours == theirs,
        };
        if !agree && told < 5 {
            told += 1;
            let _ = writeln!(
                failures,
                "{} {case:x?}:\n  ours   {ours:02x?}\n  GNU ld {theirs:02x?}",
                row.name
            );
        }
    }
}

/// Address of a case's place.
fn place(case: &Case, number: usize) -> usize {
    BASE + number * PITCH + case.lead
}

/// Applies the row to the case, its symbol moved by `more` bytes.
fn apply(row: &Row, case: &Case, number: usize, more: isize) -> Outcome {
    let mut bytes = case.template.to_vec();
    let p = place(case, number);
    let a = case.addend.unwrap_or_else(|| row.addend(&bytes));
    let s = case.symbol.wrapping_add_signed(more);
    let operands = Operands {
        s,
        a,
        p,
        t: usize::from(case.thumb),
        tp: thread_pointer(row),
        ..Operands::default()
    };
    let place = &mut bytes[case.skip..];
    let value = if row.completes_high_part() {
        pcrel_hi20().value(place, &operands)
    } else {
        row.value(place, &operands)
    };
    match row.put(place, value) {
        Ok(()) => Outcome::Bytes(place.to_vec()),
        Err(_) => Outcome::Refused,
    }
}

/// TP, where thread-local symbols count from the start of the block: ARM's points at two words in front of it
/// (AAELF32, "Thread-local storage").
fn thread_pointer(row: &Row) -> usize {
    let tcb_size = if row.name.starts_with("R_ARM") { 8 } else { 0 };
    0_usize.wrapping_sub(tcb_size)
}

/// The row whose value low parts put.
fn pcrel_hi20() -> &'static Row {
    machine::RISCV32.row(23).expect("R_RISCV_PCREL_HI20")
}

fn link(row: &Row, cases: &[Case], tools: &Tools) -> Vec<Outcome> {
    let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), row.name);
    let mut text = String::new();
    let mut symbols = String::from(TLS_BLOCK);
    let mut script = String::from("SECTIONS {\n");
    for (number, case) in cases.iter().enumerate() {
        case.assemble(row, number, &mut text);
        case.define(row, number, &mut symbols);
        let address = BASE + number * PITCH;
        let _ = writeln!(script, ".c{number} {address:#x} : {{ *(.c{number}) }}");
    }
    script.push_str("}\n");
    let objects = [("cases", text), ("symbols", symbols)]
        .map(|(name, text)| tools.assemble(&folder, name, &text));
    let linked = tools.link(&folder, "cases", &script, &objects);
    let image = Image::read(&linked.output);
    let outcome = |(number, case): (usize, &Case)| {
        if image.symbol(&format!("__t{number}_veneer")).is_some() {
            return Outcome::Veneer;
        }
        let refused = linked.errors.contains(&format!("`t{number}'"))
            || linked.errors.contains(&format!("(.c{number}+"));
        match image.section(&format!(".c{number}")) {
            Some((_, bytes)) if !refused => relocated(case, bytes),
            _ => Outcome::Refused,
        }
    };
    cases.iter().enumerate().map(outcome).collect()
}

/// The case's place in its linked section. A section that lost bytes to an alignment is a refusal.
fn relocated(case: &Case, section: &[u8]) -> Outcome {
    match section.get(case.lead + case.skip..case.lead + case.template.len()) {
        Some(bytes) => Outcome::Bytes(bytes.to_vec()),
        None => Outcome::Refused,
    }
}
