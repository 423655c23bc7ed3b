//! What is written anew for each board: the same flags in the words of each build tool. They come from `board.toml` and
//! `sdk/flags.txt`, and from nowhere else.

use llext_tools::build::{Language, Machine};

use crate::board::Board;

const FLAGS: &str = include_str!("../../../sdk/flags.txt");

/// How objects are joined, by `<prefix>gcc` with the board's flags; picolibc.specs asks for a collection, which may not touch
/// what a C file without EXPORT_SYMBOL defines.
const LINK: [&str; 3] = [
    "-r",
    "-nostdlib",
    "-Wl,--build-id,-z,noexecstack,--no-gc-sections",
];

/// What a kit is made for.
pub struct Facts<'b> {
    /// The board.
    pub board: &'b Board,
    /// The version of the firmware.
    pub version: &'b str,
    /// The id of what it exports.
    pub abi: u32,
}

impl Facts<'_> {
    /// For people: `text` is sdk/KIT.md.
    pub fn readme(&self, text: &str) -> String {
        self.filled(text)
            .replace("@C_FLAGS@", &self.flags(Language::C).join(" "))
            .replace("@LINK@", &self.link().join(" "))
    }

    /// A text with the board's words for `@BOARD@` and the like.
    fn filled(&self, text: &str) -> String {
        let config = &self.board.config;
        text.replace("@BOARD@", &self.board.name)
            .replace("@DESCRIPTION@", &config.description)
            .replace("@VERSION@", self.version)
            .replace("@TRIPLE@", &config.triple)
            .replace("@PREFIX@", &config.c.prefix)
            .replace("@TOOLS@", config.c.prefix.trim_end_matches('-'))
            .replace("@ABI@", &format!("{:#010x}", self.abi))
    }

    /// For tools: sdk/README.md has it with comments.
    pub fn kit_toml(&self) -> String {
        let config = &self.board.config;
        let machine = match config.machine {
            Machine::Arm => "arm",
            Machine::Riscv => "riscv",
        };
        let text = r#"# The kit's layout is explained in README.md. Paths are relative to this file.
kit = 1
board = "@BOARD@"
description = "@DESCRIPTION@"
version = "@VERSION@"
triple = "@TRIPLE@"
machine = "@MACHINE@"
abi = "@ABI@"

[c]
prefix = "@PREFIX@"
flags = @FLAGS@
extension_flags = @EXTENSION_FLAGS@

[files]
include = "include"
flags = "flags.txt"
link_script = "extension.ld"
rust = "rust"
exports = "exports.txt"
firmware = "firmware/@BOARD@"
"#;
        self.filled(text)
            .replace("@MACHINE@", machine)
            // A list of strings in Rust's notation is one in TOML's.
            .replace("@FLAGS@", &format!("{:?}", config.c.flags))
            .replace(
                "@EXTENSION_FLAGS@",
                &format!("{:?}", config.c.extension_flags),
            )
    }

    /// For Make.
    pub fn board_mk(&self) -> String {
        let c = &self.board.config.c;
        let cpu = [&c.flags[..], &c.extension_flags].concat().join(" ");
        let text = "# extension.mk includes this: the board @BOARD@, and the id of what its firmware exports.\n\
                    PREFIX  ?= @PREFIX@\n\
                    CPU     ?= @CPU@\n\
                    TRIPLE  ?= @TRIPLE@\n\
                    KIT_ABI := @ABI@\n";
        self.filled(text).replace("@CPU@", &cpu)
    }

    /// For CMake.
    pub fn toolchain_cmake(&self) -> String {
        let text = r#"# The board @BOARD@: cmake -B build -DCMAKE_TOOLCHAIN_FILE=KIT/cmake/toolchain.cmake
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR @CPU@)
set(CMAKE_C_COMPILER @PREFIX@gcc)
set(CMAKE_CXX_COMPILER @PREFIX@g++)
set(CMAKE_OBJCOPY @PREFIX@objcopy)
# There is no program to link before there is a firmware.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# They come first: those of the build type, of the user and of a target win.
set(CMAKE_C_FLAGS_INIT "@C_FLAGS@")
set(CMAKE_CXX_FLAGS_INIT "@CXX_FLAGS@")

get_filename_component(LLEXT_KIT "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(LLEXT_ABI @ABI@)
set(LLEXT_RUST @TRIPLE@ @PREFIX@ "@CPU_FLAGS@")
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
"#;
        self.filled(text)
            .replace("@CPU@", self.cpu())
            .replace("@CPU_FLAGS@", &self.board.config.c.flags.join(" "))
            .replace("@C_FLAGS@", &self.flags(Language::C).join(" "))
            .replace("@CXX_FLAGS@", &self.flags(Language::Cpp).join(" "))
    }

    /// For Meson: with it, an executable is an extension.
    pub fn cross_ini(&self) -> String {
        let text = r#"# The board @BOARD@: meson setup build --cross-file KIT/meson/cross.ini
[binaries]
c = '@PREFIX@gcc'
cpp = '@PREFIX@g++'
ar = '@PREFIX@gcc-ar'
strip = '@PREFIX@strip'
objcopy = '@PREFIX@objcopy'

[host_machine]
system = 'none'
cpu_family = '@CPU@'
cpu = '@CPU@'
endian = 'little'

[built-in options]
c_args = @C_FLAGS@
cpp_args = @CXX_FLAGS@
c_link_args = @LINK@
cpp_link_args = @LINK@
# The SDK's own, -Og, is among the arguments.
optimization = 'plain'
b_asneeded = false
b_lundef = false
b_staticpic = false
b_pie = false

[properties]
needs_exe_wrapper = true
llext_abi = '@ABI@'
llext_pack = ['@DIRNAME@/../llext-pack', '@PREFIX@objcopy']
llext_rust = ['@DIRNAME@/../llext-rust', '@TRIPLE@', '@PREFIX@', '@CPU_FLAGS@', '@DIRNAME@/..']
"#;
        let include = "-I@DIRNAME@/../include".to_owned();
        let flags = |language| quoted(&[self.flags(language), vec![include.clone()]].concat());
        let script = ["-T".to_owned(), "@DIRNAME@/../extension.ld".to_owned()];
        let link = [&self.link()[..], &script].concat();
        self.filled(text)
            .replace("@CPU@", self.cpu())
            .replace("@CPU_FLAGS@", &self.board.config.c.flags.join(" "))
            .replace("@C_FLAGS@", &flags(Language::C))
            .replace("@CXX_FLAGS@", &flags(Language::Cpp))
            .replace("@LINK@", &quoted(&link))
    }

    /// All options of a link but the script.
    fn link(&self) -> Vec<String> {
        [&self.board.config.c.flags[..], &LINK.map(String::from)].concat()
    }

    /// The family of the CPU, as CMake and Meson call it.
    fn cpu(&self) -> &str {
        match self.board.config.machine {
            Machine::Arm => "arm",
            Machine::Riscv if self.board.config.triple.starts_with("riscv64") => "riscv64",
            Machine::Riscv => "riscv32",
        }
    }

    /// All flags of a compiler, in the order in which `cargo xtask extension` gives them.
    fn flags(&self, language: Language) -> Vec<String> {
        let c = &self.board.config.c;
        let common = language.flags(FLAGS).map(str::to_owned);
        let extension = c.extension_flags.iter().cloned();
        c.flags
            .iter()
            .cloned()
            .chain(common)
            .chain(extension)
            .collect()
    }
}

/// A list of strings in Meson's notation.
fn quoted(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("[{}]", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    #[test]
    fn every_board_has_all_fragments() {
        for board in Board::all(paths::root()).expect("boards") {
            let facts = Facts {
                board: &board,
                version: "1.2.3",
                abi: 0x12,
            };
            let kit: toml::Table = facts.kit_toml().parse().expect("TOML");
            assert_eq!(kit["board"].as_str(), Some(&*board.name));
            assert_eq!(kit["abi"].as_str(), Some("0x00000012"));
            let flags = kit["c"]["flags"].as_array().expect("a list");
            assert_eq!(flags.len(), board.config.c.flags.len());
            for text in [
                facts.board_mk(),
                facts.toolchain_cmake(),
                facts.cross_ini().replace("@DIRNAME@", ""),
            ] {
                assert!(text.contains(&board.config.c.prefix), "{text}");
                assert!(!text.contains('@'), "{text}");
            }
        }
    }
}
