//! Calls: what the instruction before a return address is, and what becomes of it in the function that was called.

use crate::target::{Target, half};

/// Whether `address` is one that a call of ARM's leaves in LR: bit 0 is set, and before it lies a BL or a BLX.
pub(crate) fn is_after_thumb_call(target: &mut dyn Target, address: u32) -> bool {
    let at = address.wrapping_sub(1);
    if address & 1 == 0 || !target.is_code(at.wrapping_sub(2)) {
        return false;
    }
    let Some(last) = half(target, at.wrapping_sub(2)) else {
        return false;
    };
    // BLX (register), encoding T1 (ARMv7-M Architecture Reference Manual, A7.7.19).
    if last & 0xff87 == 0x4780 {
        return true;
    }
    // BL, encoding T1 (A7.7.18).
    last & 0xd000 == 0xd000
        && half(target, at.wrapping_sub(4)).is_some_and(|first| first & 0xf800 == 0xf000)
}

/// Whether `address` is one that a call of RISC-V's leaves in ra: before it lies a JAL or JALR, or its short form.
pub(crate) fn is_after_riscv_call(target: &mut dyn Target, address: u32) -> bool {
    const RA: u32 = 1;
    if address & 1 != 0 || !target.is_code(address.wrapping_sub(2)) {
        return false;
    }
    let Some(last) = half(target, address.wrapping_sub(2)) else {
        return false;
    };
    // C.JALR with a register that is not x0, C.JAL (RISC-V unprivileged specification, "C" extension, table of quadrants 2 and 1).
    if last & 0xf07f == 0x9002 && last & 0x0f80 != 0 || last & 0xe003 == 0x2001 {
        return true;
    }
    let Some(first) = half(target, address.wrapping_sub(4)) else {
        return false;
    };
    // JAL and JALR (ibid., 2.5.1), of which the first half has opcode, rd and, for JALR, a part of funct3.
    let (opcode, rd) = (first & 0x7f, first >> 7 & 0x1f);
    rd == RA && (opcode == 0x6f || opcode == 0x67 && first >> 12 & 7 == 0)
}

/// Whether an instruction is one that puts LR on the stack: PUSH with LR, in its encodings T1, T2 and T3 (A7.7.99).
pub(crate) fn thumb_saves_link(first: u32, second: u32) -> bool {
    const LR: u32 = 1 << 14;
    first & 0xff00 == 0xb500
        || first == 0xe92d && second & LR != 0
        || first == 0xf84d && second == 0xed04
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Memory;

    fn arm(halves: &[u16]) -> bool {
        let mut memory = Memory::code(0x1000, halves);
        is_after_thumb_call(&mut memory, 0x1001 + 2 * halves.len() as u32)
    }

    fn riscv(halves: &[u16]) -> bool {
        let mut memory = Memory::code(0x1000, halves);
        is_after_riscv_call(&mut memory, 0x1000 + 2 * halves.len() as u32)
    }

    #[test]
    fn arms_calls() {
        assert!(arm(&[0xbf00, 0x4798])); // blx r3
        assert!(arm(&[0xf000, 0xf801])); // bl +2
        assert!(arm(&[0xf7ff, 0xfffe])); // bl -4
        assert!(!arm(&[0xbf00, 0x4718])); // bx r3
        assert!(!arm(&[0xf000, 0xb801])); // b.w
        assert!(!arm(&[0xbf00, 0xf801]));
        // Without the Thumb bit, and outside of code.
        let mut memory = Memory::code(0x1000, &[0xbf00, 0x4798]);
        assert!(!is_after_thumb_call(&mut memory, 0x1004));
        assert!(!is_after_thumb_call(&mut memory, 0x1007));
        assert!(!is_after_thumb_call(&mut memory, 1));
    }

    #[test]
    fn riscvs_calls() {
        assert!(riscv(&[0x0001, 0x9782])); // c.jalr a5
        assert!(riscv(&[0x0001, 0x2001])); // c.jal
        assert!(riscv(&[0x00ef, 0x0040])); // jal ra
        assert!(riscv(&[0x80e7, 0x0000])); // jalr ra, ra
        assert!(!riscv(&[0x0001, 0x8782])); // c.jr a5
        assert!(!riscv(&[0x0001, 0x9002])); // c.ebreak
        assert!(!riscv(&[0x006f, 0x0040])); // j
        assert!(!riscv(&[0x8067, 0x0000])); // ret
        let mut memory = Memory::code(0x1000, &[0x0001, 0x9782]);
        assert!(!is_after_riscv_call(&mut memory, 0x1003));
        assert!(!is_after_riscv_call(&mut memory, 0x1008));
        assert!(!is_after_riscv_call(&mut memory, 0));
    }

    #[test]
    fn what_saves_the_link_register() {
        for (first, second, saves) in [
            (0xb510, 0, true),       // push {r4, lr}
            (0xb410, 0, false),      // push {r4}
            (0xe92d, 0x4ff0, true),  // push.w {r4-r11, lr}
            (0xe92d, 0x0ff0, false), // push.w {r4-r11}
            (0xf84d, 0xed04, true),  // str.w lr, [sp, #-4]!
            (0xf84d, 0x7d04, false), // str.w r7, [sp, #-4]!
            (0xbd10, 0, false),      // pop {r4, pc}
        ] {
            assert_eq!(thumb_saves_link(first, second), saves, "{first:x}");
        }
    }
}
