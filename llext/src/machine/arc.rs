//! ARC (ARCv2: EM and HS): the relocations of the ARC ELF ABI ("Relocation types") that GCC emits into
//! relocatable files, with or without `-fPIC`, and the dynamic ones. Little-endian.
//!
//! Addends are in the relocations (RELA). Instructions are middle-endian, data is not; P of an instruction is
//! PCL, the address rounded down to a word. A branch out of its range goes to a stub.
//!
//! Not here: what counts from the small-data base (SDA) or from a section's start (SECTOFF), which only
//! a linker knows, and the dynamic models of thread-local storage. `R_ARC_B26` is the ARCtangent-A4's.

use super::field::data::{EITHER8, EITHER16, LOW32, NOTHING};
use super::field::{Field, arc};
use super::row::{self, Dynamic, Row};
use super::{Class, Formula, Hint, Machine, Stub};
use Formula::*;

/// ARC, ARCv2.
pub static ARC: Machine = Machine {
    name: "ARC",
    e_machine: 195,
    class: Class::Elf32,
    rows: &ROWS,
    index: &INDEX,
    hints: &HINTS,
    stub: &STUB,
};

/// `LD r12, [PCL, 8]` and `J [r12]`: r12 is what the calling convention leaves to PLT entries.
static STUB: Stub = Stub {
    bytes: &[0x08, 0x17, 0x0c, 0x70, 0x20, 0x20, 0x00, 0x03, 0, 0, 0, 0],
    align: 4,
    word_at: 8,
    word_size: 4,
    arm_at: 0,
};

/// For variables in the small-data area.
const NO_SDATA: &str = "build with -mno-sdata";
/// For variables that may lie in another module.
const LOCAL_EXEC: &str = "build with -ftls-model=local-exec";

static HINTS: [Hint; 5] = [
    Hint::new(12, 12, NO_SDATA),
    Hint::new(18, 24, NO_SDATA),
    Hint::new(30, 30, NO_SDATA),
    Hint::new(45, 48, NO_SDATA),
    Hint::new(66, 71, LOCAL_EXEC),
];

const fn row(r_type: u16, name: &'static str, formula: Formula, field: &'static Field) -> Row {
    Row::new(Class::Elf32, r_type, name, formula, field)
}

static INDEX: [u8; 78] = row::index(&ROWS);

static ROWS: [Row; 32] = [
    row(0, "R_ARC_NONE", Nothing, &NOTHING),
    row(1, "R_ARC_8", Abs, &EITHER8),
    row(2, "R_ARC_16", Abs, &EITHER16),
    row(3, "R_ARC_24", Abs, &arc::BITS24),
    row(4, "R_ARC_32", Abs, &LOW32),
    row(5, "R_ARC_B26", Abs, &arc::TARG26),
    row(8, "R_ARC_N8", OfField, &arc::NEGATED8),
    row(9, "R_ARC_N16", OfField, &arc::NEGATED16),
    row(10, "R_ARC_N24", OfField, &arc::NEGATED24),
    row(11, "R_ARC_N32", OfField, &arc::NEGATED32),
    row(14, "R_ARC_S21H_PCREL", RelWord, &arc::DISP21H),
    row(15, "R_ARC_S21W_PCREL", RelWord, &arc::DISP21W),
    row(16, "R_ARC_S25H_PCREL", RelWord, &arc::DISP25H),
    row(17, "R_ARC_S25W_PCREL", RelWord, &arc::DISP25W),
    row(25, "R_ARC_S13_PCREL", RelWord, &arc::DISP13S),
    row(27, "R_ARC_32_ME", Abs, &arc::LIMM),
    row(28, "R_ARC_N32_ME", OfField, &arc::NEGATED_LIMM),
    row(49, "R_ARC_32_PCREL", Rel, &LOW32),
    row(50, "R_ARC_PC32", OfField, &arc::PCL_LIMM),
    row(51, "R_ARC_GOTPC32", OfField, &arc::PCL_LIMM_GOT).stub_word(),
    row(52, "R_ARC_PLT32", OfField, &arc::PCL_LIMM),
    row(53, "R_ARC_COPY", Nothing, &NOTHING).for_linked_files(Dynamic::Copy),
    row(54, "R_ARC_GLOB_DAT", Sym, &LOW32).for_linked_files(Dynamic::GlobDat),
    row(55, "R_ARC_JMP_SLOT", Sym, &LOW32).for_linked_files(Dynamic::JumpSlot),
    row(56, "R_ARC_RELATIVE", Abs, &LOW32).for_linked_files(Dynamic::Relative),
    row(57, "R_ARC_GOTOFF", SymOrigin, &arc::LIMM),
    row(60, "R_ARC_S21W_PCREL_PLT", RelWord, &arc::DISP21W),
    row(61, "R_ARC_S25H_PCREL_PLT", RelWord, &arc::DISP25H),
    row(72, "R_ARC_TLS_IE_GOT", OfField, &arc::PCL_LIMM_GOT).stub_word(),
    row(75, "R_ARC_TLS_LE_32", TpRel, &arc::LIMM),
    row(76, "R_ARC_S25W_PCREL_PLT", RelWord, &arc::DISP25W),
    row(77, "R_ARC_S21H_PCREL_PLT", RelWord, &arc::DISP21H),
];
