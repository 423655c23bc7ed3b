//! `exports.txt`: what a firmware exports, a line each.

use std::fmt::Write;

use llext_tools::build::exports::Export;
use sha2::{Digest, Sha256};

/// The contents of the file.
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
    fn a_line_has_name_group_address_and_id() {
        let printk = Export {
            name: "printk".to_owned(),
            group: "libc".to_owned(),
            address: 0x401235,
        };
        let expected = "# exports 0x00000012: name, group, address, id\nprintk\tlibc\t0x00401235\t0x87b31052\n";
        assert_eq!(text(&[printk], 0x12), expected);
    }
}
