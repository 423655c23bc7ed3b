//! Workloads of any size: so many of one thing, and little else.

use std::fmt::Write as _;

use crate::sources::{EXPORT_ENTRY, INCLUDE, Workload};

/// What there are many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sections of four bytes.
    Sections,
    /// Global symbols, one for every word of one section.
    Symbols,
    /// Words that hold the address of one of the firmware's functions.
    Relocations,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Sections, Kind::Symbols, Kind::Relocations];

    /// Its name, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sections => "sections",
            Kind::Symbols => "symbols",
            Kind::Relocations => "relocations",
        }
    }
}

/// An extension with `count` of `kind`, whose entry looks at the first and the last of them and returns `count`.
pub fn scaled(kind: Kind, count: u32) -> Workload {
    let mut text = INCLUDE.to_owned();
    let function = crate::names().used.swap_remove(0);
    text.push_str("extern const unsigned first, last;\n");
    for i in 0..count {
        let label = match i {
            0 => ".globl first\\nfirst: ",
            _ if i + 1 == count => ".globl last\\nlast: ",
            _ => "",
        };
        _ = match kind {
            Kind::Sections => writeln!(
                text,
                "__asm__(\".section .rodata.d{i}, \\\"a\\\"\\n.balign 4\\n{label}.word 42\");"
            ),
            Kind::Symbols => writeln!(
                text,
                "__asm__(\".section .rodata.d, \\\"a\\\"\\n.balign 4\\n{label}.globl s{i}\\ns{i}: .word 42\");"
            ),
            Kind::Relocations => writeln!(
                text,
                "__asm__(\".section .rodata.d, \\\"a\\\"\\n.balign 4\\n{label}.word {function}\");"
            ),
        };
    }
    let is_right = match kind {
        Kind::Relocations => format!(
            "extern int {function}(void);\n#define IS_RIGHT(word) (word == (unsigned)&{function})\n"
        ),
        Kind::Sections | Kind::Symbols => "#define IS_RIGHT(word) (word == 42)\n".to_owned(),
    };
    // Back to where the compiler thinks it is.
    _ = write!(
        text,
        "__asm__(\".text\");\n{is_right}unsigned ext_entry(void)\n{{\n\
         \treturn IS_RIGHT(first) && IS_RIGHT(last) ? {count} : 0;\n}}\n{EXPORT_ENTRY}"
    );
    Workload::new(kind.name(), false, text, count)
}
