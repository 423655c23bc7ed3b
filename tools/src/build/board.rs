//! What an extension is compiled for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A board as its extensions see it: a part of its `board.toml`, and of a kit's `kit.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Board {
    /// Its name.
    #[serde(rename = "board", default)]
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Rust target of the firmware.
    pub triple: String,
    /// The machine of the ELF extensions.
    pub machine: Machine,
    /// The C side.
    pub c: C,
    /// The firmware's link.
    #[serde(default)]
    pub link: Link,
    /// Environment of what cargo builds.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The id of the firmware's exports, `0x…`: a kit has it.
    pub abi: Option<String>,
}

/// The machine of the ELF extensions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Machine {
    /// `EM_ARM`
    Arm,
    /// `EM_RISCV`
    Riscv,
}

/// The C side of a board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct C {
    /// Prefix of the cross tools.
    pub prefix: String,
    /// CPU, ABI and C library.
    pub flags: Vec<String>,
    /// More flags for extensions alone.
    #[serde(default)]
    pub extension_flags: Vec<String>,
}

/// The firmware's link.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Arguments of the linker.
    pub args: Vec<String>,
}

impl Board {
    /// Path or name of a cross tool such as `gcc`.
    pub fn cross(&self, tool: &str) -> String {
        format!("{}{tool}", self.c.prefix)
    }
}
