//! Cases for the rows: templates to relocate, and values that walk every bit.

use llext::machine::field::{Field, Sign, a32, data, riscv, t32};
use llext::machine::{Formula, Row};
use std::fmt::Write;

/// One relocation.
#[derive(Debug)]
pub struct Case {
    /// Bytes in front of the template.
    pub lead: usize,
    /// What is relocated, from `skip` on.
    pub template: &'static [u8],
    /// Bytes of the template in front of the row's place: a PCREL_LO12 follows its AUIPC.
    pub skip: usize,
    /// The addend, where it is not in the place.
    pub addend: Option<isize>,
    /// The symbol's value, without the Thumb bit.
    pub symbol: usize,
    /// Whether the symbol is a Thumb function.
    pub thumb: bool,
}

/// What a row's place may hold beforehand: opcodes as little-endian halfwords or words, with the
/// addends 0 and −4 (the bias of T32 branches), and others.
fn templates(field: &Field) -> &'static [&'static [u8]] {
    let mut known = TEMPLATES.iter();
    known
        .find(|(known, _)| is(field, known))
        .map_or(&[], |(_, templates)| templates)
}

/// The bytes that a place of a field may hold beforehand.
type Templates = &'static [&'static [u8]];

static TEMPLATES: [(&Field, Templates); 36] = [
    (
        &data::NOTHING,
        &[&[0x70, 0x47, 0x13, 0x00], &[0xff, 0xff, 0xff, 0xff]],
    ),
    (&data::LOW6, &[&[0x00], &[0xc5], &[0xff]]),
    (&data::LOW8, &[&[0x00], &[0x05], &[0xfc]]),
    (&data::LOW16, &[&[0x00, 0x00], &[0x34, 0x12], &[0xfc, 0xff]]),
    // GNU ld 2.40 does not sign-extend these addends.
    (&data::EITHER8, &[&[0x00], &[0x05]]),
    (&data::EITHER16, &[&[0x00, 0x00], &[0x34, 0x12]]),
    (
        &data::LOW64,
        &[&[0; 8], &[0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0]],
    ),
    (
        &data::LOW32,
        &[
            &[0, 0, 0, 0],
            &[0x78, 0x56, 0x34, 0x12],
            &[0xfc, 0xff, 0xff, 0xff],
        ],
    ),
    (
        &data::SIGNED31,
        &[&[0, 0, 0, 0], &[5, 0, 0, 0x80], &[0xfc, 0xff, 0xff, 0x7f]],
    ),
    // BL .; BEQ . + 8
    (
        &a32::BRANCH_A1,
        &[&[0xfe, 0xff, 0xff, 0xeb], &[0x00, 0x00, 0x00, 0x0a]],
    ),
    // MOVW R3, #0; MOVW R3, #0xfffc
    (
        &a32::MOVW_A2,
        &[&[0x00, 0x30, 0x00, 0xe3], &[0xfc, 0x3f, 0x0f, 0xe3]],
    ),
    // MOVT R3, #0; MOVT R3, #0xfffc
    (
        &a32::MOVT_A1,
        &[&[0x00, 0x30, 0x40, 0xe3], &[0xfc, 0x3f, 0x4f, 0xe3]],
    ),
    // BEQ .; BNE . + 4
    (&t32::BRANCH_T1, &[&[0xfe, 0xd0], &[0x00, 0xd1]]),
    // B .; B . + 4
    (&t32::BRANCH_T2, &[&[0xfe, 0xe7], &[0x00, 0xe0]]),
    // BEQ.W .; BLE.W . + 4
    (
        &t32::BRANCH_T3,
        &[&[0x3f, 0xf4, 0xfe, 0xaf], &[0x40, 0xf3, 0x00, 0x80]],
    ),
    // BL .; B.W .; BL . + 4
    (
        &t32::BRANCH_T4,
        &[
            &[0xff, 0xf7, 0xfe, 0xff],
            &[0xff, 0xf7, 0xfe, 0xbf],
            &[0x00, 0xf0, 0x00, 0xf8],
        ],
    ),
    // CBZ R0, . + 4; CBNZ R7, . + 4. GNU ld 2.40 takes other addends than 0 for something else.
    (&t32::CBZ_T1, &[&[0x00, 0xb1], &[0x07, 0xb9]]),
    // MOVW R3, #0; MOVW R3, #0xfffc
    (
        &t32::MOVW_T3,
        &[&[0x40, 0xf2, 0x00, 0x03], &[0x4f, 0xf6, 0xfc, 0x73]],
    ),
    // MOVT R3, #0; MOVT R3, #0xfffc
    (
        &t32::MOVT_T1,
        &[&[0xc0, 0xf2, 0x00, 0x03], &[0xcf, 0xf6, 0xfc, 0x73]],
    ),
    // LDR R1, [R2]; STR R7, [R6, #8]
    (&t32::LDR_IMMEDIATE_T1, &[&[0x11, 0x68], &[0xb7, 0x60]]),
    // LDR R2, [PC]; ADR R1, . with the bias of −4
    (&t32::LITERAL_T1, &[&[0x00, 0x4a], &[0xff, 0xa1]]),
    // LDR.W R0, [PC]; LDRB.W R3, [PC, #-4]
    (
        &t32::LITERAL_T2,
        &[&[0xdf, 0xf8, 0x00, 0x00], &[0x1f, 0xf8, 0x04, 0x30]],
    ),
    // ADD R0, PC, #0; SUB R3, PC, #4
    (
        &t32::ADR_T2_T3,
        &[&[0x0f, 0xf2, 0x00, 0x00], &[0xaf, 0xf2, 0x04, 0x03]],
    ),
    // MOVS R0, #0; ADDS R3, #5
    (&t32::BYTES[0], &[&[0x00, 0x20], &[0x05, 0x33]]),
    // MOVS R0, #0; ADDS R3, #5
    (&t32::BYTES[1], &[&[0x00, 0x20], &[0x05, 0x33]]),
    // MOVS R0, #0; ADDS R3, #5
    (&t32::BYTES[2], &[&[0x00, 0x20], &[0x05, 0x33]]),
    // MOVS R0, #0; ADDS R3, #5
    (&t32::BYTES[3], &[&[0x00, 0x20], &[0x05, 0x33]]),
    // beq a0, a1, .; bltu t6, s1, . - 2
    (
        &riscv::BRANCH,
        &[&[0x63, 0x00, 0xb5, 0x00], &[0xe3, 0xef, 0x9f, 0xfe]],
    ),
    // j .; jal . - 2
    (&riscv::JUMP, &[&[0x6f, 0, 0, 0], &[0xef, 0xf0, 0xff, 0xff]]),
    // call; tail with all immediate bits set
    (
        &riscv::CALL,
        &[
            &[0x97, 0, 0, 0, 0xe7, 0x80, 0, 0],
            &[0x17, 0xf3, 0xff, 0xff, 0x67, 0x00, 0xf3, 0xff],
        ],
    ),
    // lui a0, 0; auipc t6, 0xfffff
    (
        &riscv::HI20,
        &[&[0x37, 0x05, 0, 0], &[0x97, 0xff, 0xff, 0xff]],
    ),
    // addi a0, a0, 0; lw t6, -1(t6)
    (
        &riscv::LO12_I,
        &[&[0x13, 0x05, 0x05, 0x00], &[0x83, 0xaf, 0xff, 0xff]],
    ),
    // sw a0, 0(a1); sb t6, -1(t6)
    (
        &riscv::LO12_S,
        &[&[0x23, 0xa0, 0xa5, 0x00], &[0xa3, 0x8f, 0xff, 0xff]],
    ),
    // c.beqz a0, .; c.bnez a5, . - 2
    (&riscv::COMPRESSED_BRANCH, &[&[0x01, 0xc1], &[0xfd, 0xff]]),
    // c.j .; c.jal . - 2
    (&riscv::COMPRESSED_JUMP, &[&[0x01, 0xa0], &[0xfd, 0x3f]]),
    // c.lui a0, 1; c.lui a5, 0xfffff
    (&riscv::COMPRESSED_LUI, &[&[0x05, 0x65], &[0xfd, 0x77]]),
];

/// An AUIPC, and the instruction that a PCREL_LO12 relocates.
fn completed(field: &Field) -> &'static [&'static [u8]] {
    if is(field, &riscv::LO12_I) {
        &[&[0x17, 0x05, 0, 0, 0x13, 0x05, 0x05, 0]]
    } else {
        &[&[0x17, 0x05, 0, 0, 0x23, 0x20, 0xb5, 0]]
    }
}

fn is(field: &Field, other: &'static Field) -> bool {
    std::ptr::eq(field, other)
}

/// Values whose bits are walked one by one, in both signs, each with neighbours near enough to
/// straddle every field's limits.
fn values() -> impl Iterator<Item = isize> {
    let mixed = [
        0x1234_5678,
        0x5555_5554,
        -0x5555_5556,
        -0x2_0800,
        -0x2_0801,
        0x1_f7ff,
        0x1_f800,
    ];
    let powers = (0..32).flat_map(|bit| [1_isize << bit, -(1_isize << bit)]);
    let walked = powers.flat_map(|power| [-4, -2, -1, 0, 1, 2, 4].map(|near| power + near));
    walked.chain(mixed)
}

/// The cases of a row whose cases lie at these addresses.
pub fn cases(row: &Row, address: impl Fn(usize) -> usize) -> Vec<Case> {
    match row.formula {
        Formula::Nothing => markers(row),
        _ if row.is_pad() => paddings(),
        Formula::TpRel => thread_offsets(row),
        _ => numbers(row, address),
    }
}

fn numbers(row: &Row, address: impl Fn(usize) -> usize) -> Vec<Case> {
    let in_place = row.name.starts_with("R_ARM");
    let (templates, skip) = if row.completes_high_part() {
        (completed(row.field), 4)
    } else {
        (templates(row.field), 0)
    };
    let mut cases = Vec::new();
    for (variant, template) in templates.iter().enumerate() {
        for value in values() {
            // Halfword-aligned places matter where P is rounded down to a word.
            let lead = if value & 8 == 0 { 0 } else { 2 };
            let p = address(cases.len()) + lead;
            let a = match row.formula {
                _ if in_place => row.addend(template),
                // GNU ld 2.40 adds what the psABI subtracts; assemblers give no addend here.
                Formula::Sub => 0,
                _ => [0, 5, -4][variant],
            };
            let symbol = symbol_for(row.formula, value, a, p);
            if !comparable(row.field, value, symbol, p) {
                continue;
            }
            let symbol = symbol as u32 as usize;
            let thumb =
                in_place && may_be_thumb(row.field) && symbol & 1 == 0 && cases.len() % 3 != 0;
            let addend = (!in_place).then_some(a);
            cases.push(Case {
                lead,
                template,
                skip,
                addend,
                symbol,
                thumb,
            });
        }
    }
    cases
}

/// The symbol that makes the formula give `value`.
fn symbol_for(formula: Formula, value: isize, a: isize, p: usize) -> isize {
    let from = match formula {
        Formula::Rel | Formula::RelT | Formula::OfHigh => p,
        Formula::RelWord | Formula::RelWordT => p & !3,
        _ => 0,
    };
    from as isize + value - a
}

/// Whether GNU ld 2.40 judges the case by the psABI's rules. Where it does not, the unit tests
/// beside the tables have cases.
fn comparable(field: &Field, value: isize, symbol: isize, p: usize) -> bool {
    // It computes in 64 bits on this host: it sees no negative symbols, and refuses what wraps.
    let unwrapped = (0..1 << 32).contains(&symbol) || field.limits.sign == Sign::Any;
    unwrapped
        && match field {
            // It cuts distances that do not fit; the table refuses them.
            _ if is(field, &a32::BRANCH_A1) => (value | p as isize) & 3 == 0,
            _ if is(field, &t32::LITERAL_T1) => value & 3 == 0 && (0..0x400).contains(&value),
            // It refuses all that are negative.
            _ if is(field, &t32::LITERAL_T2) => value >= 0,
            // It refuses those that need the field's highest bit.
            _ if is(field, &t32::CBZ_T1) => !(0x40..0x80).contains(&value),
            // It counts bit 0 of what is no Thumb function.
            _ if is(field, &t32::BRANCH_T3) => symbol & 1 == 0,
            _ => true,
        }
}

/// Whether a symbol of the case may be a Thumb function.
fn may_be_thumb(field: &Field) -> bool {
    // A32 branches to Thumb code take more than a relocation; GNU ld 2.40 sets T in the magnitude of a
    // negative distance.
    !is(field, &a32::BRANCH_A1) && !is(field, &t32::ADR_T2_T3)
}

fn markers(row: &Row) -> Vec<Case> {
    let addend = row.name.starts_with("R_RISCV").then_some(0);
    let case = |&template| Case {
        lead: 0,
        template,
        skip: 0,
        addend,
        symbol: 64,
        thumb: false,
    };
    templates(row.field).iter().map(case).collect()
}

/// Alignments by up to three C.NOPs, each with an instruction behind it, from every halfword. GNU ld
/// takes padding out where it is too much, which shortens the section.
fn paddings() -> Vec<Case> {
    const PADDED: [&[u8]; 2] = [
        &[1, 0, 0x13, 0x05, 0x15, 0x00],
        &[1, 0, 1, 0, 1, 0, 0x13, 0x05, 0x15, 0x00],
    ];
    let case = |template: &'static [u8], lead| {
        let addend = Some(template.len() as isize - 4);
        Case {
            lead,
            template,
            skip: 0,
            addend,
            symbol: 0,
            thumb: false,
        }
    };
    PADDED
        .iter()
        .flat_map(|template| [0, 2, 4, 6].map(|lead| case(template, lead)))
        .collect()
}

fn thread_offsets(row: &Row) -> Vec<Case> {
    let offsets = [0, 1, 2, 4, 8, 0x10, 0x80, 0x400, 0x2000, 0x1_0000];
    let case = |template: &'static [u8], symbol| Case {
        lead: 0,
        template,
        skip: 0,
        addend: None,
        symbol,
        thumb: false,
    };
    let templates = templates(row.field).iter();
    templates
        .flat_map(|template| offsets.map(|offset| case(template, offset)))
        .collect()
}

impl Case {
    /// The case as assembly, in a section `.cNUMBER`, for a symbol `tNUMBER` of another file.
    pub fn assemble(&self, row: &Row, number: usize, text: &mut String) {
        let Self { lead, skip, .. } = *self;
        let addend = self.addend.unwrap_or(0);
        let name = known_to_gas(row.name);
        let _ = writeln!(text, ".section .c{number},\"ax\"\n.org {lead}\np{number}:");
        for byte in self.template {
            let _ = writeln!(text, ".byte {byte:#04x}");
        }
        if let Formula::TpRel = row.formula {
            let _ = writeln!(text, ".type t{number},%tls_object");
        }
        match row.formula {
            Formula::OfField => {
                let _ = writeln!(text, ".reloc p{number}, {name}, {addend}");
            }
            Formula::OfHigh => {
                let _ = writeln!(
                    text,
                    ".reloc p{number}, R_RISCV_PCREL_HI20, t{number}+{addend}"
                );
                let _ = writeln!(text, ".reloc p{number}+{skip}, {name}, p{number}");
            }
            _ => {
                let _ = writeln!(text, ".reloc p{number}, {name}, t{number}+{addend}");
            }
        }
    }

    /// The definition of `tNUMBER`.
    pub fn define(&self, row: &Row, number: usize, text: &mut String) {
        let symbol = self.symbol;
        let (kind, value) = match row.formula {
            Formula::TpRel => ("%tls_object", format!("tls_block+{symbol:#x}")),
            _ if self.thumb => ("%function", format!("{symbol:#x}+1")),
            _ => ("%notype", format!("{symbol:#x}")),
        };
        let _ = writeln!(
            text,
            ".globl t{number}\n.type t{number},{kind}\n.set t{number},{value}"
        );
    }
}

/// A name with the same meaning, where GNU as and ld are older than the psABI's.
fn known_to_gas(name: &str) -> &str {
    match name {
        // The same number under binutils' own name.
        "R_ARM_THM_ALU_ABS_G3" => "R_ARM_THM_ALU_ABS_G3_NC",
        // From binutils 2.42 on; the same formula and field, for a function.
        "R_RISCV_PLT32" => "R_RISCV_32_PCREL",
        name => name,
    }
}
