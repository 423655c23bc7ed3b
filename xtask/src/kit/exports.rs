//! The list of what a firmware exports, as a kit has it.

use std::fmt::Write;

pub use llext_tools::build::exports::{Export, listed};
use sha2::{Digest, Sha256};

/// The contents of `exports.txt`.
pub fn text(exports: &[Export], abi: u32) -> String {
    let mut text = format!("# exports {abi:#010x}: name, group, address, id\n");
    for Export {
        name,
        group,
        address,
    } in exports
    {
        let id = id(name);
        // A string takes all that is written to it.
        let _ = writeln!(text, "{name}\t{group}\t{address:#010x}\t{id:#010x}");
    }
    text
}

/// Zephyr's SLID: the first bytes of the name's SHA-256, as many as a pointer has, big-endian.
fn id(name: &str) -> u32 {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(name));
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_a_line() {
        let puts = Export {
            name: "puts".to_owned(),
            group: "libc".to_owned(),
            address: 0x40_1235,
        };
        let text = text(&[puts], 0x12);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "# exports 0x00000012: name, group, address, id");
        assert!(lines[1].starts_with("puts\tlibc\t0x00401235\t0x"));
    }

    #[test]
    fn ids_are_zephyrs() {
        assert_eq!(id("printk"), 0x87b3_1052);
    }
}
