//! The cross compilers and GNU ld, as programs.

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
    /// What GNU ld needs to link a relocatable file and change nothing but its relocations.
    ld: &'static [&'static str],
}

/// The toolchain for ARM, set to Cortex-M3.
pub static ARM: Tools = Tools {
    prefix: "arm-none-eabi",
    packages: "gcc-arm-none-eabi",
    cpu: &["-mcpu=cortex-m3", "-mthumb"],
    ld: &[],
};

/// The toolchain for RISC-V, set to RV32IMAC.
pub static RISCV32: Tools = Tools {
    prefix: "riscv64-unknown-elf",
    packages: "gcc-riscv64-unknown-elf",
    cpu: &["-march=rv32imac", "-mabi=ilp32"],
    ld: &["-melf32lriscv", "--no-relax"],
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
            panic!("cannot run {program:?}: {error}. Debian has it in: {packages}")
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
            .arg("-r")
            .args(objects)
            .arg("-o")
            .arg(output);
        self.run(&mut ld);
    }

    /// Links with this linker script. Says what GNU ld found wrong; there is an output all the same.
    pub fn link(&self, folder: &Path, name: &str, script: &str, objects: &[PathBuf]) -> Linked {
        let file = folder.join(format!("{name}.ld"));
        let output = folder.join(format!("{name}.elf"));
        write(&file, script);
        let mut ld = self.command("ld");
        // Without --verbose it stops telling after ten relocations that do not fit.
        ld.args(self.ld).args([
            "--noinhibit-exec",
            "--verbose",
            "--no-check-sections",
            "-e0",
            "-T",
        ]);
        ld.arg(file).args(objects).arg("-o").arg(&output);
        let said = self.output(&mut ld);
        let errors = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(output.exists(), "{ld:?} made no output:\n{errors}");
        Linked { output, errors }
    }
}

/// What GNU ld made.
#[derive(Debug)]
pub struct Linked {
    /// The executable.
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
