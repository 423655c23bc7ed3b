//! What the places of a row hold beforehand.
//!
//! By default all zeros and all ones: whatever a field keeps of the place is then seen to be kept in
//! both values. Real opcodes, as the machine's assembler writes them, stand where a linker or the row
//! looks at the opcode, and where an addend in the place has to be one that can occur.

use llext::machine::Row;
use llext::machine::field::a64;

/// Backgrounds of the row, from its place on; of a PCREL_LO12 with the AUIPC in front of it.
pub fn templates(row: &Row) -> Vec<Vec<u8>> {
    let own = own(row);
    if own.is_empty() {
        // Four bytes show that a marker leaves its place alone.
        let width = if row.is_marker() { 4 } else { row.width() };
        return vec![vec![0; width], vec![0xff; width]];
    }
    own.iter().map(|template| template.to_vec()).collect()
}

fn own(row: &Row) -> &'static [&'static [u8]] {
    let name = row.name;
    match name {
        _ if name.starts_with("R_ARM_") => arm(name),
        _ if name.starts_with("R_RISCV_") => riscv(name),
        // lld makes a branch without a link of whatever it finds. B .; B . - 4; BL .; BL . - 4
        "R_AARCH64_JUMP26" => &[&[0, 0, 0, 0x14], &[0xff, 0xff, 0xff, 0x17]],
        "R_AARCH64_CALL26" => &[&[0, 0, 0, 0x94], &[0xff, 0xff, 0xff, 0x97]],
        // MOVK X0, #0; MOVK XZR, #0xffff
        _ if takes_distance(name) && !is_movz_or_movn(row) => {
            &[&[0x00, 0x00, 0x80, 0xf2], &[0xff, 0xff, 0x9f, 0xf2]]
        }
        // MOVZ X0, #0; MOVN XZR, #0xffff: the opcode says what the sign is.
        _ if name.starts_with("R_AARCH64_") && is_movz_or_movn(row) => {
            &[&[0x00, 0x00, 0x80, 0xd2], &[0xff, 0xff, 0x9f, 0x92]]
        }
        // GNU ld 2.40 does not sign-extend these addends.
        "R_386_8" => &[&[0x00], &[0x05]],
        "R_386_16" => &[&[0x00, 0x00], &[0x34, 0x12]],
        // It judges a distance without its addend.
        "R_386_PC8" => &[&[0x00]],
        "R_386_PC16" => &[&[0x00, 0x00]],
        // GNU ld looks for a call in what the assembler expanded.
        // nop; call0; nop; nop
        "R_XTENSA_ASM_EXPAND" => &[&[0xf0, 0x20, 0, 5, 0, 0, 0xf0, 0x20, 0, 0xf0, 0x20, 0]],
        "R_XTENSA_SLOT0_OP" => XTENSA,
        _ => &[],
    }
}

/// Whether it is a MOVZ, MOVN or MOVK of something that has a sign.
fn takes_distance(name: &str) -> bool {
    let starts = ["R_AARCH64_MOVW_PREL", "R_AARCH64_TLSLE_MOVW"];
    starts.iter().any(|start| name.starts_with(start))
}

fn is_movz_or_movn(row: &Row) -> bool {
    let fields = [
        &a64::MOVZN_G0,
        &a64::MOVZN_G1,
        &a64::MOVZN_G2,
        &a64::MOVZN_G3,
    ];
    fields.iter().any(|field| std::ptr::eq(*field, row.field))
}

fn arm(name: &str) -> &'static [&'static [u8]] {
    match name {
        "R_ARM_NONE" | "R_ARM_V4BX" => &[],
        // GNU ld 2.40 does not sign-extend these addends.
        "R_ARM_ABS8" => &[&[0x00], &[0x05]],
        "R_ARM_ABS16" => &[&[0x00, 0x00], &[0x34, 0x12]],
        "R_ARM_PREL31" => &[&[0, 0, 0, 0], &[5, 0, 0, 0x80], &[0xfc, 0xff, 0xff, 0x7f]],
        // BL .; BL . + 8; BLX .
        "R_ARM_CALL" => &[
            &[0xfe, 0xff, 0xff, 0xeb],
            &[0x00, 0x00, 0x00, 0xeb],
            &[0xfe, 0xff, 0xff, 0xfa],
        ],
        // B .; BEQ . + 8; BLNE .
        "R_ARM_PC24" | "R_ARM_PLT32" | "R_ARM_JUMP24" => &[
            &[0xfe, 0xff, 0xff, 0xea],
            &[0x00, 0x00, 0x00, 0x0a],
            &[0xfe, 0xff, 0xff, 0x1b],
        ],
        // MOVW R3, #0; MOVW R3, #0xfffc
        "R_ARM_MOVW_ABS_NC" | "R_ARM_MOVW_PREL_NC" => {
            &[&[0x00, 0x30, 0x00, 0xe3], &[0xfc, 0x3f, 0x0f, 0xe3]]
        }
        // MOVT R3, #0; MOVT R3, #0xfffc
        "R_ARM_MOVT_ABS" | "R_ARM_MOVT_PREL" => {
            &[&[0x00, 0x30, 0x40, 0xe3], &[0xfc, 0x3f, 0x4f, 0xe3]]
        }
        // ADD R3, PC, #0; SUB R0, PC, #8
        name if name.starts_with("R_ARM_ALU_PC") => {
            &[&[0x00, 0x30, 0x8f, 0xe2], &[0x08, 0x00, 0x4f, 0xe2]]
        }
        // LDR R3, [PC]; LDR R0, [PC, #-8]
        name if name.starts_with("R_ARM_LDR_PC") => {
            &[&[0x00, 0x30, 0x9f, 0xe5], &[0x08, 0x00, 0x1f, 0xe5]]
        }
        // LDRD R2, [PC]; LDRH R0, [PC, #-8]
        name if name.starts_with("R_ARM_LDRS_PC") => {
            &[&[0xd0, 0x20, 0xcf, 0xe1], &[0xb8, 0x00, 0x5f, 0xe1]]
        }
        // VLDR S0, [PC]; VLDR D1, [PC, #-8]
        name if name.starts_with("R_ARM_LDC_PC") => {
            &[&[0x00, 0x0a, 0x9f, 0xed], &[0x02, 0x1b, 0x1f, 0xed]]
        }
        // BEQ .; BNE . + 4
        "R_ARM_THM_JUMP8" => &[&[0xfe, 0xd0], &[0x00, 0xd1]],
        // B .; B . + 4
        "R_ARM_THM_JUMP11" => &[&[0xfe, 0xe7], &[0x00, 0xe0]],
        // BEQ.W .; BLE.W . + 4
        "R_ARM_THM_JUMP19" => &[&[0x3f, 0xf4, 0xfe, 0xaf], &[0x40, 0xf3, 0x00, 0x80]],
        // BL .; BL . + 4; BLX .
        "R_ARM_THM_CALL" => &[
            &[0xff, 0xf7, 0xfe, 0xff],
            &[0x00, 0xf0, 0x00, 0xf8],
            &[0xff, 0xf7, 0xfe, 0xef],
        ],
        // B.W .; B.W . + 4
        "R_ARM_THM_JUMP24" => &[&[0xff, 0xf7, 0xfe, 0xbf], &[0x00, 0xf0, 0x00, 0xb8]],
        // CBZ R0, . + 4; CBNZ R7, . + 4. GNU ld 2.40 takes other addends than 0 for something else.
        "R_ARM_THM_JUMP6" => &[&[0x00, 0xb1], &[0x07, 0xb9]],
        // MOVW R3, #0; MOVW R3, #0xfffc
        "R_ARM_THM_MOVW_ABS_NC" | "R_ARM_THM_MOVW_PREL_NC" => {
            &[&[0x40, 0xf2, 0x00, 0x03], &[0x4f, 0xf6, 0xfc, 0x73]]
        }
        // MOVT R3, #0; MOVT R3, #0xfffc
        "R_ARM_THM_MOVT_ABS" | "R_ARM_THM_MOVT_PREL" => {
            &[&[0xc0, 0xf2, 0x00, 0x03], &[0xcf, 0xf6, 0xfc, 0x73]]
        }
        // LDR R1, [R2]; STR R7, [R6, #8]
        "R_ARM_THM_ABS5" => &[&[0x11, 0x68], &[0xb7, 0x60]],
        // LDR R2, [PC]; ADR R1, . with the bias of −4
        "R_ARM_THM_PC8" => &[&[0x00, 0x4a], &[0xff, 0xa1]],
        // LDR.W R0, [PC]; LDRB.W R3, [PC, #-4]
        "R_ARM_THM_PC12" => &[&[0xdf, 0xf8, 0x00, 0x00], &[0x1f, 0xf8, 0x04, 0x30]],
        // ADD R0, PC, #0; SUB R3, PC, #4
        "R_ARM_THM_ALU_PREL_11_0" => &[&[0x0f, 0xf2, 0x00, 0x00], &[0xaf, 0xf2, 0x04, 0x03]],
        // MOVS R0, #0; ADDS R3, #5
        name if name.starts_with("R_ARM_THM_ALU_ABS") => &[&[0x00, 0x20], &[0x05, 0x33]],
        _ => &[
            &[0, 0, 0, 0],
            &[0x78, 0x56, 0x34, 0x12],
            &[0xfc, 0xff, 0xff, 0xff],
        ],
    }
}

fn riscv(name: &str) -> &'static [&'static [u8]] {
    match name {
        // call; tail with all immediate bits set
        "R_RISCV_CALL" | "R_RISCV_CALL_PLT" => &[
            &[0x97, 0, 0, 0, 0xe7, 0x80, 0, 0],
            &[0x17, 0xf3, 0xff, 0xff, 0x67, 0x00, 0xf3, 0xff],
        ],
        // auipc a0, 0; and addi a0, a0, 0 or sw a1, 0(a0) behind it
        "R_RISCV_PCREL_LO12_I" => &[&[0x17, 0x05, 0, 0, 0x13, 0x05, 0x05, 0]],
        "R_RISCV_PCREL_LO12_S" => &[&[0x17, 0x05, 0, 0, 0x23, 0x20, 0xb5, 0]],
        // c.lui a0, 1; c.lui a5, 0xfffff
        "R_RISCV_RVC_LUI" => &[&[0x05, 0x65], &[0xfd, 0x77]],
        _ => &[],
    }
}

/// One instruction of each kind with a label. The LX106's, which GNU ld was made for, has no loops, no
/// Booleans and no windows.
const XTENSA: &[&[u8]] = &[
    // l32r a2, .; l32r a15, .
    &[0x21, 0xff, 0xff],
    &[0xf1, 0, 0],
    // call0
    &[0x05, 0, 0],
    &[0xc5, 0xff, 0xff],
    // j
    &[0x06, 0, 0],
    &[0xc6, 0xff, 0xff],
    // beqz a2; bgez a15
    &[0x16, 0x02, 0],
    &[0xd6, 0xff, 0xff],
    // beqi a2, 1; bltui a15, 256; beq a2, a3; bbsi a15, 31
    &[0x26, 0x12, 0],
    &[0xb6, 0xff, 0xff],
    &[0x37, 0x12, 0],
    &[0xf7, 0xff, 0xff],
    // beqz.n a2; bnez.n a15
    &[0x8c, 0x02],
    &[0xfc, 0xff],
];
