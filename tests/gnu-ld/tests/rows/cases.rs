//! Cases for the rows: templates to relocate, and values that walk every bit.

use crate::templates::templates;
use crate::{Subject, World};
use gnu_ld::tools::Linker;
use llext::machine::{Operands, Row};
use std::collections::BTreeSet;

/// One relocation.
#[derive(Debug)]
pub struct Case {
    /// Address of the template.
    pub address: usize,
    /// What is relocated, from `skip` on.
    pub template: Vec<u8>,
    /// Bytes of the template in front of the row's place: a PCREL_LO12 follows its AUIPC.
    pub skip: usize,
    /// The addend, where it is not in the place.
    pub addend: Option<isize>,
    /// The symbol's value, without the Thumb bit.
    pub symbol: usize,
    /// What the symbol is.
    pub target: Target,
    /// What the formula is to give.
    pub value: isize,
    /// Whether the formula gives it only modulo 2³².
    pub wraps: bool,
}

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A number, without a type.
    Number,
    /// ARM: a function in T32 code.
    Thumb,
    /// ARM: a function in A32 code.
    Arm,
}

/// What is moved to make a formula give a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The symbol, whose value is added or subtracted.
    Symbol {
        /// Whether it is subtracted.
        negative: bool,
    },
    /// The place: the formula does not know the symbol, or only its GOT entry.
    Place,
    /// The addend: the formula knows nothing but the GOT.
    Addend,
    /// Nothing: a marker, or padding that is judged by where it is.
    Nothing,
}

/// Bytes from one case to the next.
pub const PITCH: usize = 16;
/// A difference that no formula rounds away.
const STEP: usize = 0x10_0000;

impl Moved {
    /// What moves the row's formula where this linker links.
    pub fn of(row: &Row, linker: Linker) -> Self {
        let base = Operands {
            s: STEP,
            a: 0,
            p: STEP,
            t: 0,
            g: STEP,
            got: STEP,
            tp: 0,
        };
        let place = [0; 8];
        let value = |operands| row.value(&place, &operands);
        let difference = |operands| value(operands).wrapping_sub(value(base));
        if row.width() == 0 {
            return Self::Nothing;
        }
        let s = 2 * STEP;
        match difference(Operands { s, ..base }) {
            // lld cannot place sections gigabytes apart. GNU ld refuses some addends.
            0 if difference(Operands { p: s, ..base }) != 0 && linker == Linker::Gnu => Self::Place,
            0 if linker == Linker::Gnu && row.name.starts_with("R_AARCH64") => Self::Nothing,
            0 if row.needs_stub_word() || linker == Linker::Lld => Self::Addend,
            0 => Self::Nothing,
            change => Self::Symbol {
                negative: change < 0,
            },
        }
    }
}

/// Values whose bits are walked one by one, in both signs, and the pairs just inside and just outside the
/// row's limits; in full, with the neighbours of each.
fn values(row: &Row, is_64: bool, in_full: bool) -> impl Iterator<Item = isize> {
    let mixed = [0x1234_5678, 0x5555_5554, -0x5555_5556];
    let bits = if is_64 { 63 } else { 32 };
    let powers = (0..bits).flat_map(|bit| [1_isize << bit, -(1_isize << bit)]);
    let neighbours: &[isize] = if in_full {
        &[-4, -2, -1, 0, 1, 2, 4]
    } else {
        &[0]
    };
    let walked = powers.flat_map(|power| neighbours.iter().map(move |near| power + near));
    let (min, max) = (row.field.limits.min(), row.field.limits.max());
    let align = isize::from(row.field.limits.align);
    let near = [
        -0x1000, -0x800, -align, -1, 0, 1, align, 0x7ff, 0x800, 0x1000,
    ];
    let edges = [min, max]
        .into_iter()
        .flat_map(move |edge| near.map(|near| edge.wrapping_add(near)));
    let all: BTreeSet<isize> = walked.chain(mixed).chain(edges).collect();
    let in_class = move |value: &isize| {
        is_64 || i32::try_from(*value).is_ok() || u32::try_from(*value).is_ok()
    };
    all.into_iter().filter(in_class)
}

/// The cases of a row, in a world where they have `base` and what is behind it.
pub fn cases(subject: &Subject, row: &Row, world: &World) -> Vec<Case> {
    match Moved::of(subject.formula_of(row), world.linker) {
        Moved::Nothing if row.is_pad() => paddings(world),
        Moved::Nothing => markers(subject, row, world),
        moved => numbers(subject, row, (world, moved)),
    }
}

fn numbers(subject: &Subject, row: &Row, (world, moved): (&World, Moved)) -> Vec<Case> {
    let in_place = subject.tools.format.in_place;
    let skip = if row.completes_high_part() { 4 } else { 0 };
    let formula = subject.formula_of(row);
    let mut cases = Vec::new();
    for (variant, template) in templates(row).into_iter().enumerate() {
        // Each template of a field that decodes its opcode is another instruction.
        let in_full = variant == 0 || row.name == "R_XTENSA_SLOT0_OP";
        for value in values(row, subject.machine.class.is_64(), in_full) {
            // Halfword-aligned places matter where P is rounded down to a word.
            let lead = if value & 8 == 0 || is_a32(row) { 0 } else { 2 };
            let address = world.base + cases.len() * PITCH + lead;
            let a = match row.name {
                _ if in_place => row.addend(&template[skip..]),
                // GNU ld 2.40 adds what the psABI subtracts; assemblers give no addend here.
                name if name.starts_with("R_RISCV_SUB") => 0,
                _ if matches!(moved, Moved::Place | Moved::Addend) => 0,
                _ => [0, 5, -4][variant % 3],
            };
            let mut operands = world.operands(0, a, address);
            let at_zero = formula.value(&template[skip..], &operands);
            let missing = value.wrapping_sub(at_zero);
            match moved {
                Moved::Symbol { negative: false } => operands.s = missing as usize,
                Moved::Symbol { negative: true } => operands.s = missing.wrapping_neg() as usize,
                Moved::Addend => operands.a = operands.a.wrapping_add(missing),
                _ => operands.p = operands.p.wrapping_add_signed(missing.wrapping_neg()),
            }
            let (s, p) = (operands.s, operands.p);
            if !subject.machine.class.is_64() {
                operands.s &= 0xffff_ffff;
                operands.p &= 0xffff_ffff;
                operands.a = operands.a as i32 as isize;
            }
            let mut template = template.clone();
            if world.linker == Linker::Lld && !in_place {
                // It adds to what a field holds.
                let _ = row.put(&mut template[skip..], 0);
            }
            if in_place && moved == Moved::Addend {
                row.put(&mut template, operands.a).expect("an addend");
            }
            let symbol = operands.s;
            let target = match subject.machine.name {
                "ARM" => arm_target(subject, symbol, cases.len()),
                _ => Target::Number,
            };
            cases.push(Case {
                address: operands.p,
                template,
                skip,
                addend: (!in_place).then_some(operands.a),
                symbol,
                target,
                value,
                wraps: (s, p) != (operands.s, operands.p),
            });
        }
    }
    cases
}

/// Whether the row's place is an instruction of A32, which is aligned to a word.
pub fn is_a32(row: &Row) -> bool {
    let starts = ["PC24", "PLT32", "CALL", "JUMP24", "MOV", "ALU_", "LD"];
    let name = row.name.strip_prefix("R_ARM_").unwrap_or_default();
    starts.iter().any(|start| name.starts_with(start))
}

/// Symbols of each kind by turns: functions in A32 code where there is any, at its alignment.
fn arm_target(subject: &Subject, symbol: usize, turn: usize) -> Target {
    let has_a32 = std::ptr::eq(subject.machine, &llext::machine::ARM_A);
    match (turn % 3, symbol & 3) {
        (0, 0) if has_a32 => Target::Arm,
        (1 | 2, 0 | 2) => Target::Thumb,
        _ => Target::Number,
    }
}

fn markers(subject: &Subject, row: &Row, world: &World) -> Vec<Case> {
    let addend = (!subject.tools.format.in_place).then_some(0);
    let case = |(number, template)| Case {
        address: world.base + number * PITCH,
        template,
        skip: 0,
        addend,
        symbol: world.base + 64,
        target: Target::Number,
        value: 0,
        wraps: false,
    };
    templates(row).into_iter().enumerate().map(case).collect()
}

/// Alignments by up to three C.NOPs, each with an instruction behind it, from every halfword. GNU ld
/// takes padding out where it is too much, which shortens the section.
fn paddings(world: &World) -> Vec<Case> {
    const PADDED: [&[u8]; 2] = [
        &[1, 0, 0x13, 0x05, 0x15, 0x00],
        &[1, 0, 1, 0, 1, 0, 0x13, 0x05, 0x15, 0x00],
    ];
    let all = PADDED
        .iter()
        .flat_map(|template| [0, 2, 4, 6].map(|lead| (template, lead)));
    let case = |(number, (template, lead)): (usize, (&&[u8], usize))| Case {
        address: world.base + 2 * number * PITCH + lead,
        template: template.to_vec(),
        skip: 0,
        addend: Some(template.len() as isize - 4),
        symbol: 0,
        target: Target::Number,
        value: 0,
        wraps: false,
    };
    all.enumerate().map(case).collect()
}

impl Case {
    /// Whether the value is just inside or just outside the row's limits.
    pub fn is_near_limit(&self, row: &Row) -> bool {
        let limits = row.field.limits;
        [limits.min(), limits.max()]
            .iter()
            .any(|limit| limit.abs_diff(self.value) <= usize::from(limits.align))
    }

    /// What the row is applied with.
    pub fn operands(&self, row: &Row, world: &World) -> Operands {
        let place = &self.template[self.skip..];
        let a = self.addend.unwrap_or_else(|| row.addend(place));
        let t = match self.target {
            Target::Number => row.t_without_type(place),
            target => usize::from(target == Target::Thumb),
        };
        Operands {
            s: self.symbol,
            t,
            ..world.operands(self.symbol, a, self.address)
        }
    }
}
