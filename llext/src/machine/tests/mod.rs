//! Tests of the tables: what every row does, at the edges of its field and bit by bit.
//!
//! The expected bytes are what GNU ld 2.40 writes; `tests/gnu-ld` compares many more.

mod cases;
mod others;
mod states;

use super::field::{Limits, Sign};
use super::*;
use cases::Case;

const P: usize = 0x4000_0010;

fn tables() -> [(&'static Machine, Vec<&'static Case>); 4] {
    let riscv = |more: &'static [Case]| cases::RISCV.iter().chain(more);
    let both = cases::ARM.iter().chain(cases::ARM_A);
    [
        (&ARM, cases::ARM.iter().collect()),
        (&ARM_A, both.collect()),
        (&RISCV32, riscv(cases::RISCV_32).collect()),
        (&RISCV64, riscv(cases::RISCV_64).collect()),
    ]
}

fn row(name: &str) -> &'static Row {
    let mut rows = tables().into_iter().flat_map(|(machine, _)| machine.rows);
    rows.find(|row| row.name == name)
        .unwrap_or_else(|| panic!("no row {name}"))
}

/// Operands that make the row's formula give `value`, for a place that holds no addend.
fn operands_for(row: &Row, value: isize) -> Operands {
    let from = match row.formula {
        Formula::Rel | Formula::RelT | Formula::GotRel => P,
        Formula::RelWord | Formula::RelWordT => P & !3,
        _ => 0,
    };
    let s = (from as isize).wrapping_add(value) as usize;
    let s = if row.class().is_64() {
        s
    } else {
        s as u32 as usize
    };
    Operands {
        s,
        g: s,
        p: P,
        t: usize::from(row.is_in_thumb()),
        ..Operands::default()
    }
}

/// Least and greatest value that fit, and what they are multiples of.
fn range(row: &Row) -> (isize, isize, isize) {
    let Limits { align, .. } = row.field.limits;
    let round = row.field.round as isize;
    let (min, max) = (row.field.limits.min(), row.field.limits.max());
    (min - round, max - round, align.into())
}

/// Values at the edges of `limits`, for fields that have any: all that fit, then all that do not.
fn edges(row: &Row) -> (Vec<isize>, Vec<isize>) {
    let (min, max, step) = range(row);
    let mut outside = vec![min - step, max + step, min - 0x1000, max + 0x1000];
    outside.extend((1..step).flat_map(|off| [min + off, max - off]));
    (vec![min, min + step, 0, max - step, max], outside)
}

fn has_limits(row: &Row) -> bool {
    row.width() > 0 && row.field.limits.sign != Sign::Any
}

/// Whether the row's field is a branch whose opcode depends on the state of the target: it has a test of its own.
fn changes_opcode(row: &Row) -> bool {
    row.name == "R_ARM_CALL"
}

#[test]
fn rows_are_found_by_their_type_and_nothing_else_is() {
    for (machine, _) in tables() {
        for r_type in 0..2000 {
            let found = machine.row(r_type).map(|row| row.name);
            let wanted = machine
                .rows
                .iter()
                .find(|row| u32::from(row.r_type) == r_type)
                .map(|row| row.name);
            assert_eq!(found, wanted, "{} type {r_type}", machine.name);
        }
    }
}

#[test]
fn machines_are_found_by_what_elf_headers_say() {
    let name = |e_machine, class| for_elf(e_machine, class).map(|machine| machine.name);
    assert_eq!(name(40, Class::Elf32), Some("ARM"));
    assert_eq!(name(243, Class::Elf32), Some("RISC-V"));
    assert_eq!(name(243, Class::Elf64), Some("RISC-V"));
    assert_eq!(name(62, Class::Elf64), Some("x86-64"));
    assert_eq!(name(62, Class::Elf32), None);
}

#[test]
fn every_row_has_a_case() {
    for (machine, cases) in tables() {
        for row in machine.rows {
            assert!(
                cases.iter().any(|case| case.name == row.name),
                "no case for {}",
                row.name
            );
        }
    }
}

#[test]
fn rows_write_known_bytes() {
    let all = tables().into_iter().flat_map(|(machine, cases)| {
        let rows = move |case: &Case| machine.rows.iter().find(|row| row.name == case.name);
        cases
            .into_iter()
            .map(move |case| (rows(case).unwrap(), case))
    });
    for (row, case) in all {
        let mut place = case.before.to_vec();
        let a = case.a.unwrap_or_else(|| row.addend(&place));
        let operands = Operands {
            s: case.s,
            a,
            p: case.p,
            t: case.t,
            g: 0x5000_0020,
            got: 0x5000_0000,
            tp: 8,
        };
        // A low part puts the value that its high part's row computes.
        let value = if row.completes_high_part() {
            super::RISCV32.row(23).unwrap().value(&place, &operands)
        } else {
            row.value(&place, &operands)
        };
        assert_eq!(
            row.put(&mut place, value),
            Ok(()),
            "{} {operands:x?}",
            case.name
        );
        assert_eq!(place, case.after, "{} {operands:x?}", case.name);
    }
}

#[test]
fn values_just_inside_fit_and_values_just_outside_leave_the_place_alone() {
    for row in tables()
        .into_iter()
        .flat_map(|(machine, _)| machine.rows)
        .filter(|r| has_limits(r) && !changes_opcode(r))
    {
        let (inside, outside) = edges(row);
        for value in inside {
            let mut place = [0; 8];
            let result = row.apply(&mut place, &operands_for(row, value));
            assert_eq!(result, Ok(()), "{} {value:#x}", row.name);
        }
        for value in outside {
            let mut place = [0xa5; 8];
            let result = row.apply(&mut place, &operands_for(row, value));
            let thumb = isize::from(row.is_in_thumb() && row.formula == Formula::RelT);
            let error = result.unwrap_err();
            let (min, max, align) = range(row);
            assert_eq!(error.value, value | thumb, "{}", row.name);
            assert_eq!((error.min(), error.max()), (min, max), "{}", row.name);
            assert_eq!(error.align() as isize, align, "{}", row.name);
            assert_eq!(place, [0xa5; 8], "{} {value:#x}", row.name);
        }
    }
}

#[test]
fn every_bit_that_is_written_is_read_back_in_both_signs() {
    for row in tables()
        .into_iter()
        .flat_map(|(machine, _)| machine.rows)
        .filter(|r| has_limits(r))
    {
        let (min, max, align) = range(row);
        // A branch leaves bit 0 to the Thumb bit; an unsigned field reads its end as the bias −4.
        let (align, max) = match row.name {
            "R_ARM_THM_JUMP6" => (2, max - 4),
            "R_ARM_THM_PC8" => (4, max - 4),
            _ if row.is_in_thumb() => (2, max),
            _ if changes_opcode(row) => (4, max),
            _ => (align, max),
        };
        let powers = (0..31).flat_map(|bit| [1_isize << bit, -(1_isize << bit)]);
        let values = powers.flat_map(|power| [power, power + align, power - align]);
        for value in values.filter(|v| (min..=max).contains(v) && v % align == 0) {
            let mut place = [0; 8];
            row.apply(&mut place, &operands_for(row, value)).unwrap();
            let high_part = row.field.round != 0 && row.width() <= 4;
            let wanted = if high_part {
                (value + 0x800) & !0xfff
            } else {
                value
            };
            // Encodings that fold values together: ABS8 and ABS16 hold either sign.
            let folded = matches!(row.name, "R_ARM_ABS8" | "R_ARM_ABS16") && value > max / 2;
            assert!(
                folded || row.addend(&place) == wanted,
                "{} {value:#x}",
                row.name
            );
        }
    }
}

#[test]
fn writing_what_was_read_changes_nothing() {
    // What a group of bits holds depends on those in front of it.
    let is_group = |row: &&Row| row.name.contains("_PC_G");
    let rows = tables().into_iter().flat_map(|(machine, _)| machine.rows);
    for row in rows.filter(|row| !is_group(row) && !changes_opcode(row)) {
        // What these take is not what they hold: a high part, or the sum with it.
        let scale = match row.name {
            "R_ARM_MOVT_ABS" | "R_ARM_MOVT_PREL" => 1 << 16,
            "R_ARM_THM_MOVT_ABS" | "R_ARM_THM_MOVT_PREL" => 1 << 16,
            "R_ARM_THM_ALU_ABS_G1_NC" => 1 << 8,
            "R_ARM_THM_ALU_ABS_G2_NC" => 1 << 16,
            "R_ARM_THM_ALU_ABS_G3" => 1 << 24,
            _ => 1,
        };
        let fixed = match row.name {
            "R_ARM_THM_CALL" | "R_ARM_THM_JUMP24" => 1 << 28, // bit 12 of the second halfword
            "R_RISCV_RVC_LUI" => 0x1000,                      // an immediate that is not 0
            _ => 0,
        };
        let cleared = match row.name {
            "R_ARM_THM_ALU_PREL_11_0" => 0x00a0, // an ADD, not a SUB
            _ if row.is_open() => 1 << 39,       // the end of the number
            _ => 0,
        };
        let mut word = 0x0123_4567_u64;
        for _ in 0..2000 {
            word = word
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let mut place = (word.rotate_left(29) & !cleared | fixed).to_le_bytes();
            let before = place;
            let value = (row.addend(&place) * scale) | isize::from(row.is_in_thumb());
            if row.field.limits.contains(value) {
                row.field.write(&mut place, value).unwrap();
                assert_eq!(place, before, "{}", row.name);
            }
        }
    }
}

#[test]
fn places_that_are_too_short_are_refused() {
    for row in tables()
        .into_iter()
        .flat_map(|(machine, _)| machine.rows)
        .filter(|r| r.width() > 0)
    {
        let mut place = vec![0; row.width() - 1];
        let error = row.apply(&mut place, &operands_for(row, 0)).unwrap_err();
        assert!(error.min() > error.max(), "{}", row.name);
        assert_eq!(row.addend(&place), 0, "{}", row.name);
    }
}

#[test]
fn formulas_wrap_at_32_bits() {
    let mut place = [0; 4];
    let operands = Operands {
        s: 0x10,
        a: -4,
        p: 0xffff_fff0,
        ..Operands::default()
    };
    row("R_RISCV_JAL").apply(&mut place, &operands).unwrap();
    assert_eq!(row("R_RISCV_JAL").addend(&place), 0x1c);
}

#[test]
fn calls_to_undefined_weak_symbols_are_no_calls() {
    let operands = Operands {
        s: 0x1234,
        a: 0,
        p: P,
        t: 1,
        ..Operands::default()
    };
    let skipped = |name, place: &[u8]| {
        let mut place = place.to_vec();
        row(name)
            .apply_weak_undefined(&mut place, &operands)
            .map(|()| place)
    };
    // NOP.W, whatever the distance; the condition of an A32 branch stays.
    assert_eq!(
        skipped("R_ARM_THM_CALL", &[0xff, 0xf7, 0xfe, 0xff]),
        Ok(vec![0xaf, 0xf3, 0, 0x80])
    );
    assert_eq!(
        skipped("R_ARM_THM_JUMP24", &[0xff, 0xf7, 0xfe, 0xbf]),
        Ok(vec![0xaf, 0xf3, 0, 0x80])
    );
    assert_eq!(
        skipped("R_ARM_JUMP24", &[0xfe, 0xff, 0xff, 0x0a]),
        Ok(vec![0, 0xf0, 0x20, 0x03])
    );
    // jalr ra, 0(x0) behind the AUIPC.
    let call = [0x97, 0, 0, 0, 0xe7, 0x80, 0, 0];
    assert_eq!(
        skipped("R_RISCV_CALL_PLT", &call),
        Ok(vec![0x97, 0, 0, 0, 0xe7, 0, 0, 0])
    );
    // All others see the value 0.
    assert_eq!(skipped("R_ARM_ABS32", &[5, 0, 0, 0]), Ok(vec![0, 0, 0, 0]));
    assert!(skipped("R_RISCV_JAL", &[0x6f, 0, 0, 0]).is_err());
}

#[test]
fn stubs_reach_where_branches_do_not() {
    let mut place = [0; 8];
    ARM.stub.write(&mut place, 0x0000_1235);
    // ldr.w pc, [pc, #0]; .word 0x1235
    assert_eq!(place, [0xdf, 0xf8, 0x00, 0xf0, 0x35, 0x12, 0, 0]);
    assert_eq!(ARM.stub.target(&place), 0x1235);
    for machine in [&ARM_V6M, &ARM_A, &RISCV32, &RISCV64] {
        let mut place = vec![0; machine.stub.size()];
        machine.stub.write(&mut place, 0x2100_1235);
        assert_eq!(machine.stub.target(&place), 0x2100_1235);
        let word = machine.stub.word_address(0);
        assert_eq!(place[word..word + 4], [0x35, 0x12, 0, 0x21]);
        assert_eq!(word % usize::from(machine.stub.word_size), 0);
    }
    assert_eq!(
        row("R_ARM_THM_CALL").branch_reach(),
        Some(-0x100_0000..=0xff_ffff)
    );
    assert_eq!(
        row("R_ARM_THM_JUMP19").branch_reach(),
        Some(-0x10_0000..=0xf_ffff)
    );
    for name in [
        "R_ARM_THM_JUMP11",
        "R_ARM_ABS32",
        "R_RISCV_CALL",
        "R_RISCV_JAL",
    ] {
        assert_eq!(row(name).branch_reach(), None, "{name}");
    }
}

#[test]
fn what_is_not_supported_has_a_hint() {
    assert_eq!(ARM.hint(28), Some("build with -mthumb"));
    assert_eq!(ARM.hint(104), Some("build with -ftls-model=local-exec"));
    assert_eq!(ARM.hint(200), None);
    for (machine, _) in tables() {
        for row in machine.rows {
            assert_eq!(machine.hint(row.r_type.into()), None, "{}", row.name);
        }
    }
}

#[test]
fn branches_say_how_they_count() {
    for (name, bias) in [
        ("R_ARM_THM_CALL", -4),
        ("R_ARM_CALL", -8),
        ("R_RISCV_CALL", 0),
    ] {
        assert_eq!(row(name).branch_bias(), bias, "{name}");
    }
}

#[test]
fn low_parts_know_their_high_part() {
    let completing = ["R_RISCV_PCREL_LO12_I", "R_RISCV_PCREL_LO12_S"];
    for row in tables().into_iter().flat_map(|(machine, _)| machine.rows) {
        assert_eq!(
            row.completes_high_part(),
            completing.contains(&row.name),
            "{}",
            row.name
        );
        assert_eq!(
            row.is_high_part(),
            [
                "R_RISCV_GOT_HI20",
                "R_RISCV_TLS_GOT_HI20",
                "R_RISCV_PCREL_HI20"
            ]
            .contains(&row.name),
            "{}",
            row.name
        );
    }
}

#[test]
fn padding_must_end_at_its_alignment() {
    // Padding of 2 bytes aligns to 4, of 6 to 8, of none to nothing.
    for (p, a, excess) in [
        (2, 2, 0),
        (0, 2, 2),
        (2, 6, 0),
        (4, 6, 2),
        (0, 6, 6),
        (6, 0, 0),
    ] {
        let operands = Operands {
            a,
            p,
            ..Operands::default()
        };
        let result = row("R_RISCV_ALIGN").apply(&mut [], &operands);
        let wanted = if excess == 0 { None } else { Some(excess) };
        assert_eq!(result.err().map(|error| error.value), wanted, "P {p} A {a}");
    }
}
