//! AArch64: the relocations of AAELF64 ("ELF for the Arm 64-bit Architecture", IHI 0056) that GCC, Clang
//! and rustc emit into relocatable files with the small, tiny and large code models, with or without
//! `-fPIC`, and the dynamic ones of ELF64 shared libraries.
//!
//! Addends are in the relocations (RELA). Ranges are AAELF64's: `_NC` rows check none; an LDSTn_LO12 must
//! be a multiple of what it loads.
//!
//! A branch out of ±128 MiB goes to a stub; a conditional one (±1 MiB, ±32 KiB) has none, as with every
//! linker. Thread-local variables: local-exec and initial-exec; TLS descriptors and the dynamic models are not here.

use super::field::data::{EITHER16, EITHER32, LOW64, NOTHING, SIGNED32};
use super::field::{Field, a64};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// AArch64, little-endian, LP64.
pub static AARCH64: Machine = Machine {
    name: "AArch64",
    e_machine: 183,
    class: Class::Elf64,
    rows: &ROWS,
    index: &INDEX,
    hints: &HINTS,
    stub: &STUB,
};

/// `LDR X16, .+8` and `BR X16`: X16 (IP0) is what AAPCS64 leaves to veneers.
static STUB: Stub = Stub {
    bytes: &[
        0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1f, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    align: 8,
    word_at: 8,
    word_size: 8,
    arm_at: 0,
};

/// For variables that may lie in another module.
const LOCAL_EXEC: &str = "build with -ftls-model=local-exec";

static HINTS: [Hint; 2] = [
    Hint::new(512, 532, LOCAL_EXEC),
    Hint::new(560, 569, LOCAL_EXEC),
];

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf64, r_type, name, formula, field)
}

static INDEX: [u8; 1031] = row::index(&ROWS);

// One row a line, in the psABI's order.
#[rustfmt::skip]
static ROWS: [Row; 70] = [
    row(0, "R_AARCH64_NONE", Nothing, &NOTHING),
    row(256, "R_AARCH64_WITHDRAWN_NONE", Nothing, &NOTHING),
    row(257, "R_AARCH64_ABS64", Abs, &LOW64),
    row(258, "R_AARCH64_ABS32", Abs, &EITHER32),
    row(259, "R_AARCH64_ABS16", Abs, &EITHER16),
    row(260, "R_AARCH64_PREL64", Rel, &LOW64),
    row(261, "R_AARCH64_PREL32", Rel, &EITHER32),
    row(262, "R_AARCH64_PREL16", Rel, &EITHER16),
    row(263, "R_AARCH64_MOVW_UABS_G0", Abs, &a64::MOVW_G0),
    row(264, "R_AARCH64_MOVW_UABS_G0_NC", Abs, &a64::MOVW_G0_NC),
    row(265, "R_AARCH64_MOVW_UABS_G1", Abs, &a64::MOVW_G1),
    row(266, "R_AARCH64_MOVW_UABS_G1_NC", Abs, &a64::MOVW_G1_NC),
    row(267, "R_AARCH64_MOVW_UABS_G2", Abs, &a64::MOVW_G2),
    row(268, "R_AARCH64_MOVW_UABS_G2_NC", Abs, &a64::MOVW_G2_NC),
    row(269, "R_AARCH64_MOVW_UABS_G3", Abs, &a64::MOVW_G3),
    row(270, "R_AARCH64_MOVW_SABS_G0", Abs, &a64::MOVZN_G0),
    row(271, "R_AARCH64_MOVW_SABS_G1", Abs, &a64::MOVZN_G1),
    row(272, "R_AARCH64_MOVW_SABS_G2", Abs, &a64::MOVZN_G2),
    row(273, "R_AARCH64_LD_PREL_LO19", Rel, &a64::IMM19),
    row(274, "R_AARCH64_ADR_PREL_LO21", Rel, &a64::ADR),
    row(275, "R_AARCH64_ADR_PREL_PG_HI21", Page, &a64::ADRP),
    row(276, "R_AARCH64_ADR_PREL_PG_HI21_NC", Page, &a64::ADRP_NC),
    row(277, "R_AARCH64_ADD_ABS_LO12_NC", Abs, &a64::ADD_LO12_NC),
    row(278, "R_AARCH64_LDST8_ABS_LO12_NC", Abs, &a64::LDST8_LO12_NC),
    row(279, "R_AARCH64_TSTBR14", Rel, &a64::IMM14),
    row(280, "R_AARCH64_CONDBR19", Rel, &a64::IMM19),
    row(282, "R_AARCH64_JUMP26", Rel, &a64::BRANCH26),
    row(283, "R_AARCH64_CALL26", Rel, &a64::BRANCH26),
    row(284, "R_AARCH64_LDST16_ABS_LO12_NC", Abs, &a64::LDST16_LO12_NC),
    row(285, "R_AARCH64_LDST32_ABS_LO12_NC", Abs, &a64::LDST32_LO12_NC),
    row(286, "R_AARCH64_LDST64_ABS_LO12_NC", Abs, &a64::LDST64_LO12_NC),
    row(287, "R_AARCH64_MOVW_PREL_G0", Rel, &a64::MOVZN_G0),
    row(288, "R_AARCH64_MOVW_PREL_G0_NC", Rel, &a64::MOVW_G0_NC),
    row(289, "R_AARCH64_MOVW_PREL_G1", Rel, &a64::MOVZN_G1),
    row(290, "R_AARCH64_MOVW_PREL_G1_NC", Rel, &a64::MOVW_G1_NC),
    row(291, "R_AARCH64_MOVW_PREL_G2", Rel, &a64::MOVZN_G2),
    row(292, "R_AARCH64_MOVW_PREL_G2_NC", Rel, &a64::MOVW_G2_NC),
    row(293, "R_AARCH64_MOVW_PREL_G3", Rel, &a64::MOVZN_G3),
    row(299, "R_AARCH64_LDST128_ABS_LO12_NC", Abs, &a64::LDST128_LO12_NC),
    row(309, "R_AARCH64_GOT_LD_PREL19", GotRel, &a64::IMM19),
    row(310, "R_AARCH64_LD64_GOTOFF_LO15", GotOffset, &a64::LD64_LO15),
    row(311, "R_AARCH64_ADR_GOT_PAGE", GotPage, &a64::ADRP),
    row(312, "R_AARCH64_LD64_GOT_LO12_NC", Got, &a64::LDST64_LO12_NC),
    row(313, "R_AARCH64_LD64_GOTPAGE_LO15", GotPageOffset, &a64::LD64_LO15),
    row(314, "R_AARCH64_PLT32", Rel, &SIGNED32),
    row(541, "R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21", GotPage, &a64::ADRP),
    row(542, "R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC", Got, &a64::LDST64_LO12_NC),
    row(543, "R_AARCH64_TLSIE_LD_GOTTPREL_PREL19", GotRel, &a64::IMM19),
    row(544, "R_AARCH64_TLSLE_MOVW_TPREL_G2", TpRel, &a64::MOVZN_G2),
    row(545, "R_AARCH64_TLSLE_MOVW_TPREL_G1", TpRel, &a64::MOVZN_G1),
    row(546, "R_AARCH64_TLSLE_MOVW_TPREL_G1_NC", TpRel, &a64::MOVW_G1_NC),
    row(547, "R_AARCH64_TLSLE_MOVW_TPREL_G0", TpRel, &a64::MOVZN_G0),
    row(548, "R_AARCH64_TLSLE_MOVW_TPREL_G0_NC", TpRel, &a64::MOVW_G0_NC),
    row(549, "R_AARCH64_TLSLE_ADD_TPREL_HI12", TpRel, &a64::ADD_HI12),
    row(550, "R_AARCH64_TLSLE_ADD_TPREL_LO12", TpRel, &a64::ADD_LO12),
    row(551, "R_AARCH64_TLSLE_ADD_TPREL_LO12_NC", TpRel, &a64::ADD_LO12_NC),
    row(552, "R_AARCH64_TLSLE_LDST8_TPREL_LO12", TpRel, &a64::LDST8_LO12),
    row(553, "R_AARCH64_TLSLE_LDST8_TPREL_LO12_NC", TpRel, &a64::LDST8_LO12_NC),
    row(554, "R_AARCH64_TLSLE_LDST16_TPREL_LO12", TpRel, &a64::LDST16_LO12),
    row(555, "R_AARCH64_TLSLE_LDST16_TPREL_LO12_NC", TpRel, &a64::LDST16_LO12_NC),
    row(556, "R_AARCH64_TLSLE_LDST32_TPREL_LO12", TpRel, &a64::LDST32_LO12),
    row(557, "R_AARCH64_TLSLE_LDST32_TPREL_LO12_NC", TpRel, &a64::LDST32_LO12_NC),
    row(558, "R_AARCH64_TLSLE_LDST64_TPREL_LO12", TpRel, &a64::LDST64_LO12),
    row(559, "R_AARCH64_TLSLE_LDST64_TPREL_LO12_NC", TpRel, &a64::LDST64_LO12_NC),
    row(571, "R_AARCH64_TLSLE_LDST128_TPREL_LO12_NC", TpRel, &a64::LDST128_LO12_NC),
    row(1024, "R_AARCH64_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(1025, "R_AARCH64_GLOB_DAT", Abs, &LOW64).for_linked_files(Dynamic::GlobDat),
    row(1026, "R_AARCH64_JUMP_SLOT", Abs, &LOW64).for_linked_files(Dynamic::JumpSlot),
    row(1027, "R_AARCH64_RELATIVE", Abs, &LOW64).for_linked_files(Dynamic::Relative),
    row(1030, "R_AARCH64_TLS_TPREL64", TpRel, &LOW64).for_linked_files(Dynamic::TpOffset),
];
