//! What a linker is no judge of, and why.

use crate::cases::{Case, Target};
use gnu_ld::tools::Linker;
use llext::machine::Row;
use llext::machine::field::{Limits, Sign};

/// Rows that GNU ld 2.40 cannot judge, and why.
const NOT_JUDGED: [(&str, &str); 7] = [
    (
        "R_ARC_GOTOFF",
        "it counts from .got, and puts _GLOBAL_OFFSET_TABLE_ elsewhere",
    ),
    (
        "R_ARM_THM_ABS5",
        "it adds the value to the whole instruction, whatever its field",
    ),
    (
        "R_AARCH64_TLSLE_MOVW_TPREL_G2",
        "it refuses every offset below 4 GiB",
    ),
    ("R_ARM_GOT_ABS", "it makes no entry of the GOT"),
    (
        "R_RISCV_GOT32_PCREL",
        "the number had another meaning, of C++ tables",
    ),
    ("R_RISCV_SET_ULEB128", "it crashes on what it does not know"),
    ("R_RISCV_SUB_ULEB128", "it crashes on what it does not know"),
];

/// Why a linker does not judge the row.
pub fn not_judged(linker: Linker, row: &Row) -> Option<&'static str> {
    NOT_JUDGED
        .iter()
        .find(|(name, _)| linker == Linker::Gnu && *name == row.name)
        .map(|(_, reason)| *reason)
}

/// Rows that no linker takes in a relocatable file: a dynamic linker's, and R_ARC_B26 of a machine that the
/// tools have given up. The unit tests beside the tables have their cases.
pub fn elsewhere(row: &Row) -> bool {
    const OTHERS: [&str; 3] = ["R_AARCH64_TLS_TPREL64", "R_386_TLS_TPOFF", "R_ARC_B26"];
    row.dynamic().is_some() || OTHERS.contains(&row.name)
}

/// Whether the linker judges the case by the psABI's rules. Where it does not, the unit tests beside the
/// tables have cases.
pub fn judged(linker: Linker, row: &Row, case: &Case) -> bool {
    let Case {
        value,
        symbol,
        target,
        wraps,
        ..
    } = *case;
    // In class 32 they compute in 64 bits on this host: they see no negative symbols, and refuse what wraps.
    if wraps && row.field.limits.sign != Sign::Any {
        return false;
    }
    let Limits { sign, bits, .. } = row.field.limits;
    let gnu_bitfield = ["R_X86_64_", "R_386_", "R_ARC_"]
        .iter()
        .any(|start| linker == Linker::Gnu && row.name.starts_with(start));
    if sign == Sign::Either && gnu_bitfield && value < row.field.limits.min() {
        // It takes negative numbers of one bit more, which lose their sign.
        return value < -1 << bits;
    }
    match (linker, row.name) {
        // It cuts what does not fit the alignment.
        (Linker::Gnu, name) if name.starts_with("R_ARC_S") => {
            value & (isize::from(row.field.limits.align) - 1) == 0
        }
        // So do both with these; the table refuses.
        (
            _,
            "R_AARCH64_TSTBR14" | "R_AARCH64_CONDBR19" | "R_AARCH64_JUMP26" | "R_AARCH64_CALL26",
        ) => value & 3 == 0,
        // It cuts pages that are too far away. The value is rounded down to a page.
        (Linker::Gnu, "R_AARCH64_ADR_GOT_PAGE" | "R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21") => {
            (-0xffff_f000..0xffff_e000).contains(&value)
        }
        // It cuts entries that are too far away.
        (Linker::Gnu, "R_AARCH64_TLSIE_LD_GOTTPREL_PREL19") => row.field.limits.contains(value),
        // It has no MOVN for variables below the thread pointer, where none are, and cuts.
        (Linker::Gnu, name) if name.starts_with("R_AARCH64_TLSLE_MOVW_TPREL") => {
            value >= 0 && row.field.limits.contains(value)
        }
        // It cuts what is beyond the table.
        (Linker::Lld, "R_AARCH64_LD64_GOTPAGE_LO15") => row.field.limits.contains(value),
        // It leaves MOVZ a MOVZ, where AAELF64 has MOVN.
        (Linker::Lld, "R_AARCH64_MOVW_PREL_G3") => value >= 0,
        // It takes them for unsigned; AAELF64 does not.
        (Linker::Gnu, "R_AARCH64_ABS32" | "R_AARCH64_ABS16") => value >= 0,
        // It takes them for signed; AAELF64 does not.
        (Linker::Gnu, "R_AARCH64_PREL32" | "R_AARCH64_PREL16") => value < 1 << (bits - 1),
        // It takes a distance that 64-bit code cannot jump.
        (Linker::Gnu, "R_X86_64_PC16") => (-0x8000..0x8000).contains(&value),
        // They leave a BLX to what has no type, odd or on an M-profile core; the loader makes it a BL.
        (_, "R_ARM_THM_CALL") if target == Target::Number && case.template[3] & 0x10 == 0 => {
            value & 1 == 0 && !row.enters_thumb()
        }
        // It takes the sign of the distance before it rounds it up, and cuts what is too far away then.
        (Linker::Gnu, "R_ARM_THM_CALL") if target == Target::Arm => {
            ![-2, 0xff_fffe].contains(&value)
        }
        // They compute groups of bits in 64 bits, and so with another sign.
        (_, name) if name.contains("_PC_G") => i32::try_from(value).is_ok() && !wraps,
        // Class 32 counts in 32 bits, and extends the sign of what the pair makes.
        (_, "R_RISCV_ADD64" | "R_RISCV_SUB64") if !row.class().is_64() => symbol < 0x7fff_0000,
        // They cut what does not fit; the table refuses it.
        (_, "R_RISCV_32" | "R_RISCV_32_PCREL" | "R_RISCV_PLT32") => {
            sign == Sign::Any || row.field.limits.contains(value)
        }
        // They cut distances that are no multiples of 4; the table refuses them.
        (_, "R_ARM_PC24" | "R_ARM_CALL" | "R_ARM_JUMP24" | "R_ARM_PLT32") => {
            target == Target::Thumb || value & 3 == 0
        }
        // They branch to A32 code all the same; the loader refuses.
        (_, "R_ARM_THM_JUMP11" | "R_ARM_THM_JUMP8" | "R_ARM_THM_JUMP6")
            if target == Target::Arm =>
        {
            false
        }
        (Linker::Gnu, "R_ARM_THM_PC8") => value & 3 == 0 && (0..0x400).contains(&value),
        // GNU ld refuses all that are negative, lld forgets the sign.
        (_, "R_ARM_THM_PC12") => value >= 0,
        // It adds T to an odd A, where AAELF32 has "or".
        (Linker::Lld, "R_ARM_PREL31") => target != Target::Thumb || case.template[0] & 1 == 0,
        // It refuses those that need the field's highest bit.
        (Linker::Gnu, "R_ARM_THM_JUMP6") => !(0x40..0x80).contains(&value),
        // It counts bit 0 of what is no Thumb function.
        (Linker::Gnu, "R_ARM_THM_JUMP19") => symbol & 1 == 0,
        // It sets T in the magnitude of a negative distance.
        (Linker::Gnu, "R_ARM_THM_ALU_PREL_11_0") => target != Target::Thumb,
        _ => true,
    }
}
