//! The cross compilers and linkers, as programs.

use crate::new_object::{Attributes, Format};
use llext::machine::Class;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One cross toolchain.
#[derive(Debug)]
pub struct Tools {
    /// What its programs' names start with.
    prefix: &'static str,
    /// Debian's packages of it.
    packages: &'static str,
    /// What selects the processor, for the compilers and the assembler.
    pub cpu: &'static [&'static str],
    /// What makes Clang compile for this machine, if it knows it.
    clang: Option<&'static [&'static str]>,
    /// What GNU ld needs to link for this machine.
    ld: &'static [&'static str],
    /// The same for lld, if it knows the machine.
    lld: Option<&'static [&'static str]>,
    /// When GNU ld stops at a relocation that does not fit.
    pub gnu_stops: Stops,
    /// The header of its files.
    pub format: Format,
}

/// A program that links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linker {
    /// GNU ld, of the machine's binutils.
    Gnu,
    /// LLVM's.
    Lld,
}

/// When a linker stops at a relocation that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// It tells of all.
    Never,
    /// It tells of the first in each section.
    BehindTheSection,
    /// It tells of the first.
    AtOnce,
}

/// What linkers say of a relocation whose type they do not know.
const UNKNOWN: [&str; 4] = [
    "requires unimplemented linker relaxation",
    "unknown relocation",
    "unrecognized relocation",
    "unsupported relocation type",
];

/// What is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// An executable with fixed addresses.
    Executable,
    /// A shared library: what it does not define is reached through its GOT.
    Shared,
}

const fn format(e_machine: u16, class: Class, e_flags: u32, in_place: bool) -> Format {
    Format {
        e_machine,
        class,
        e_flags,
        in_place,
        attributes: None,
    }
}

/// "aeabi": Tag_CPU_arch is v7, Tag_CPU_arch_profile M, Tag_THUMB_ISA_use Thumb-2 (ADDENDA32): what lld
/// takes for BL with the long range.
const M_ATTRIBUTES: Attributes = Attributes {
    name: ".ARM.attributes",
    kind: 0x7000_0003,
    bytes: b"A\x15\0\0\0aeabi\0\x01\x0b\0\0\0\x06\x0a\x07\x4d\x09\x02",
};

/// The same with profile A and Tag_ARM_ISA_use.
const A_ATTRIBUTES: Attributes = Attributes {
    bytes: b"A\x17\0\0\0aeabi\0\x01\x0d\0\0\0\x06\x0a\x07\x41\x08\x01\x09\x02",
    ..M_ATTRIBUTES
};

/// The toolchain for ARM, set to Cortex-M3.
pub static ARM: Tools = Tools {
    prefix: "arm-none-eabi",
    packages: "gcc-arm-none-eabi",
    cpu: &["-mcpu=cortex-m3", "-mthumb"],
    clang: Some(&["--target=arm-none-eabi", "-mcpu=cortex-m3", "-mthumb"]),
    ld: &[],
    lld: Some(&["-marmelf", "--target2=rel"]),
    gnu_stops: Stops::Never,
    format: Format {
        attributes: Some(M_ATTRIBUTES),
        ..format(40, Class::Elf32, 0x0500_0000, true)
    },
};

/// The toolchain for ARM, set to Cortex-A7.
pub static ARM_A: Tools = Tools {
    cpu: &["-mcpu=cortex-a7", "-marm"],
    format: Format {
        attributes: Some(A_ATTRIBUTES),
        ..format(40, Class::Elf32, 0x0500_0000, true)
    },
    ..ARM
};

/// The toolchain for RISC-V, set to RV32IMAC.
pub static RISCV32: Tools = Tools {
    prefix: "riscv64-unknown-elf",
    packages: "gcc-riscv64-unknown-elf",
    cpu: &["-march=rv32imac", "-mabi=ilp32"],
    clang: Some(&[
        "--target=riscv32-unknown-elf",
        "-march=rv32imac",
        "-mabi=ilp32",
    ]),
    ld: &["-melf32lriscv"],
    lld: Some(&["-melf32lriscv"]),
    gnu_stops: Stops::BehindTheSection,
    format: format(243, Class::Elf32, 1, false),
};

/// The toolchain for RISC-V, set to RV64IMAC.
pub static RISCV64: Tools = Tools {
    prefix: "riscv64-unknown-elf",
    packages: "gcc-riscv64-unknown-elf",
    cpu: &["-march=rv64imac", "-mabi=lp64"],
    clang: Some(&[
        "--target=riscv64-unknown-elf",
        "-march=rv64imac",
        "-mabi=lp64",
    ]),
    ld: &["-melf64lriscv"],
    lld: Some(&["-melf64lriscv"]),
    gnu_stops: Stops::BehindTheSection,
    format: format(243, Class::Elf64, 1, false),
};

/// The toolchain for AArch64.
pub static AARCH64: Tools = Tools {
    prefix: "aarch64-linux-gnu",
    packages: "gcc-aarch64-linux-gnu",
    cpu: &[],
    clang: Some(&["--target=aarch64-linux-gnu"]),
    ld: &["-maarch64linux"],
    lld: Some(&["-maarch64linux"]),
    gnu_stops: Stops::Never,
    format: format(183, Class::Elf64, 0, false),
};

/// The toolchain for x86-64.
pub static X86_64: Tools = Tools {
    prefix: "x86_64-linux-gnu",
    packages: "gcc, gcc-x86-64-linux-gnu",
    cpu: &[],
    clang: Some(&["--target=x86_64-linux-gnu"]),
    ld: &["-melf_x86_64"],
    lld: Some(&["-melf_x86_64"]),
    gnu_stops: Stops::Never,
    format: format(62, Class::Elf64, 0, false),
};

/// The toolchain for i386.
pub static I386: Tools = Tools {
    prefix: "i686-linux-gnu",
    packages: "gcc-i686-linux-gnu",
    cpu: &[],
    clang: Some(&["--target=i686-linux-gnu"]),
    ld: &["-melf_i386"],
    lld: Some(&["-melf_i386"]),
    gnu_stops: Stops::Never,
    format: format(3, Class::Elf32, 0, true),
};

/// The toolchain for Xtensa, set to the LX106 of the ESP8266.
pub static XTENSA: Tools = Tools {
    prefix: "xtensa-lx106-elf",
    packages: "gcc-xtensa-lx106",
    cpu: &[],
    clang: None,
    ld: &[],
    lld: None,
    gnu_stops: Stops::Never,
    format: format(94, Class::Elf32, 0x300, false),
};

/// The toolchain for ARC, set to ARCv2 HS.
pub static ARC: Tools = Tools {
    prefix: "arc-linux-gnu",
    packages: "gcc-arc-linux-gnu",
    cpu: &[],
    clang: None,
    ld: &["-marclinux"],
    lld: None,
    gnu_stops: Stops::AtOnce,
    format: format(195, Class::Elf32, 0x406, false),
};

impl Tools {
    /// The program `name` of this toolchain ("gcc", "ld").
    pub fn command(&self, name: &str) -> Command {
        Command::new(format!("{}-{name}", self.prefix))
    }

    /// Runs a command of this toolchain, and panics with what it said if it fails.
    pub fn run(&self, command: &mut Command) -> Output {
        let output = self.output(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?} failed:\n{said}");
        output
    }

    /// Runs a command of this toolchain, which may fail; panics only if there is no such program.
    pub fn output(&self, command: &mut Command) -> Output {
        command.env("LC_ALL", "C").output().unwrap_or_else(|error| {
            let program = command.get_program();
            let packages = self.packages;
            panic!("cannot run {program:?}: {error}. Debian has it in: {packages}, clang, lld")
        })
    }

    /// Compiles or assembles `source` with these flags into `object`.
    pub fn compile(&self, source: &Path, flags: &[&str], object: &Path) {
        let mut gcc = self.command("gcc");
        gcc.args(self.cpu)
            .args(flags)
            .arg("-c")
            .arg(source)
            .arg("-o")
            .arg(object);
        self.run(&mut gcc);
    }

    /// Compiles `source` with Clang, which must know the machine, and any C++ too: it has all machines in one.
    pub fn compile_with_clang(&self, source: &Path, flags: &[&str], object: &Path) {
        let mut clang = Command::new("clang");
        let machine = self.clang.expect("a machine that Clang knows");
        clang.args(machine).args(flags).arg("-c").arg(source);
        self.run(clang.arg("-o").arg(object));
    }

    /// Assembles `text`, kept as `NAME.s`, into `NAME.o`.
    pub fn assemble(&self, folder: &Path, name: &str, text: &str) -> PathBuf {
        let source = folder.join(format!("{name}.s"));
        let object = folder.join(format!("{name}.o"));
        write(&source, text);
        self.compile(&source, &[], &object);
        object
    }

    /// `ld -r`: one relocatable file of several.
    pub fn link_partially(&self, objects: &[PathBuf], output: &Path) {
        let mut ld = self.command("ld");
        ld.args(self.ld)
            .args(["--no-relax", "-r"])
            .args(objects)
            .arg("-o")
            .arg(output);
        self.run(&mut ld);
    }

    /// The linkers that know the machine.
    pub fn linkers(&self) -> &'static [Linker] {
        match self.lld {
            Some(_) => &[Linker::Gnu, Linker::Lld],
            None => &[Linker::Gnu],
        }
    }

    /// Links with this linker script, and changes nothing but relocations. Says what the linker found
    /// wrong, and makes an output all the same if it can. `None`: the linker does not know a
    /// relocation's type.
    pub fn link(&self, linker: Linker, product: Product, paths: &Paths) -> Option<Linked> {
        let mut ld = self.linker(linker);
        ld.args([
            "--noinhibit-exec",
            "--no-check-sections",
            "--no-relax",
            "-e0",
        ]);
        if product == Product::Shared {
            ld.arg("-shared");
        }
        ld.arg("-T").arg(paths.script).args(paths.objects);
        let output = paths.script.with_extension("elf");
        let _ = std::fs::remove_file(&output);
        let said = self.output(ld.arg("-o").arg(&output));
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        if UNKNOWN.iter().any(|unknown| errors.contains(unknown)) {
            return None;
        }
        Some(Linked { output, errors })
    }

    fn linker(&self, linker: Linker) -> Command {
        match linker {
            Linker::Gnu => {
                let mut ld = self.command("ld");
                // Without --verbose it stops telling after ten relocations that do not fit.
                ld.args(self.ld).arg("--verbose");
                ld
            }
            Linker::Lld => {
                let mut ld = Command::new("ld.lld");
                ld.args(self.lld.unwrap_or_default()).arg("--error-limit=0");
                ld
            }
        }
    }
}

/// What a linker is given.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'p> {
    /// The linker script; the output is kept beside it.
    pub script: &'p Path,
    /// The files to link.
    pub objects: &'p [PathBuf],
}

/// What a linker made.
#[derive(Debug)]
pub struct Linked {
    /// The executable or shared library, if it was made.
    pub output: PathBuf,
    /// What it complained of.
    pub errors: String,
}

/// An empty folder of this name under `base`.
pub fn fresh_folder(base: &str, name: &str) -> PathBuf {
    let folder = Path::new(base).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    folder
}

/// Writes a text file.
pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
}
