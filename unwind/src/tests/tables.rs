//! The compiler's tables, entry by entry.

use super::*;

/// Where tables lie.
pub const TABLE: u32 = 0x4000;

/// The word that says, at `at`, where `to` is.
fn prel31(at: u32, to: u32) -> u32 {
    to.wrapping_sub(at) & 0x7fff_ffff
}

/// Unwinds the function at CODE, whose unwinding is `content`, with words behind it, on a stack of eight words. The values
/// of the stack are 8, 7 … 1 from its end down, but for return addresses: CODE + 0x11.
fn unwound(content: u32, more: &[u32], known: &[(usize, u32)]) -> Option<Registers> {
    let back = CODE + 0x11;
    let mut memory = arm(&[1, 2, 3, 4, back, 6, 7, 8]);
    let content = match more {
        [] => content,
        _ => prel31(TABLE + 4, TABLE + 0x100),
    };
    let index = [
        prel31(TABLE, CODE),
        content,
        prel31(TABLE + 8, CODE + 0x80),
        1,
    ];
    for (at, word) in (TABLE..).step_by(4).zip(index) {
        memory.words.insert(at, word);
    }
    for (at, word) in (TABLE + 0x100..).step_by(4).zip(more) {
        memory.words.insert(at, *word);
    }
    memory.tables.push(TABLE..TABLE + 16);
    let mut all = vec![(13, sp(8)), (15, CODE + 4)];
    all.extend(known);
    let frame = Frame {
        pc: CODE + 4,
        how: How::Stopped,
        is_return: false,
    };
    crate::exidx::step(&mut memory, &registers(&ARM, &all), frame)
}

#[test]
fn every_instruction_of_ehabi() {
    // EHABI32, table 4. Each line: the instructions, and the stack pointer above the first word of the stack, in words.
    let lr = (14, CODE + 0x11);
    for (content, more, words) in [
        (0x8000_b0b0, &[][..], 1),                        // vsp += 4
        (0x8001_02b0, &[], 5),                            // vsp += 8, and 12
        (0x8002_40b0, &[], 2),                            // vsp += 12, and back by 4
        (0x80a0_b0b0, &[], 1),                            // pop r4
        (0x8080_04b0, &[], 1),                            // pop r6, by mask
        (0x80b1_0fb0, &[], 4),                            // pop r0 to r3
        (0x80b0_b0b0, &[], 0),                            // finish
        (0x80b8_b0b0, &[], 3),                            // pop d8, of FSTMFDX
        (0x80d1_b0b0, &[], 4),                            // pop d8 and d9
        (0x80c9_80b0, &[], 2),                            // pop d8
        (0x80b3_80b0, &[], 3),                            // pop d8, of FSTMFDX
        (0, &[0x8102_0000, 0x0000_0000, 0xb0b0_b0b0], 6), // pr1: two words more
        (0, &[0x1234_5678, 0x0100_0000, 0xb0b0_b0b0], 3), // the generic model
    ] {
        let caller = unwound(content, more, &[lr]).unwrap_or_else(|| panic!("{content:x}"));
        assert_eq!(caller.sp(), Some(sp(8 - words)), "{content:x} {more:x?}");
        assert_eq!(caller.get(15), Some(CODE + 0x11), "{content:x}");
    }
}

#[test]
fn what_is_popped_is_the_callers() {
    // pop r4 to r7, and lr.
    let caller = unwound(0x80ab_b0b0, &[], &[]).unwrap();
    let popped: Vec<_> = (4..8).map(|number| caller.get(number).unwrap()).collect();
    assert_eq!(popped, [1, 2, 3, 4]);
    assert_eq!((caller.pc(), caller.sp()), (Some(CODE + 0x10), Some(sp(3))));
    // vsp = r7, vsp += 4: a frame pointer.
    let caller = unwound(0x8097_00b0, &[], &[(7, sp(5)), (14, CODE + 3)]).unwrap();
    assert_eq!(caller.sp(), Some(sp(4)));
    // vsp += 0x204 + (2 << 2), in the words of a pr1.
    let caller = unwound(0, &[0x8101_b202, 0xb0b0_b0b0], &[(14, CODE + 3)]).unwrap();
    assert_eq!(caller.sp(), Some(sp(8) + 0x20c));
}

#[test]
fn what_cannot_be_unwound_is_not() {
    for (content, more) in [
        (1, &[][..]),            // EXIDX_CANTUNWIND
        (0x8080_00b0, &[]),      // refuse to unwind
        (0x809d_b0b0, &[]),      // reserved
        (0x80b1_00b0, &[]),      // spare
        (0x80b1_10b0, &[]),      // spare
        (0x80c6_00b0, &[]),      // WMMX
        (0x8300_0000, &[]),      // no such model
        (0, &[0x8101_b0b0][..]), // does not end here, and that word is enough
    ] {
        let caller = unwound(content, more, &[(14, CODE + 3)]);
        let ends_early = content == 0;
        assert_eq!(caller.is_some(), ends_early, "{content:x}");
    }
    // A function whose return address nobody knows.
    assert!(unwound(0x80b0_b0b0, &[], &[]).is_none());
}

/// An `.eh_frame` as GCC writes it for RISC-V: pointers are relative, data has factor -4, the CFA is sp + 0 at first.
pub fn eh_frame(instructions: &[u8]) -> Vec<u8> {
    let mut cie = vec![0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x7c, 1, 1, 0x1b, 0x0d, 2];
    cie.resize(16, 0);
    let mut table = vec![16, 0, 0, 0];
    table.extend(&cie);
    let mut entry = vec![];
    entry.extend((table.len() as u32 + 4).to_le_bytes()); // back to the CIE
    let at = TABLE + table.len() as u32 + 8;
    entry.extend(CODE.wrapping_sub(at).to_le_bytes());
    entry.extend(0x40_u32.to_le_bytes());
    entry.push(0);
    entry.extend(instructions);
    while entry.len() % 4 != 0 {
        entry.push(0);
    }
    table.extend((entry.len() as u32).to_le_bytes());
    table.extend(&entry);
    table.extend([0; 4]);
    table
}

/// The caller of the function at CODE, `distance` bytes into it.
fn by_cfi(instructions: &[u8], distance: u32) -> Option<Registers> {
    let table = eh_frame(instructions);
    let mut memory = riscv(&[1, 2, CODE + 0x84, 4, 5, 6]);
    memory.put(TABLE, &table);
    memory.tables.push(TABLE..TABLE + table.len() as u32);
    let known = [
        (2, sp(6)),
        (1, CODE + 0x82),
        (8, sp(2)),
        (32, CODE + distance),
    ];
    let frame = Frame {
        pc: CODE + distance,
        how: How::Stopped,
        is_return: false,
    };
    crate::cfi::step(&mut memory, &registers(&RISCV32, &known), frame)
}

#[test]
fn frames_grow_where_the_table_says() {
    // addi sp, sp, -16; sw ra, 8(sp): DW_CFA_advance_loc 2, def_cfa_offset 16, advance_loc 2, offset ra 2 * -4.
    let instructions = [0x42, 0x0e, 16, 0x42, 0x81, 2];
    let at = |distance| {
        let caller = by_cfi(&instructions, distance).unwrap();
        (caller.pc().unwrap(), caller.sp().unwrap())
    };
    assert_eq!(at(0), (CODE + 0x82, sp(6)));
    assert_eq!(at(2), (CODE + 0x82, sp(2)));
    assert_eq!(at(4), (CODE + 0x84, sp(2)));
    assert_eq!(at(0x3e), (CODE + 0x84, sp(2)));
    assert!(by_cfi(&instructions, 0x40).is_none(), "behind the function");
}

#[test]
fn every_instruction_of_dwarf_that_compilers_write() {
    for (instructions, pc, sp_words, s0) in [
        // def_cfa s0 + 4
        (&[0x0c, 8, 4][..], CODE + 0x82, 1, sp(2)),
        // def_cfa_offset 24, def_cfa_register s0, def_cfa_offset 0
        (&[0x0e, 24, 0x0d, 8, 0x0e, 0], CODE + 0x82, 2, sp(2)),
        // remember_state, def_cfa_offset 16, restore_state
        (&[0x0a, 0x0e, 16, 0x0b], CODE + 0x82, 6, sp(2)),
        // def_cfa_offset 16, offset s0 1, offset ra 2, restore s0
        (&[0x0e, 16, 0x88, 1, 0x81, 2, 0xc8], CODE + 0x84, 2, sp(2)),
        // def_cfa_offset 16, offset_extended s0 1, offset_extended_sf ra 2
        (&[0x0e, 16, 0x05, 8, 1, 0x11, 1, 2], CODE + 0x84, 2, 4),
        // def_cfa_sf sp -4, def_cfa_offset_sf -3
        (&[0x12, 2, 0x7c, 0x13, 0x7d], CODE + 0x82, 3, sp(2)),
        // advance_loc1, 2 and 4 by none, offset of a floating-point register, GNU_args_size 0, same_value s0
        (
            &[
                0x02, 0, 0x03, 0, 0, 0x04, 0, 0, 0, 0, 0x05, 40, 1, 0x2e, 0, 0x08, 8,
            ],
            CODE + 0x82,
            6,
            sp(2),
        ),
    ] {
        let caller = by_cfi(instructions, 0x10).unwrap_or_else(|| panic!("{instructions:x?}"));
        assert_eq!(caller.pc(), Some(pc), "{instructions:x?}");
        assert_eq!(caller.sp(), Some(sp(sp_words)), "{instructions:x?}");
        assert_eq!(caller.get(8), Some(s0), "{instructions:x?}");
    }
    // undefined ra: nobody called.
    assert!(by_cfi(&[0x07, 1], 0x10).is_none());
    // Expressions, a restore without a remember, too many remembered, a register that there is not, cut short.
    for instructions in [
        &[0x0f, 1, 0x50][..],
        &[0x0b],
        &[0x0a; 8],
        &[0x05, 99, 1],
        &[0x0c, 0x80, 0x80],
    ] {
        assert!(by_cfi(instructions, 0x10).is_none(), "{instructions:x?}");
    }
}

#[test]
fn a_backtrace_goes_by_tables_where_there_are_some() {
    let mut memory = arm(&[CODE + 0x21, 2, CODE + 0x11, CODE + 0x31, 5]);
    for (at, word) in (TABLE..).step_by(4).zip([
        prel31(TABLE, CODE),
        0x8001_a8b0, // vsp += 8; pop r4 and lr
        prel31(TABLE + 8, CODE + 0x40),
        1,
    ]) {
        memory.words.insert(at, word);
    }
    memory.words.insert(sp(3), 4);
    memory.words.insert(sp(2), CODE + 0x51);
    memory.tables.push(TABLE..TABLE + 16);
    let known = registers(&ARM, &[(13, sp(5)), (15, CODE + 4)]);
    let expected = [(CODE + 4, How::Stopped), (CODE + 0x50, How::Table)];
    assert_eq!(frames(&mut memory, &known), expected);
}
