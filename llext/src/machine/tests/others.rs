//! Tests of AArch64, x86-64, i386, Xtensa and ARC.

mod cases;

use super::super::*;
use cases::Case;

const MACHINES: [(&Machine, &[Case]); 5] = [
    (&AARCH64, cases::AARCH64),
    (&X86_64, cases::X86_64),
    (&I386, cases::I386),
    (&XTENSA, cases::XTENSA),
    (&ARC, cases::ARC),
];

fn row(machine: &Machine, name: &str) -> &'static Row {
    let found = machine.rows.iter().find(|row| row.name == name);
    found.unwrap_or_else(|| panic!("no row {name}"))
}

fn operands(machine: &Machine, s: u64, a: isize) -> Operands {
    let p = if machine.class.is_64() {
        0x12_4000_1010
    } else {
        0x4000_1010
    };
    let (g, got, tp) = (p + 0x2_5a58, p + 0x2_0000, p + 0x30_0000);
    Operands {
        s: s as usize,
        a,
        p,
        t: 0,
        g,
        got,
        tp,
    }
}

/// The place after the relocation, a number of so many bytes.
fn apply(
    machine: &Machine,
    name: &str,
    (before, width): (u64, usize),
    (s, a): (u64, isize),
) -> Result<u64, FieldError> {
    let mut place = before.to_le_bytes();
    let operands = operands(machine, s, a);
    row(machine, name)
        .apply(&mut place[..width], &operands)
        .map(|()| u64::from_le_bytes(place))
}

#[test]
fn every_row_has_a_case() {
    for (machine, cases) in MACHINES {
        for row in machine.rows {
            let known = cases.iter().any(|(name, ..)| *name == row.name);
            assert!(known, "no case for {}", row.name);
        }
    }
}

#[test]
fn rows_write_known_bytes() {
    for (machine, cases) in MACHINES {
        for (name, before, operands, after) in cases {
            let width = row(machine, name).width().max(3);
            let result = apply(machine, name, (*before, width), *operands);
            assert_eq!(result, Ok(*after), "{name}");
        }
    }
}

#[test]
fn values_outside_the_limits_leave_the_place_alone() {
    for (machine, _) in MACHINES {
        for row in machine.rows {
            let limits = row.field.limits;
            let (min, max) = (limits.min(), limits.max());
            for value in [min.wrapping_sub(1), max.wrapping_add(1)] {
                if limits.contains(value) || row.width() == 0 {
                    continue;
                }
                let mut place = [0xa5; 8];
                let error = row.put(&mut place, value).unwrap_err();
                assert_eq!((error.min(), error.max()), (min, max), "{}", row.name);
                assert_eq!(place, [0xa5; 8], "{}", row.name);
            }
        }
    }
}

#[test]
fn places_that_are_too_short_are_refused() {
    for (machine, _) in MACHINES {
        for row in machine.rows.iter().filter(|row| row.width() > 0) {
            let mut place = vec![0; row.width() - 1];
            let operands = operands(machine, 0x4000_1010, 0);
            let value = row.value(&place, &operands);
            assert!(row.put(&mut place, value).is_err(), "{}", row.name);
            assert_eq!(row.addend(&place), 0, "{}", row.name);
        }
    }
}

/// What the loader writes without looking at the field.
#[test]
fn words_are_little_endian() {
    let names = |machine: &'static Machine| {
        let words = machine.rows.iter().filter(|row| row.is_word());
        words.map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&AARCH64), ["R_AARCH64_ABS64"]);
    assert_eq!(names(&X86_64), ["R_X86_64_64"]);
    assert_eq!(names(&I386), ["R_386_32"]);
    assert_eq!(names(&XTENSA), ["R_XTENSA_PLT"]);
    // Not R_ARC_32_ME, whose halfwords are the other way round.
    assert_eq!(names(&ARC), ["R_ARC_32"]);
}

#[test]
fn stubs_jump_to_their_words() {
    let made = |machine: &Machine, target| {
        let mut place = vec![0xa5; machine.stub.size()];
        machine.stub.write(&mut place, target);
        assert_eq!(machine.stub.target(&place), target, "{}", machine.name);
        place
    };
    // ldr x16, .+8; br x16; .quad
    let stub = made(&AARCH64, 0x1234_5678_9abc_def0);
    assert_eq!(stub[..8], [0x50, 0, 0, 0x58, 0, 0x02, 0x1f, 0xd6]);
    assert_eq!(stub[8..], 0x1234_5678_9abc_def0_u64.to_le_bytes());
    // jmp *2(%rip); int3; int3; .quad
    let stub = made(&X86_64, 0x1234_5678_9abc_def0);
    assert_eq!(stub[..8], [0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc]);
    // ld r12, [pcl, 8]; j [r12]; .word
    let stub = made(&ARC, 0x1234_5678);
    assert_eq!(stub[..8], [0x08, 0x17, 0x0c, 0x70, 0x20, 0x20, 0x00, 0x03]);
    assert_eq!(stub[8..], [0x78, 0x56, 0x34, 0x12]);
    for machine in [&I386, &XTENSA] {
        assert_eq!(made(machine, 0x1234_5678), [0x78, 0x56, 0x34, 0x12]);
    }
}

#[test]
fn branches_that_stubs_serve_say_how_far_they_reach() {
    for (machine, name, bits) in [
        (&AARCH64, "R_AARCH64_CALL26", 28),
        (&AARCH64, "R_AARCH64_JUMP26", 28),
        (&X86_64, "R_X86_64_PLT32", 32),
        (&ARC, "R_ARC_S25W_PCREL", 25),
        (&ARC, "R_ARC_S21H_PCREL", 21),
        (&ARC, "R_ARC_S13_PCREL", 13),
    ] {
        let reach = row(machine, name).branch_reach().unwrap();
        assert_eq!(*reach.start(), -1 << (bits - 1), "{name}");
        assert!(*reach.end() < 1 << (bits - 1), "{name}");
    }
    assert_eq!(row(&X86_64, "R_X86_64_PLT32").branch_bias(), -4);
    for (machine, name) in [
        (&AARCH64, "R_AARCH64_CONDBR19"),
        (&X86_64, "R_X86_64_PC32"),
        (&I386, "R_386_PLT32"),
        (&XTENSA, "R_XTENSA_SLOT0_OP"),
    ] {
        assert_eq!(row(machine, name).branch_reach(), None, "{name}");
    }
}

#[test]
fn aarch64_calls_to_undefined_weak_symbols_are_nops() {
    let mut place = 0x9400_0000_u32.to_le_bytes();
    let call = row(&AARCH64, "R_AARCH64_CALL26");
    let result = call.apply_weak_undefined(&mut place, &operands(&AARCH64, 0, 0));
    assert_eq!((result, u32::from_le_bytes(place)), (Ok(()), 0xd503_201f));
}

#[test]
fn movz_becomes_movn_for_what_is_negative() {
    let sabs = |s| apply(&AARCH64, "R_AARCH64_MOVW_SABS_G0", (0xd280_0003, 4), (s, 0));
    assert_eq!(sabs(0x7fff), Ok(0xd28f_ffe3));
    assert_eq!(sabs(-2_i64 as u64), Ok(0x9280_0023));
    assert!(sabs(0x1_0000).is_err());
}

/// Xtensa instructions that the LX106, for which GNU ld is built, does not have, and one of each kind that
/// it has. `origin` is what the label is counted from.
#[test]
fn xtensa_labels_are_found_by_the_opcode() {
    const P: u64 = 0x4000_1010;
    let label =
        |insn: u64, width, s: u64| apply(&XTENSA, "R_XTENSA_SLOT0_OP", (insn, width), (s, 0));
    // call8 and call12: (P & !3) + 4 + offset.
    assert_eq!(label(0x25, 3, P + 8), Ok(0x65));
    assert_eq!(label(0x35, 3, P + 4 - 0x8_0000), Ok(0x80_0035));
    assert!(label(0x25, 3, P + 4 + 0x8_0000).is_err());
    assert!(label(0x25, 3, P + 6).is_err());
    // loop a2, loopnez a3, loopgtz a4: from P + 4, forward only.
    assert_eq!(label(0x8276, 3, P + 4 + 0x5a), Ok(0x5a_8276));
    assert_eq!(label(0x9376, 3, P + 4 + 0xff), Ok(0xff_9376));
    assert!(label(0xa476, 3, P + 3).is_err());
    assert!(label(0xa476, 3, P + 4 + 0x100).is_err());
    // bf b0, bt b15
    assert_eq!(label(0x0076, 3, P + 4 + 0x7f), Ok(0x7f_0076));
    assert_eq!(label(0x1f76, 3, P + 4 - 0x80), Ok(0x80_1f76));
    // l32r a2: words in front.
    assert_eq!(label(0x21, 3, P - 4), Ok(0xff_ff21));
    assert_eq!(label(0x21, 3, P - 0x4_0000), Ok(0x21));
    assert!(label(0x21, 3, P).is_err());
    assert!(label(0x21, 3, P - 0x4_0004).is_err());
    // beqz.n a2, the last two bytes of a section
    assert_eq!(label(0x028c, 2, P + 4 + 0x3f), Ok(0xf2bc));
    assert!(label(0x028c, 2, P + 4 + 0x40).is_err());
    // entry, movi.n and add have no label; an instruction of three bytes needs them.
    for insn in [0x36, 0x020c, 0x8000] {
        assert!(label(insn, 3, P + 8).is_err(), "{insn:#x}");
    }
    assert!(label(0x25, 2, P + 8).is_err());
}
