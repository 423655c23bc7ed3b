//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer and AddressSanitizer.
//!
//! With the user's own toolchain: `RUSTC_BOOTSTRAP` permits `-Zsanitizer`; libFuzzer comes with the crate libfuzzer-sys.
//! What is found goes to `fuzz/artifacts/TARGET/`, what reaches new code to `target/fuzz/corpus/TARGET/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::board::Board;
use crate::paths;
use crate::process;
use crate::sanitizer;
use crate::setup;
use crate::tools;

/// The targets, as `fuzz/src/lib.rs` has them, and whether they begin with the objects of `fuzz/corpus`.
const TARGETS: [(&str, bool); 6] = [
    ("headers", true),
    ("tables", true),
    ("records", true),
    ("load", true),
    ("sequence", false),
    ("fields", false),
];

/// What the compiler adds so that libFuzzer sees which code ran: as cargo-fuzz has it.
const COVERAGE: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];

/// Feed the loader what no compiler would write, under AddressSanitizer
#[derive(Args)]
pub struct Fuzz {
    /// How long, all targets together
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// Only this target [repeatable; default: all, one after the other]
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Compile the objects of fuzz/corpus anew, and do nothing else
    #[arg(long)]
    seeds: bool,
}

impl Fuzz {
    /// Runs the targets; a finding ends the run of its target.
    ///
    /// # Errors
    /// Something is missing or does not compile, or there was a finding; the message names the input.
    pub fn run(self) -> Result<ExitCode> {
        if self.seeds {
            setup::everything(&Board::all(paths::root())?)?;
            seeds()?;
            return Ok(ExitCode::SUCCESS);
        }
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        if let Some(unknown) = self
            .target
            .iter()
            .find(|name| !names.contains(&name.as_str()))
        {
            bail!("no target `{unknown}`: there are {}", names.join(", "));
        }
        let is_wanted =
            |name: &str| self.target.is_empty() || self.target.iter().any(|wanted| wanted == name);
        let wanted: Vec<_> = TARGETS
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .collect();
        let failed = run(&wanted, self.minutes * 60.0)?;
        Ok(if failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// All targets, `seconds` together. Returns how many had no finding, and how many had one.
///
/// # Errors
/// Something is missing or does not compile.
pub fn all(seconds: f64) -> Result<(usize, usize)> {
    let failed = run(&TARGETS, seconds)?.len();
    Ok((TARGETS.len() - failed, failed))
}

fn run(targets: &[(&'static str, bool)], seconds: f64) -> Result<Vec<&'static str>> {
    let folder = build()?;
    let each = (seconds / targets.len() as f64).ceil().max(1.0);
    let mut failed = Vec::new();
    for &(name, has_objects) in targets {
        if let Err(error) = fuzz(&folder.join(name), name, has_objects, each as u64) {
            eprintln!("error: {name}: {error:#}");
            failed.push(name);
        }
    }
    Ok(failed)
}

/// Compiles the targets and returns where they are.
fn build() -> Result<PathBuf> {
    tools::install(&tools::to_fuzz())?;
    let host = sanitizer::host()?;
    let dir = paths::target().join("fuzz");
    let mut cargo = sanitizer::cargo("build", &host, &COVERAGE, &dir);
    process::run(cargo.args(["--package", "llext-fuzz", "--bins", "--profile", "fuzz"]))?;
    Ok(dir.join(host).join("fuzz"))
}

fn fuzz(program: &Path, name: &str, has_objects: bool, seconds: u64) -> Result<()> {
    let kept = paths::target().join("fuzz/corpus").join(name);
    let artifacts = paths::root().join("fuzz/artifacts").join(name);
    for folder in [&kept, &artifacts] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    eprintln!("xtask: {name}, {seconds} s");
    let mut fuzzer = Command::new(program);
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        // A load takes well under a millisecond: one that takes ten seconds is a finding.
        .args(["-timeout=10", "-rss_limit_mb=2048"])
        .args(["-print_final_stats=1", "-print_funcs=0", "-verbosity=0"])
        .arg(&kept);
    if has_objects {
        fuzzer
            .arg("-max_len=16384")
            .arg(paths::root().join("fuzz/corpus"));
    }
    // What was left behind is the targets' own check, which also works where nobody may trace a process.
    process::run(fuzzer.env("ASAN_OPTIONS", "detect_leaks=0"))
}

/// A compiler of the corpus: the name that its objects begin with, and its command line.
const COMPILERS: [(&str, &str); 10] = [
    (
        "arm",
        "arm-none-eabi-gcc --specs=picolibc.specs -mcpu=cortex-m3 -mthumb",
    ),
    (
        "arm-v6m",
        "arm-none-eabi-gcc --specs=picolibc.specs -mcpu=cortex-m0 -mthumb -fPIC",
    ),
    (
        "arm-a",
        "arm-none-eabi-gcc --specs=picolibc.specs -march=armv7-a -marm",
    ),
    (
        "arm-clang",
        "clang --target=armv7m-none-eabi -mthumb -isystem/usr/lib/picolibc/arm-none-eabi/include",
    ),
    (
        "riscv",
        "riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv32imac -mabi=ilp32",
    ),
    (
        "riscv64",
        "riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv64imac -mabi=lp64 -mcmodel=medany -fPIC",
    ),
    (
        "aarch64",
        "clang --target=aarch64-none-elf -isystem/usr/lib/picolibc/arm-none-eabi/include",
    ),
    ("x86-64", "gcc -fno-pic -fno-stack-protector"),
    ("x86-64-pic", "gcc -fPIC -fno-plt"),
    (
        "i386",
        "clang --target=i386-none-elf -isystem/usr/lib/picolibc/arm-none-eabi/include",
    ),
];

/// What they compile, and how.
const SOURCES: [(&str, &str); 8] = [
    ("tests/gnu-ld/objects/calls.c", "-Os"),
    ("tests/gnu-ld/objects/data.c", "-Os"),
    ("tests/gnu-ld/objects/weak.c", "-Os"),
    ("tests/gnu-ld/objects/common.c", "-Os -fcommon"),
    ("tests/gnu-ld/objects/arrays.c", "-O0"),
    ("tests/gnu-ld/objects/vague.cpp", "-Os"),
    (
        "examples/greeter/greeter.c",
        "-O0 -ffunction-sections -Isdk/include",
    ),
    (
        "examples/visitor/visitor.c",
        "-O0 -ffunction-sections -Isdk/include",
    ),
];

fn seeds() -> Result<()> {
    for (machine, compiler) in COMPILERS {
        for (source, flags) in SOURCES {
            let stem = Path::new(source)
                .file_stem()
                .context("a file")?
                .to_string_lossy();
            let mut words = compiler.split(' ').chain(flags.split(' '));
            let mut command = Command::new(words.next().context("a compiler")?);
            command
                .current_dir(paths::root())
                .args(words)
                .args(["-c", source, "-o"]);
            process::run(command.arg(format!("fuzz/corpus/{machine}-{stem}.o")))?;
        }
    }
    COMPILERS
        .iter()
        .filter(|(machine, _)| LINKED.contains(machine))
        .try_for_each(|(machine, compiler)| libraries(machine, compiler))
}

/// Machines whose shared libraries are in the corpus, too: those that lld links for.
const LINKED: [&str; 6] = ["arm", "riscv", "riscv64", "aarch64", "x86-64", "i386"];

/// What they are made of, with either kind of hash table.
const LIBRARIES: [(&str, &str); 3] = [
    ("tests/gnu-ld/objects/arrays.c", "gnu"),
    ("tests/gnu-ld/objects/data.c", "sysv"),
    ("examples/greeter/greeter.c", "gnu"),
];

fn libraries(machine: &str, compiler: &str) -> Result<()> {
    let object = paths::target().join("fuzz/library.o");
    for (source, hash) in LIBRARIES {
        let stem = Path::new(source).file_stem().context("a file")?;
        let mut words = compiler.split(' ').filter(|word| *word != "-fno-pic");
        let mut command = Command::new(words.next().context("a compiler")?);
        command.current_dir(paths::root()).args(words);
        command.args(["-Os", "-fPIC", "-Isdk/include", "-c", source, "-o"]);
        process::run(command.arg(&object))?;
        let mut link = Command::new("ld.lld");
        link.current_dir(paths::root());
        // No pages of their own, which would be holes in the file.
        link.args(["-shared", "-z", "max-page-size=16", "--no-rosegment"]);
        link.arg(format!("--hash-style={hash}")).arg(&object);
        let library = format!("fuzz/corpus/{machine}-{}.so", stem.to_string_lossy());
        process::run(link.args(["-o", &library]))?;
    }
    Ok(())
}
