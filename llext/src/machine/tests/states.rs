//! ARM's two states: which branches change them, and how far.

use super::*;

#[test]
fn a_thumb_bit_in_the_value_branches_like_one_beside_it() {
    for name in [
        "R_ARM_THM_CALL",
        "R_ARM_THM_JUMP24",
        "R_ARM_THM_JUMP19",
        "R_ARM_THM_JUMP11",
    ] {
        let row = row(name);
        let [beside, within] = [(P + 0x20, 1), (P + 0x21, 0)].map(|(s, t)| {
            let mut place = [0xff, 0xf7, 0xfe, 0xff];
            let operands = Operands {
                s,
                a: -4,
                p: P,
                t,
                ..Operands::default()
            };
            row.apply(&mut place, &operands).unwrap();
            place
        });
        assert_eq!(beside, within, "{name}");
    }
}

#[test]
fn a32_branches_do_not_change_state() {
    let operands = Operands {
        s: P + 0x20,
        a: -8,
        p: P,
        t: 1,
        ..Operands::default()
    };
    // BL, as a branch that must keep its opcode; BLEQ, which has no BLX.
    let [always, equal] = [[0xfe, 0xff, 0xff, 0xeb], [0xfe, 0xff, 0xff, 0x0b]];
    assert!(
        row("R_ARM_JUMP24")
            .apply(&mut { always }, &operands)
            .is_err()
    );
    assert!(row("R_ARM_CALL").apply(&mut { always }, &operands).is_ok());
    assert!(row("R_ARM_CALL").apply(&mut { equal }, &operands).is_err());
}

#[test]
fn calls_that_change_state_reach_as_far_as_those_that_do_not() {
    let row = |name| ARM_A.rows.iter().find(|row| row.name == name).unwrap();
    let fits = |name, mut place: [u8; 4], p, value: isize, t| {
        let s = usize::wrapping_add_signed(p, value) & 0xffff_ffff;
        let operands = Operands {
            s,
            p,
            t,
            ..Operands::default()
        };
        let result = row(name).apply(&mut place, &operands);
        result.map(|()| row(name).addend(&place)).ok()
    };
    let bl = [0x00, 0x00, 0x00, 0xeb];
    let arm = |value, t| fits("R_ARM_CALL", bl, P, value, t);
    assert_eq!(arm(-0x200_0000, 0), Some(-0x200_0000));
    assert_eq!(arm(-0x200_0004, 0), None);
    assert_eq!(arm(0x1ff_fffc, 0), Some(0x1ff_fffc));
    assert_eq!(arm(0x200_0000, 0), None);
    assert_eq!(arm(2, 0), None, "A32 code is aligned to words");
    assert_eq!(arm(-0x200_0000, 1), Some(-0x200_0000));
    assert_eq!(arm(-0x200_0002, 1), None);
    assert_eq!(arm(0x1ff_fffe, 1), Some(0x1ff_fffe));
    assert_eq!(arm(0x200_0000, 1), None);
    let bl = [0x00, 0xf0, 0x00, 0xf8];
    let thumb = |p, value, t| fits("R_ARM_THM_CALL", bl, p, value, t);
    assert_eq!(thumb(P, -0x100_0000, 0), Some(-0x100_0000));
    assert_eq!(thumb(P, -0x100_0004, 0), None);
    assert_eq!(thumb(P, 0xff_fffc, 0), Some(0xff_fffc));
    assert_eq!(thumb(P, 0x100_0000, 0), None);
    // From the second halfword of a word the same word is reached.
    assert_eq!(thumb(P + 2, 0xff_fffa, 0), Some(0xff_fffc));
    assert_eq!(thumb(P + 2, 0xff_fffe, 0), None);
    for name in ["R_ARM_THM_JUMP24", "R_ARM_THM_JUMP19"] {
        assert_eq!(fits(name, bl, P, 0x20, 0), None, "{name}");
        assert!(fits(name, bl, P, 0x20, 1).is_some(), "{name}");
        assert!(row(name).needs_stub_to_change_state(), "{name}");
    }
    assert!(row("R_ARM_JUMP24").needs_stub_to_change_state());
    assert!(!row("R_ARM_CALL").needs_stub_to_change_state());
}

#[test]
fn stubs_are_entered_in_the_state_of_the_branch() {
    let entered = |name| {
        let operands = Operands {
            s: 0x0100_0000,
            p: P,
            ..Operands::default()
        };
        let operands = row(name).to_stub(ARM_A.stub, 0x4000_0100, &operands);
        (operands.s, operands.t)
    };
    assert_eq!(entered("R_ARM_THM_JUMP24"), (0x4000_0100, 1));
    assert_eq!(entered("R_ARM_JUMP24"), (0x4000_0104, 0));
    assert_eq!(entered("R_RISCV_CALL"), (0x4000_0100, 0));
}
