//! Every row of the tables against the linkers.
//!
//! For each row a file is written with one place a case, a relocation of the row's type there, and a
//! symbol of its own. A linker links it; the row is applied to the same bytes with the same operands.
//! Both must write the same, or both refuse.

mod cases;
mod judged;
mod link;
mod templates;

use cases::{Case, cases};
use gnu_ld::tools::{self, Linker, Stops, Tools};
use judged::{elsewhere, judged, not_judged};
use link::{Outcome, World, link};
use llext::machine::{self, Machine, Row};
use std::fmt::Write;

/// A machine with its toolchain.
#[derive(Clone, Copy)]
pub struct Subject {
    machine: &'static Machine,
    tools: &'static Tools,
}

#[test]
fn arm_rows_write_what_linkers_write() {
    compare_all(&machine::ARM, &tools::ARM);
}

#[test]
fn arm_rows_with_both_states_write_what_linkers_write() {
    compare_all(&machine::ARM_A, &tools::ARM_A);
}

#[test]
fn aarch64_rows_write_what_linkers_write() {
    compare_all(&machine::AARCH64, &tools::AARCH64);
}

#[test]
fn x86_64_rows_write_what_linkers_write() {
    compare_all(&machine::X86_64, &tools::X86_64);
}

#[test]
fn i386_rows_write_what_linkers_write() {
    compare_all(&machine::I386, &tools::I386);
}

#[test]
fn xtensa_rows_write_what_gnu_ld_writes() {
    compare_all(&machine::XTENSA, &tools::XTENSA);
}

#[test]
fn arc_rows_write_what_gnu_ld_writes() {
    compare_all(&machine::ARC, &tools::ARC);
}

#[test]
fn riscv64_rows_write_what_linkers_write() {
    compare_all(&machine::RISCV64, &tools::RISCV64);
}

#[test]
fn riscv32_rows_write_what_linkers_write() {
    compare_all(&machine::RISCV32, &tools::RISCV32);
}

fn compare_all(machine: &'static Machine, tools: &'static Tools) {
    let subject = Subject { machine, tools };
    let mut failures = String::new();
    let mut totals = vec![(0, 0); tools.linkers().len()];
    for row in machine.rows.iter().filter(|row| !elsewhere(row)) {
        let mut judges = 0;
        for (&linker, (rows, comparisons)) in tools.linkers().iter().zip(&mut totals) {
            let compared = match not_judged(linker, row) {
                Some(_) => None,
                None => compare(&subject, linker, row, &mut failures),
            };
            if let Some(count) = compared {
                judges += 1;
                *rows += 1;
                *comparisons += count;
            } else {
                let reason = not_judged(linker, row).unwrap_or("unknown to it");
                println!("{linker:?} is no judge of {}: {reason}", row.name);
            }
        }
        if judges == 0 && not_judged(Linker::Gnu, row).is_none() {
            let _ = writeln!(failures, "{} is compared with no linker", row.name);
        }
    }
    for (linker, (rows, comparisons)) in tools.linkers().iter().zip(totals) {
        let name = machine.name;
        println!("{name}, {linker:?}: {rows} rows, {comparisons} comparisons");
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Compares the cases of a row, and says how many there were; `None`: the linker does not know the row.
fn compare(subject: &Subject, linker: Linker, row: &Row, failures: &mut String) -> Option<usize> {
    let worlds = World::of(subject, linker, row).with_others(row);
    let compared = worlds
        .into_iter()
        .map(|world| compare_in(world, subject, linker, row, failures));
    compared.sum()
}

fn compare_in(
    mut world: World,
    subject: &Subject,
    linker: Linker,
    row: &Row,
    failures: &mut String,
) -> Option<usize> {
    let ours = |case: &Case, world: &World, more| apply(subject, row, case, world, more);
    let is_refused = |case: &Case, world: &World| ours(case, world, 0) == Outcome::Refused;
    let cases_in = |world: &World| {
        let mut cases = cases(subject, row, world);
        cases.retain(|case| judged(linker, row, case));
        if subject.tools.gnu_stops == Stops::AtOnce {
            cases.retain(|case| !is_refused(case, world) || case.is_near_limit(row));
        }
        assert!(!cases.is_empty(), "{} has no cases", row.name);
        cases
    };
    let mut cases = cases_in(&world);
    let mut linked = link(subject, linker, row, (&cases, &world), |case| {
        is_refused(case, &world)
    })?;
    if world.learn(row, &linked.image) {
        cases = cases_in(&world);
        linked = link(subject, linker, row, (&cases, &world), |case| {
            is_refused(case, &world)
        })?;
    }
    let mut told = 0;
    for (case, theirs) in cases.iter().zip(&linked.outcomes) {
        let agree = match theirs {
            // It assumes the usual bias of the branch and counts the Thumb bit, and so takes a veneer
            // up to 8 bytes early.
            Outcome::Veneer => [-8, 0, 8]
                .iter()
                .any(|&more| ours(case, &world, more) == Outcome::Refused),
            _ => ours(case, &world, 0) == *theirs,
        };
        if !agree && told < 5 {
            told += 1;
            let our = ours(case, &world, 0);
            let _ = writeln!(
                failures,
                "{} {case:x?}:\n  ours   {our:02x?}\n  {linker:?} {theirs:02x?}",
                row.name
            );
        }
    }
    Some(cases.len())
}

impl Subject {
    /// The row that has the formula: of a low part, that of the high part.
    fn formula_of<'r>(&self, row: &'r Row) -> &'r Row {
        const R_RISCV_PCREL_HI20: u32 = 23;
        match row.completes_high_part() {
            true => self.machine.row(R_RISCV_PCREL_HI20).unwrap_or(row),
            false => row,
        }
    }
}

/// Applies the row to the case, its symbol moved by `more` bytes.
fn apply(subject: &Subject, row: &Row, case: &Case, world: &World, more: isize) -> Outcome {
    let mut operands = case.operands(row, world);
    operands.s = operands.s.wrapping_add_signed(more);
    let mut bytes = case.template.clone();
    let (front, place) = bytes.split_at_mut(case.skip);
    let formula = subject.formula_of(row);
    let value = formula.value(place, &operands);
    let high_part = match row.completes_high_part() {
        true => formula.put(front, value),
        false => Ok(()),
    };
    match high_part.and_then(|()| row.put(place, value)) {
        Ok(()) => Outcome::Bytes(place.to_vec()),
        Err(_) => Outcome::Refused,
    }
}
