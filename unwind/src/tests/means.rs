//! The link register, frame pointers, and scans.

use super::*;

#[test]
fn a_leaf_returns_by_the_link_register() {
    let mut memory = arm(&[1, CODE + 0x83, 2]);
    memory.functions = vec![CODE, CODE + 0x40, CODE + 0x80];
    let known = registers(&ARM, &[(13, sp(3)), (14, CODE + 0x45), (15, CODE + 6)]);
    let expected = [
        (CODE + 6, How::Stopped),
        (CODE + 0x44, How::Link),
        (CODE + 0x82, How::Scan),
    ];
    assert_eq!(frames(&mut memory, &known), expected);
    // Not if the function has saved it: a PUSH comes before.
    memory.words.insert(CODE, 0x4798_b510);
    let expected = [(CODE + 6, How::Stopped), (CODE + 0x82, How::Scan)];
    assert_eq!(frames(&mut memory, &known), expected);
    // But the PUSH of a function further down says nothing.
    let known = registers(&ARM, &[(13, sp(1)), (14, CODE + 0x45), (15, CODE + 0x82)]);
    let expected = [(CODE + 0x82, How::Stopped), (CODE + 0x44, How::Link)];
    assert_eq!(frames(&mut memory, &known), expected);
}

#[test]
fn on_riscv_a_call_that_is_over_has_left_the_link_register_in_its_caller() {
    let mut memory = riscv(&[CODE + 0x82]);
    memory.functions = vec![CODE, CODE + 0x40, CODE + 0x80];
    let mut with_ra = |ra| {
        let known = registers(&RISCV32, &[(2, sp(1)), (1, ra), (32, CODE + 6)]);
        frames(&mut memory, &known)
    };
    assert_eq!(with_ra(CODE + 0x44)[1], (CODE + 0x44, How::Link));
    assert_eq!(with_ra(CODE + 4)[1], (CODE + 0x82, How::Scan));
}

#[test]
fn a_jump_to_nowhere_is_told_with_who_jumped() {
    let mut memory = arm(&[0]);
    let known = registers(&ARM, &[(13, sp(1)), (14, CODE + 5), (15, 0xf000_0000)]);
    let expected = [(0xf000_0000, How::Stopped), (CODE + 4, How::Link)];
    assert_eq!(frames(&mut memory, &known), expected);
}

#[test]
fn frame_pointers_lead_from_one_to_the_next() {
    // s0 points behind the pair of the caller's s0 and the return address.
    let stack = [9, sp(4), CODE + 0x10, 9, sp(0), CODE + 0x20, 9, 9];
    let mut memory = riscv(&stack[..]);
    let known = registers(&RISCV32, &[(2, sp(8)), (8, sp(5)), (32, CODE)]);
    let mut found = frames(&mut memory, &known);
    assert_eq!(found.remove(0), (CODE, How::Stopped));
    assert_eq!(found.remove(0), (CODE + 0x10, How::FramePointer));
    // LLVM's r7 on ARM points to the pair.
    let stack = [9, sp(3), CODE + 0x11, sp(1), CODE + 0x21];
    let mut memory = arm(&stack);
    let known = registers(&ARM, &[(13, sp(5)), (7, sp(4)), (15, CODE)]);
    let found = frames(&mut memory, &known);
    assert_eq!(found[1], (CODE + 0x10, How::FramePointer));
}

#[test]
fn frame_pointers_that_lead_back_or_away_are_not_followed() {
    for here in [sp(7), sp(8) + 1, TOP + 64, 0, u32::MAX, 4] {
        let mut memory = riscv(&[9, 9, CODE + 0x10, 9, 9, 9]);
        let known = registers(&RISCV32, &[(2, sp(6)), (8, here), (32, CODE)]);
        assert_eq!(frames(&mut memory, &known)[1], (CODE + 0x10, How::Scan));
    }
    // Two that lead to each other.
    let stack = [sp(2), CODE + 0x10, sp(4), CODE + 0x20, 9];
    let mut memory = riscv(&stack);
    let known = registers(&RISCV32, &[(2, sp(5)), (8, sp(3)), (32, CODE)]);
    assert!(frames(&mut memory, &known).len() < 5);
}

#[test]
fn a_scan_takes_what_points_behind_a_call_and_nothing_else() {
    let stack = [
        0,
        CODE + 2,         // no Thumb bit
        0x7001,           // the stack
        CODE + 1,         // before it there is no code
        CODE + 0x401 + 4, // behind the code
        CODE + 0x401,     // behind its last call
        CODE + 0x11,
    ];
    let mut memory = arm(&stack);
    let known = registers(&ARM, &[(13, sp(7))]);
    let expected = [(CODE + 0x400, How::Scan), (CODE + 0x10, How::Scan)];
    assert_eq!(frames(&mut memory, &known), expected);
    // A stack pointer below the stack: a scan begins where the stack does.
    memory.put(TOP - 0x1000, &[0; 0x1000 - 28]);
    let known = registers(&ARM, &[(13, TOP - 0x1000 - 32)]);
    assert_eq!(frames(&mut memory, &known), expected);
    // One that is nowhere.
    for nowhere in [0, TOP + 4, u32::MAX] {
        assert!(frames(&mut memory, &registers(&ARM, &[(13, nowhere)])).is_empty());
    }
}

#[test]
fn a_backtrace_ends_at_the_end() {
    let mut memory = arm(&[CODE + 0x11, CODE + 0x21, CODE + 0x31]);
    memory.end = CODE + 0x20..CODE + 0x24;
    let known = registers(&ARM, &[(13, sp(3))]);
    let expected = [(CODE + 0x10, How::Scan), (CODE + 0x20, How::Scan)];
    assert_eq!(frames(&mut memory, &known), expected);
}
