//! What the cross compilers make of `objects/`: loaded, linked by GNU ld, compared.

use gnu_ld::compare::{Layout, Target};
use gnu_ld::object_file::ObjectFile;
use gnu_ld::tools::{self, fresh_folder};
use llext::machine;
use std::path::{Path, PathBuf};

static ARM: Target = Target {
    machine: &machine::ARM,
    tools: &tools::ARM,
};
static RISCV32: Target = Target {
    machine: &machine::RISCV32,
    tools: &tools::RISCV32,
};

/// As on mps2-an385: every call out of an extension needs a veneer.
const FAR: Layout = Layout {
    heap: 0x2180_0000,
    firmware: 0x1000,
    veneers: true,
};
/// Everything within reach of every branch.
const NEAR: Layout = Layout {
    heap: 0x0010_0000,
    firmware: 0x1000,
    veneers: false,
};
/// As on rv32-virt: code and heap in RAM.
const RAM: Layout = Layout {
    heap: 0x8040_0000,
    firmware: 0x8000_0000,
    veneers: false,
};

static RISCV64: Target = Target {
    machine: &machine::RISCV64,
    tools: &tools::RISCV64,
};
static AARCH64: Target = Target {
    machine: &machine::AARCH64,
    tools: &tools::AARCH64,
};
static X86_64: Target = Target {
    machine: &machine::X86_64,
    tools: &tools::X86_64,
};
static I386: Target = Target {
    machine: &machine::I386,
    tools: &tools::I386,
};
static XTENSA: Target = Target {
    machine: &machine::XTENSA,
    tools: &tools::XTENSA,
};
static ARC: Target = Target {
    machine: &machine::ARC,
    tools: &tools::ARC,
};

/// Everything below 2 GiB.
const LOW: Layout = Layout {
    heap: 0x4000_0000,
    firmware: 0x1000_0000,
    veneers: false,
};
/// Everything beyond 4 GiB, near together.
const HIGH: Layout = Layout {
    heap: 0x12_4000_0000,
    firmware: 0x12_4100_0000,
    veneers: false,
};
/// Everything beyond 4 GiB, calls out of an extension out of reach.
const HIGH_AND_FAR: Layout = Layout {
    heap: 0x12_4000_0000,
    firmware: 0x12_0000_0000,
    veneers: true,
};
/// The same below 2 GiB.
const LOW_AND_FAR: Layout = Layout {
    veneers: true,
    ..LOW
};
/// Within reach of L32R and CALL0.
const CLOSE: Layout = Layout {
    heap: 0x4010_0000,
    firmware: 0x400f_0000,
    veneers: false,
};

const SOURCES: [&str; 8] = [
    "calls.c",
    "data.c",
    "arithmetic.c",
    "weak.c",
    "common.c",
    "arrays.c",
    "shapes.cpp",
    "vague.cpp",
];

const OPTIMISATIONS: [&str; 3] = ["-O0", "-Os", "-O2"];
const SPLIT: [&[&str]; 2] = [&[], &["-ffunction-sections", "-fdata-sections"]];

/// Compiles all sources with every set of flags, and compares each object, and all of them as one
/// partially linked file, in every layout.
fn compare_compiled(target: &Target, name: &str, more: &[&str], layouts: &[Layout]) {
    let mut count = 0;
    let mut failures = Vec::new();
    for optimisation in OPTIMISATIONS {
        for split in SPLIT {
            let flags: Vec<&str> = [optimisation]
                .iter()
                .chain(split)
                .chain(more)
                .copied()
                .collect();
            let folder = fresh_folder(
                env!("CARGO_TARGET_TMPDIR"),
                &format!("{name}{}", flags.join("")),
            );
            let mut objects: Vec<PathBuf> = SOURCES
                .iter()
                .map(|source| compile(target, &folder, source, &flags))
                .collect();
            let all = folder.join("all.o");
            target.tools.link_partially(&objects, &all);
            objects.push(all);
            for object in &objects {
                for &layout in layouts {
                    match target.compare(&folder, &read(object), layout) {
                        Ok(sections) => count += sections,
                        Err(error) => failures.push(format!("{object:?} {layout:x?}: {error}")),
                    }
                }
            }
        }
    }
    println!("{name}: {count} sections compared");
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The same with fewer sets of flags, for machines that are built for one way, by GCC or (where the name says so)
/// Clang. GCC has no C++ for all of them.
fn compare_some(target: &Target, name: &str, more: &[&str], layouts: &[Layout]) {
    let clang = name.contains("clang");
    const SETS: [&[&str]; 2] = [&["-O0"], &["-Os", "-ffunction-sections", "-fdata-sections"]];
    let mut count = 0;
    let mut failures = Vec::new();
    for set in SETS {
        let common = [
            "-ffreestanding",
            "-fno-stack-protector",
            "-fno-asynchronous-unwind-tables",
        ];
        let flags: Vec<&str> = set.iter().chain(&common).chain(more).copied().collect();
        let folder = format!("{name}{}", flags.join(""));
        let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), &folder);
        for source in SOURCES
            .iter()
            .filter(|source| clang || source.ends_with(".c"))
        {
            let object = match clang {
                true => compile_with_clang(target, &folder, source, &flags),
                false => compile(target, &folder, source, &flags),
            };
            for &layout in layouts {
                // Address 0 is out of reach up there, and GNU ld refuses the calls to it, or rewrites code.
                if *source == "weak.c" && layout.heap >> 32 != 0 && name != "aarch64" {
                    continue;
                }
                match target.compare(&folder, &read(&object), layout) {
                    Ok(sections) => count += sections,
                    Err(error) => failures.push(format!("{object:?} {layout:x?}: {error}")),
                }
            }
        }
    }
    println!("{name}: {count} sections compared");
    let failures = failures.join("\n");
    assert!(failures.is_empty(), "{failures}");
}

fn compile(target: &Target, folder: &Path, source: &str, flags: &[&str]) -> PathBuf {
    let object = folder.join(source).with_extension("o");
    target.tools.compile(&path_of(source), flags, &object);
    object
}

fn compile_with_clang(target: &Target, folder: &Path, source: &str, flags: &[&str]) -> PathBuf {
    let object = folder.join(source).with_extension("o");
    let tools = target.tools;
    tools.compile_with_clang(&path_of(source), flags, &object);
    object
}

fn path_of(source: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("objects").join(source)
}

fn read(object: &Path) -> ObjectFile {
    ObjectFile::new(std::fs::read(object).unwrap_or_else(|error| panic!("{object:?}: {error}")))
}

/// Assembles a file of `objects/` and compares it.
fn compare_assembled(target: &Target, source: &str, layout: Layout) -> Result<usize, String> {
    let folder = fresh_folder(
        env!("CARGO_TARGET_TMPDIR"),
        &format!("{source}-{:x}", layout.heap),
    );
    let object = compile(target, &folder, source, &[]);
    target.compare(&folder, &read(&object), layout)
}

#[test]
fn arm_objects_of_the_compiler() {
    compare_compiled(&ARM, "arm", &[], &[FAR, NEAR]);
}

#[test]
fn arm_objects_with_long_calls() {
    compare_compiled(&ARM, "arm-long", &["-mlong-calls"], &[FAR]);
}

#[test]
fn riscv_objects_of_the_compiler() {
    compare_compiled(&RISCV32, "riscv", &[], &[FAR, RAM]);
}

#[test]
fn riscv_objects_without_relaxation_and_position_dependence() {
    compare_compiled(
        &RISCV32,
        "riscv-medany",
        &["-mno-relax", "-mcmodel=medany"],
        &[FAR, RAM],
    );
}

#[test]
fn aarch64_objects_of_the_compiler() {
    let layouts = [LOW_AND_FAR, HIGH, HIGH_AND_FAR];
    compare_some(&AARCH64, "aarch64", &["-fno-pic"], &layouts);
    compare_some(&AARCH64, "aarch64-pic", &["-fPIC"], &layouts);
    compare_some(
        &AARCH64,
        "aarch64-large",
        &["-fno-pic", "-mcmodel=large"],
        &layouts,
    );
}

#[test]
fn x86_64_objects_of_the_compiler() {
    compare_some(&X86_64, "x86-64", &["-fno-pic"], &[LOW]);
    compare_some(&X86_64, "x86-64-pic", &["-fPIC"], &[LOW, HIGH]);
    compare_some(
        &X86_64,
        "x86-64-large",
        &["-fno-pic", "-mcmodel=large"],
        &[LOW, HIGH],
    );
}

#[test]
fn i386_objects_of_the_compiler() {
    compare_some(&I386, "i386", &["-fno-pic"], &[LOW, FAR]);
    compare_some(&I386, "i386-pic", &["-fPIC"], &[LOW, FAR]);
}

#[test]
fn riscv64_objects_of_the_compiler() {
    compare_some(&RISCV64, "riscv64", &["-mcmodel=medlow"], &[LOW]);
    compare_some(
        &RISCV64,
        "riscv64-medany",
        &["-mcmodel=medany"],
        &[LOW, HIGH],
    );
    compare_some(&RISCV64, "riscv64-pic", &["-fPIC"], &[LOW, HIGH]);
}

#[test]
fn objects_of_clang() {
    compare_some(&ARM, "arm-clang", &[], &[FAR, NEAR]);
    compare_some(&RISCV32, "riscv32-clang", &["-mno-relax"], &[FAR, RAM]);
    compare_some(
        &RISCV64,
        "riscv64-clang",
        &["-mno-relax", "-fPIC"],
        &[LOW, HIGH],
    );
    compare_some(
        &AARCH64,
        "aarch64-clang",
        &["-fno-pic"],
        &[LOW_AND_FAR, HIGH],
    );
    compare_some(
        &AARCH64,
        "aarch64-clang-pic",
        &["-fPIC"],
        &[LOW_AND_FAR, HIGH],
    );
    compare_some(&X86_64, "x86-64-clang", &["-fno-pic"], &[LOW]);
    compare_some(&X86_64, "x86-64-clang-pic", &["-fPIC"], &[LOW, HIGH]);
    compare_some(&I386, "i386-clang", &["-fno-pic"], &[LOW]);
    compare_some(&I386, "i386-clang-pic", &["-fPIC"], &[LOW]);
}

#[test]
fn xtensa_objects_of_the_compiler() {
    compare_some(&XTENSA, "xtensa", &["-mtext-section-literals"], &[CLOSE]);
    let far = ["-mtext-section-literals", "-mlongcalls"];
    compare_some(&XTENSA, "xtensa-far", &far, &[CLOSE, LOW]);
}

#[test]
fn arc_objects_of_the_compiler() {
    compare_some(&ARC, "arc", &["-fno-pic", "-mno-sdata"], &[CLOSE]);
    compare_some(&ARC, "arc-pic", &["-fPIC", "-mno-sdata"], &[CLOSE]);
}

#[test]
fn arm_branches() {
    for layout in [FAR, NEAR] {
        assert_eq!(
            compare_assembled(&ARM, "arm-branches.s", layout),
            Ok(2),
            "{layout:x?}"
        );
    }
}

#[test]
fn riscv_pairs_and_branches() {
    for layout in [FAR, RAM] {
        for (source, sections) in [
            ("riscv-pcrel.s", 3),
            ("riscv-compressed.s", 2),
            ("riscv-aligned.s", 2),
        ] {
            assert_eq!(
                compare_assembled(&RISCV32, source, layout),
                Ok(sections),
                "{source}"
            );
        }
    }
}

#[test]
fn riscv_alignment_that_would_move_code_is_refused() {
    let error = compare_assembled(&RISCV32, "riscv-misaligned.s", RAM).unwrap_err();
    assert!(
        error.contains("the loader refused") && error.contains("alignment padding"),
        "{error}"
    );
}

/// Files of your own, as built: `EXTENSIONS=one.elf:two.elf cargo test -p gnu-ld own`. Undefined symbols
/// whose names hold "data" or "value" are taken for data, others for functions.
#[test]
fn extensions_of_your_own() {
    let paths = std::env::var_os("EXTENSIONS").unwrap_or_default();
    for path in std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()) {
        let file = read(&path);
        let (target, layouts) = match file.e_machine() {
            40 => (&ARM, [FAR, NEAR]),
            _ => (&RISCV32, [FAR, RAM]),
        };
        let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), "own");
        for layout in layouts {
            let compared = target.compare(&folder, &file, layout);
            assert!(compared.is_ok(), "{path:?} {layout:x?}: {compared:?}");
        }
    }
}

#[test]
fn sections_beyond_the_reserved_indices() {
    assert_eq!(compare_assembled(&RISCV32, "many-sections.s", RAM), Ok(2));
}

#[test]
fn what_gnu_ld_refuses_the_loader_refuses() {
    for (target, source, layout) in [
        (&RISCV32, "riscv-far.s", FAR),
        (&ARM, "arm-far.s", NEAR),
        (&ARM, "arm-narrow.s", NEAR),
    ] {
        let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), source);
        let object = compile(target, &folder, source, &[]);
        let refusals = target.refusals(&folder, &read(&object), layout);
        assert!(
            refusals.0.contains("out of range"),
            "the loader: {}",
            refusals.0
        );
        assert!(
            refusals.1.contains("truncated to fit"),
            "GNU ld: {}",
            refusals.1
        );
    }
}
