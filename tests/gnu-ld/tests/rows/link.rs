//! A row's cases, linked.

use crate::Subject;
use crate::cases::{Case, Moved, PITCH, Target};
use gnu_ld::image::Image;
use gnu_ld::new_object::{
    Definition, EXECUTABLE, FUNCTION, NewObject, NewRelocation, NewSection, NewSymbol,
    THREAD_LOCAL, TLS,
};
use gnu_ld::tools::{Linked, Linker, Paths, Product, Stops, fresh_folder, write};
use llext::machine::{Class, Operands, Row};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// The addresses that formulas know beside the symbol's and the place's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Address of the first case.
    pub base: usize,
    /// G: address of the GOT entry of the one symbol, if the row refers to one.
    g: usize,
    /// GOT: address of the table's origin.
    got: usize,
    /// Address of `.got`.
    table: usize,
    /// TP: the thread pointer.
    tp: usize,
    /// Start of the thread's block.
    block: usize,
    /// What is linked.
    product: Product,
    /// Whether each case has a section of its own.
    apart: bool,
    /// Who links.
    pub linker: Linker,
    /// Whether symbols are thread-local.
    is_tls: bool,
    /// Whether all cases have one symbol, and its entry in the GOT.
    one_symbol: bool,
    /// Bytes of an address.
    word: usize,
}

/// What a case ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A refusal.
    Refused,
    /// A veneer of the linker's between the branch and its target.
    Veneer,
}

/// What a linker made of the cases.
pub struct LinkedCases {
    /// One a case.
    pub outcomes: Vec<Outcome>,
    /// The file.
    pub image: Image,
}

/// Size of the thread's block in bytes.
const BLOCK_SIZE: usize = 0x2_0000;
/// Name of the section with all cases.
const TOGETHER: &str = ".cases";

impl World {
    /// The world for a row. Addresses are far from both ends, so that few distances wrap, and in class 64
    /// beyond 4 GiB.
    pub fn of(subject: &Subject, linker: Linker, row: &Row) -> Self {
        let base = match subject.machine.class {
            Class::Elf32 => 0x4000_0000,
            Class::Elf64 => 0x12_4000_0000,
        };
        let is_gnu = linker == Linker::Gnu;
        let one_error_a_section = is_gnu && subject.tools.gnu_stops == Stops::BehindTheSection;
        let moves_places = Moved::of(row, linker) == Moved::Place;
        let [g, got, table] = [base + 0x200_0000; 3];
        let block = base + 0x400_0000;
        Self {
            base,
            g,
            got,
            table,
            tp: thread_pointer(subject, block),
            block,
            product: match subject.machine.name {
                // Linkers turn what loads from the GOT of an executable into something else, if they know
                // what the code is.
                "AArch64" | "x86-64" | "i386" | "ARC" if row.needs_stub_word() => Product::Shared,
                _ => Product::Executable,
            },
            one_symbol: row.needs_stub_word(),
            word: if subject.machine.class.is_64() { 8 } else { 4 },
            apart: row.is_pad() || moves_places || one_error_a_section,
            linker,
            is_tls: ["TLS", "TPREL", "TPOFF"]
                .iter()
                .any(|part| row.name.contains(part)),
        }
    }

    /// This world, and where nothing but the entry of the GOT moves the result those that differ by one bit
    /// of its address.
    pub fn with_others(self, row: &Row) -> Vec<Self> {
        let bits = match Moved::of(row, self.linker) {
            Moved::Nothing if row.needs_stub_word() => 3..15,
            _ => 0..0,
        };
        let moved = bits.map(|bit| Self {
            table: self.table + (1 << bit),
            ..self
        });
        moved.chain([self]).collect()
    }

    /// Operands of a case.
    pub fn operands(&self, s: usize, a: isize, p: usize) -> Operands {
        let Self { g, got, tp, .. } = *self;
        Operands {
            s,
            a,
            p,
            t: 0,
            g,
            got,
            tp,
        }
    }

    /// Takes over where the linker put the GOT. Says whether that is new.
    pub fn learn(&mut self, row: &Row, image: &Image) -> bool {
        let before = *self;
        if self.one_symbol {
            let entries = match self.product {
                Product::Shared => image.dynamic_places(".got"),
                Product::Executable => image.places_of(".got", self.entry(), self.word),
            };
            let [entry] = entries[..] else {
                panic!("{}: entries of the GOT: {entries:x?}", row.name)
            };
            self.g = entry;
        }
        self.got = image.symbol("_GLOBAL_OFFSET_TABLE_").unwrap_or(self.got);
        *self != before
    }

    /// Value of the one symbol: a number that nothing else is.
    fn entry_symbol(&self) -> usize {
        if self.is_tls {
            self.block + 0x1230
        } else {
            0x1357_9bd0
        }
    }

    /// What the linker writes into its entry.
    fn entry(&self) -> usize {
        if self.is_tls {
            self.entry_symbol().wrapping_sub(self.tp)
        } else {
            self.entry_symbol()
        }
    }

    fn script(&self, cases: &[(usize, &Case)]) -> String {
        let Self {
            base, table, block, ..
        } = *self;
        let mut script = String::from("SECTIONS {\n. = 0x10000;\n");
        if self.apart {
            for (number, case) in cases {
                let address = case.address & !(PITCH - 1);
                let _ = writeln!(script, ".c{number} {address:#x} : {{ *(.c{number}) }}");
            }
        } else {
            let _ = writeln!(script, "{TOGETHER} {base:#x} : {{ *({TOGETHER}) }}");
        }
        let _ = writeln!(script, ".got {table:#x} : {{ *(.got.plt) *(.got) }}");
        if self.is_tls {
            let _ = writeln!(script, ".tbss {block:#x} : {{ *(.tbss) }}");
        }
        script + "}\n"
    }
}

/// TP of an executable whose thread's block starts at `block`: "ELF Handling For Thread-Local Storage",
/// variant I with a TCB of two words on ARM and AArch64, and with TP at the block on RISC-V; variant II
/// with TP at the block's end on x86.
fn thread_pointer(subject: &Subject, block: usize) -> usize {
    match subject.machine.name {
        "ARM" | "Xtensa" | "ARC" => block - 8,
        "AArch64" => block - 16,
        "x86-64" | "i386" => block + BLOCK_SIZE,
        _ => block,
    }
}

/// Links the cases, and says what became of each. `None`: the linker does not know the row's type.
/// `refused_by_us`: which cases the row refuses.
pub fn link(
    subject: &Subject,
    linker: Linker,
    row: &Row,
    (cases, world): (&[Case], &World),
    refused_by_us: impl Fn(&Case) -> bool,
) -> Option<LinkedCases> {
    let numbered: Vec<_> = cases.iter().enumerate().collect();
    let mut refused = HashSet::new();
    if subject.tools.gnu_stops == Stops::AtOnce {
        // A case that may be refused would keep the others from being linked.
        for one in numbered.iter().filter(|(_, case)| refused_by_us(case)) {
            let linked = run(subject, linker, row, (&[*one], world))?;
            refused.extend(numbers_in(&linked.errors, cases, world));
        }
    }
    let mut errors = String::new();
    for _ in 0..ROUNDS {
        let left: Vec<_> = numbered
            .iter()
            .filter(|(number, _)| !refused.contains(number))
            .copied()
            .collect();
        let linked = run(subject, linker, row, (&left, world))?;
        refused.extend(numbers_in(&linked.errors, cases, world));
        if linked.output.exists() {
            let image = Image::read(&linked.output);
            let outcome = |&(number, case): &(usize, &Case)| match refused.contains(&number) {
                true => Outcome::Refused,
                false => outcome(&image, number, case, world),
            };
            let outcomes = numbered.iter().map(outcome).collect();
            return Some(LinkedCases { outcomes, image });
        }
        errors = linked.errors.chars().take(1000).collect();
    }
    panic!("{linker:?} makes nothing of {}: {errors}", row.name)
}

/// How often cases that are refused are left out, and the others linked again.
const ROUNDS: usize = 8;

fn run(
    subject: &Subject,
    linker: Linker,
    row: &Row,
    (cases, world): (&[(usize, &Case)], &World),
) -> Option<Linked> {
    let tools = subject.tools;
    let folder = format!("{linker:?}{}-{}", tools.cpu.join(""), row.name);
    let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), &folder);
    let [object, script] = ["cases.o", "cases.ld"].map(|name| folder.join(name));
    let file = object_of(row, cases, world).write(&subject.tools.format);
    std::fs::write(&object, file).expect("a file in the test's folder");
    write(&script, &world.script(cases));
    let paths = Paths {
        script: &script,
        objects: &[object],
    };
    tools.link(linker, world.product, &paths)
}

/// What a linked file holds of a case.
fn outcome(image: &Image, number: usize, case: &Case, world: &World) -> Outcome {
    if image.has_veneer(&format!("t{number}")) {
        return Outcome::Veneer;
    }
    let (section, offset) = place_of(number, case, world);
    let span = offset + case.skip..offset + case.template.len();
    let section = image.section(&section);
    match section.and_then(|(_, bytes)| bytes.get(span)) {
        Some(bytes) => Outcome::Bytes(bytes.to_vec()),
        // A section that lost bytes to an alignment.
        None => Outcome::Refused,
    }
}

/// Section and offset of a case's template.
fn place_of(number: usize, case: &Case, world: &World) -> (String, usize) {
    if world.apart {
        // At its start a section is aligned.
        (format!(".c{number}"), case.address % PITCH)
    } else {
        (TOGETHER.into(), case.address - world.base)
    }
}

fn object_of(row: &Row, cases: &[(usize, &Case)], world: &World) -> NewObject {
    let mut file = NewObject::default();
    let mut sections = Vec::new();
    if world.is_tls {
        file.section(NewSection {
            name: ".tbss".into(),
            size: BLOCK_SIZE as u64,
            flags: THREAD_LOCAL,
            ..Default::default()
        });
    }
    let first_symbol = if row.completes_high_part() {
        cases.len()
    } else {
        0
    };
    for (position, &(number, case)) in cases.iter().enumerate() {
        let (name, offset) = place_of(number, case, world);
        if world.apart || sections.is_empty() {
            sections.push(NewSection {
                name,
                flags: EXECUTABLE,
                ..Default::default()
            });
        }
        let section = sections.last_mut().expect("a section");
        section.bytes.resize(offset, 0);
        section.bytes.extend(&case.template);
        let symbol = match world.one_symbol {
            // Padding has no symbol.
            _ if row.is_pad() => 0,
            true => first_symbol + 1,
            false => first_symbol + position + 1,
        };
        section
            .relocations
            .extend(relocations(row, case, offset, (symbol, position + 1)));
    }
    let place = 1 + usize::from(world.is_tls);
    for section in sections {
        file.section(section);
    }
    if row.completes_high_part() {
        for (position, &(number, case)) in cases.iter().enumerate() {
            let own = if world.apart { position } else { 0 };
            file.symbol(NewSymbol {
                name: format!("p{number}"),
                definition: Definition::Section(place + own),
                value: place_of(number, case, world).1,
                kind: 0,
                global: false,
            });
        }
    }
    if world.one_symbol {
        file.symbol(the_one_symbol(world));
    } else {
        for &(number, case) in cases {
            file.symbol(symbol(number, case, world));
        }
    }
    file
}

fn the_one_symbol(world: &World) -> NewSymbol {
    let kind = if world.is_tls { TLS } else { 0 };
    let (definition, value) = match (world.product, world.is_tls) {
        (Product::Shared, _) => (Definition::Undefined, 0),
        (_, true) => (Definition::Section(1), world.entry_symbol() - world.block),
        (_, false) => (Definition::Absolute, world.entry_symbol()),
    };
    NewSymbol {
        name: "t".into(),
        definition,
        value,
        kind,
        global: true,
    }
}

fn symbol(number: usize, case: &Case, world: &World) -> NewSymbol {
    let (definition, value, kind) = match case {
        _ if world.is_tls => {
            let offset = case.symbol.wrapping_sub(world.block);
            (Definition::Section(1), offset, TLS)
        }
        _ => match case.target {
            Target::Thumb => (Definition::Absolute, case.symbol + 1, FUNCTION),
            Target::Arm => (Definition::Absolute, case.symbol, FUNCTION),
            Target::Number => (Definition::Absolute, case.symbol, 0),
        },
    };
    NewSymbol {
        name: format!("t{number}"),
        definition,
        value,
        kind,
        global: true,
    }
}

/// The row's number, or one of the same meaning where the linkers are older than the psABI's.
fn known_type(row: &Row) -> u32 {
    match row.name {
        // From binutils 2.42 on; the same formula and field as R_RISCV_32_PCREL, for a function.
        "R_RISCV_PLT32" => 57,
        _ => row.r_type.into(),
    }
}

/// The relocations of a case; a PCREL_LO12 needs its HI20.
fn relocations(
    row: &Row,
    case: &Case,
    offset: usize,
    (symbol, label): (usize, usize),
) -> Vec<NewRelocation> {
    const R_RISCV_PCREL_HI20: u32 = 23;
    let own = NewRelocation {
        offset,
        r_type: known_type(row),
        symbol,
        addend: case.addend.unwrap_or(0),
    };
    if !row.completes_high_part() {
        return vec![own];
    }
    let high = NewRelocation {
        r_type: R_RISCV_PCREL_HI20,
        ..own
    };
    let low = NewRelocation {
        offset: offset + case.skip,
        symbol: label,
        addend: 0,
        ..own
    };
    vec![high, low]
}

/// The numbers of the cases that the linker complained of: `(.cases+0x120)`, `(.c18+0x0)`.
fn numbers_in(errors: &str, cases: &[Case], world: &World) -> HashSet<usize> {
    let slot = |case: &Case| (case.address - world.base) / PITCH;
    let slots: HashMap<usize, usize> = match world.apart {
        true => HashMap::new(),
        false => cases.iter().map(slot).zip(0..).collect(),
    };
    let number = |part: &str| {
        let (section, offset) = part.split_once(')')?.0.split_once("+0x")?;
        match section.strip_prefix(".c")? {
            "ases" => slots
                .get(&(usize::from_str_radix(offset, 16).ok()? / PITCH))
                .copied(),
            number => number.parse().ok(),
        }
    };
    // A note, of lld.
    let harmless = |line: &&str| !line.contains("interworking not performed");
    let lines = errors.lines().filter(harmless);
    lines
        .flat_map(|line| line.split('('))
        .filter_map(number)
        .collect()
}
