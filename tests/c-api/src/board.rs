//! The boards, as a C program sees them: with picolibc's own start, and files and arguments by semihosting.

use crate::{STRICT, exports, include, library, root, run, sources};
use std::path::Path;
use std::process::{Command, Stdio};

/// A board in QEMU.
#[derive(Debug)]
pub struct Board {
    /// Its folder in `boards/`.
    pub name: &'static str,
    triple: &'static str,
    prefix: &'static str,
    cpu: &'static [&'static str],
    /// What links a shared library.
    linker: &'static str,
    /// Where picolibc's linker script puts constants and variables.
    memory: [&'static str; 4],
    qemu: &'static [&'static str],
}

/// A Cortex-M3. (The Ethernet controller has a peer that leads nowhere: without one QEMU warns.)
pub const ARM: Board = Board {
    name: "mps2-an385",
    triple: "thumbv7m-none-eabi",
    prefix: "arm-none-eabi",
    cpu: &["-mcpu=cortex-m3", "-mthumb"],
    linker: "arm-none-eabi-ld",
    memory: [
        "__flash=0",
        "__flash_size=4M",
        "__ram=0x20000000",
        "__ram_size=4M",
    ],
    qemu: &[
        "qemu-system-arm",
        "-machine",
        "mps2-an385",
        "-nic",
        "user,restrict=on,model=lan9118",
        "-kernel",
    ],
};

/// RV32IMAC. (GNU ld makes no shared libraries for it; variables lie in .data, where the program looks for them.)
pub const RISCV: Board = Board {
    name: "rv32-virt",
    triple: "riscv32imac-unknown-none-elf",
    prefix: "riscv64-unknown-elf",
    cpu: &["-march=rv32imac", "-mabi=ilp32", "-msmall-data-limit=0"],
    linker: "ld.lld",
    memory: [
        "__flash=0x80000000",
        "__flash_size=4M",
        "__ram=0x80400000",
        "__ram_size=8M",
    ],
    qemu: &[
        "qemu-system-riscv32",
        "-machine",
        "virt",
        "-m",
        "16M",
        "-bios",
    ],
};

impl Board {
    fn gcc(&self) -> Command {
        let mut gcc = Command::new(format!("{}-gcc", self.prefix));
        gcc.args(STRICT).args(self.cpu).args([
            "--specs=picolibc.specs",
            "-Os",
            "-ffunction-sections",
            &include(),
        ]);
        gcc
    }

    /// Compiles an extension with more `flags` into `folder`.
    pub fn extension(&self, name: &str, flags: &[&str], folder: &Path) {
        let mut gcc = self.gcc();
        let source = root().join(format!("tests/c-api/extensions/{name}.c"));
        gcc.args(["-DLL_EXTENSION_BUILD", "-c"]).args(flags);
        run(gcc
            .arg(source)
            .arg("-o")
            .arg(folder.join(name).with_extension("o")));
    }

    /// Links the object `name` of `folder` into the library `shared.so`.
    pub fn shared(&self, name: &str, folder: &Path) {
        let mut ld = Command::new(self.linker);
        ld.args(["-shared", "-z", "max-page-size=4", "-o"])
            .arg(folder.join("shared.so"));
        run(ld.arg(folder.join(name).with_extension("o")));
    }

    /// Builds the program with the library into `file`; its symbols.
    pub fn program(&self, file: &Path) -> String {
        let mut gcc = self.gcc();
        gcc.args(["--oslib=semihost", "--crt0=semihost", "-Wl,--gc-sections"]);
        gcc.args(self.memory.map(|symbol| format!("-Wl,--defsym={symbol}")));
        gcc.args(sources());
        gcc.arg(library(Some(self.triple)))
            .arg("-o")
            .arg(file)
            .arg("-Tpicolibc.ld");
        run(gcc.args(exports("board.ld")));
        run(Command::new(format!("{}-nm", self.prefix))
            .arg("-C")
            .arg(file))
    }

    /// Runs `program` with arguments, and gives what it prints.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> String {
        let mut config = "enable=on,target=native,chardev=console".to_owned();
        for argument in arguments {
            config += ",arg=";
            // QEMU reads a comma as the end unless it is doubled.
            config += &argument.replace(',', ",,");
        }
        let mut qemu = Command::new(self.qemu[0]);
        qemu.stdin(Stdio::null());
        qemu.args(&self.qemu[1..]).arg(program);
        qemu.args([
            "-nodefaults",
            "-display",
            "none",
            "-chardev",
            "stdio,id=console",
            "-semihosting-config",
            &config,
        ]);
        run(&mut qemu)
    }
}
