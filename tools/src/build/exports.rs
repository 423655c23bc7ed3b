//! What a firmware offers to extensions: from its ELF file, or from a kit's list.

use std::fs;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection};

use super::Site;

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// The group of exports that it belongs to.
    pub group: String,
    /// Its address, with the Thumb bit of a Thumb function.
    pub address: u32,
}

/// The exports of the firmware that `site` is for, sorted by name, and their id.
///
/// # Errors
/// The firmware has not been built, or lists nothing.
pub fn of(site: &Site) -> Result<(Vec<Export>, Option<u32>)> {
    if let Some(list) = &site.files.exports {
        let text = fs::read_to_string(list).with_context(|| list.display().to_string())?;
        let abi = site.board.abi.as_deref().map(number).transpose()?;
        return Ok((read(&text)?, abi));
    }
    let file = &site.files.firmware;
    let elf = fs::read(file).with_context(|| file.display().to_string())?;
    let exports = listed(&elf).with_context(|| file.display().to_string())?;
    Ok((exports, abi(&elf).ok()))
}

/// The list in a firmware's ELF file: the section `.llext.exports`, which llext/src/export/listing.rs lays out.
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

/// Bytes of the address, the group and the name.
const ADDRESS: usize = 4;
const GROUP: usize = 12;
const NAME: usize = 112;

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

/// The exports in a kit's `exports.txt`: name, group and address, then more, with tabs between.
fn read(text: &str) -> Result<Vec<Export>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut exports = lines
        .map(|line| {
            let mut words = line.split('\t');
            match (words.next(), words.next(), words.next()) {
                (Some(name), Some(group), Some(address)) => Ok(Export {
                    name: name.to_owned(),
                    group: group.to_owned(),
                    address: number(address)?,
                }),
                _ => anyhow::bail!("`{line}` is no name, group and address"),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    exports.sort();
    Ok(exports)
}

/// The id of what a firmware exports (`version` shows it), from the note in its ELF file.
///
/// # Errors
/// It has no such note.
pub fn abi(elf: &[u8]) -> Result<u32> {
    let file = object::File::parse(elf)?;
    let notes = file
        .section_by_name(".note.llext.abi")
        .context("no .note.llext.abi")?
        .data()?;
    let id = notes.strip_prefix(ABI_NOTE).and_then(|id| id.first_chunk());
    Ok(u32::from_le_bytes(
        *id.context("another note in .note.llext.abi")?,
    ))
}

/// What sdk/include/llext.h explains: sizes of owner and id, type 1, and the owner.
const ABI_NOTE: &[u8] = b"\x06\0\0\0\x04\0\0\0\x01\0\0\0llext\0\0\0";

/// `0x…`
fn number(text: &str) -> Result<u32> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u32::from_str_radix(digits, 16).with_context(|| format!("`{text}` is no number 0x…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_a_firmware_are_sorted_by_name() {
        let record = |address: u32, group: &str, name: &str| {
            let mut record = address.to_le_bytes().to_vec();
            record.extend(group.bytes());
            record.resize(ADDRESS + GROUP, 0);
            record.extend(name.bytes());
            record.resize(ADDRESS + GROUP + NAME, 0);
            record
        };
        let list = [
            record(0x401235, "libc", "puts"),
            record(8, "kernel", "abort"),
        ]
        .concat();
        let names: Vec<_> = parsed(&list)
            .expect("two records")
            .into_iter()
            .map(|it| (it.name, it.group, it.address))
            .collect();
        assert_eq!(
            names,
            [
                ("abort".into(), "kernel".into(), 8),
                ("puts".into(), "libc".into(), 0x401235)
            ]
        );
        assert!(parsed(&list[1..]).is_err());
    }

    #[test]
    fn a_kits_list_is_read() {
        let text = "# exports 0x1: name, group, address, id\nputs\tlibc\t0x00401235\t0x1\nabort\tkernel\t0x8\t0x2\n";
        let exports = read(text).expect("two lines");
        assert_eq!(exports.len(), 2);
        assert_eq!((exports[0].name.as_str(), exports[0].address), ("abort", 8));
        assert!(read("puts\n").is_err());
    }
}
