//! What a firmware exports, from its ELF file: the section `.llext.exports`, which llext/src/export/listing.rs lays out.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection};
use sha2::{Digest, Sha256};

/// Bytes of the address, the group and the name.
const ADDRESS: usize = 4;
const GROUP: usize = 12;
const NAME: usize = 112;

/// One export.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Export {
    name: String,
    group: String,
    address: u32,
}

/// All exports of a firmware, sorted by name.
///
/// # Errors
/// The file is no ELF file of such a firmware.
pub fn listed(elf: &[u8]) -> Result<Vec<Export>> {
    let file = object::File::parse(elf)?;
    let list = file
        .section_by_name(".llext.exports")
        .context("no .llext.exports: a firmware without `llext_shell::exports!`?")?
        .data()?;
    parsed(list)
}

fn parsed(list: &[u8]) -> Result<Vec<Export>> {
    let records = list.chunks_exact(ADDRESS + GROUP + NAME);
    ensure!(
        records.remainder().is_empty(),
        ".llext.exports ends within a record"
    );
    let mut exports = records
        .map(|record| {
            let (address, texts) = record.split_first_chunk().context("a record")?;
            let (group, name) = texts.split_at(GROUP);
            Ok(Export {
                name: padded(name)?,
                group: padded(group)?,
                address: u32::from_le_bytes(*address),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    exports.sort();
    Ok(exports)
}

fn padded(bytes: &[u8]) -> Result<String> {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8(text.to_vec())?)
}

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

    fn record(address: u32, group: &str, name: &str) -> Vec<u8> {
        let mut record = address.to_le_bytes().to_vec();
        record.extend(group.bytes());
        record.resize(ADDRESS + GROUP, 0);
        record.extend(name.bytes());
        record.resize(ADDRESS + GROUP + NAME, 0);
        record
    }

    #[test]
    fn exports_are_sorted_by_name() {
        let list = [
            record(0x401235, "libc", "puts"),
            record(8, "kernel", "abort"),
        ]
        .concat();
        let exports = parsed(&list).expect("two records");
        let lines: Vec<_> = text(&exports, 0x12).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "# exports 0x00000012: name, group, address, id");
        assert!(lines[1].starts_with("abort\tkernel\t0x00000008\t0x"));
        assert!(lines[2].starts_with("puts\tlibc\t0x00401235\t0x"));
        assert!(parsed(&list[1..]).is_err());
    }

    #[test]
    fn ids_are_zephyrs() {
        assert_eq!(id("printk"), 0x87b3_1052);
    }
}
