//! What stays of a load beside its regions is written down (before veneers are written), and what others will rely on
//! is checked (at the end).

use super::LoadOptions;
use super::entry::Meaning;
use super::plan::Plan;
use super::regions::Regions;
use super::resolve::World;
use super::survey::is_kept;
use crate::elf::reader::{Checked, Reader};
use crate::elf::section::Section;
use crate::error::LoadError;
use crate::loaded::{Head, KEPT_SECTION, RegionKind};
use crate::memory::copy;

/// Writes the descriptor's tail into `tail`: see [`Tail`](crate::loaded::Tail) for what lies where.
pub(super) fn write_tail(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    regions: &Regions<'_>,
    world: World<'_>,
    (name, options): (&str, &LoadOptions<'_>),
    tail: &mut [u8],
) -> Checked<()> {
    let mut texts = Writer {
        bytes: tail,
        at: plan.tail.texts_at(&plan.exports),
    };
    texts.put(name.as_bytes());
    if plan.tail.origin != 0 {
        texts.put(options.origin.as_bytes());
    }
    let mut records = 0;
    for extension in world.registry.marked() {
        texts.word(&mut records, extension.id().0);
    }
    if plan.tail.sections != 0 {
        write_sections(reader, plan, &mut texts, &mut records)?;
    }
    if plan.exports.section.is_none() {
        write_exports(reader, plan, regions, &mut texts, &mut records)?;
    }
    Ok(())
}

/// Records and names of the sections that are kept.
fn write_sections(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    texts: &mut Writer<'_>,
    records: &mut usize,
) -> Checked<()> {
    plan.file
        .sections
        .for_each(reader, &mut |reader, index, record| {
            let section = Section::new(record);
            let Some(slot) = plan.survey.slots.get(index).filter(|_| is_kept(&section)) else {
                return Ok(());
            };
            for word in [texts.at as u32, slot.region as u32, slot.offset, slot.size] {
                texts.word(records, word);
            }
            texts.put_name(reader, |reader, buffer| {
                Ok(plan
                    .file
                    .names()
                    .read(reader, section.name, buffer)?
                    .map_or(0, <[u8]>::len))
            })
        })
}

const _: () = assert!(KEPT_SECTION == 4 * size_of::<u32>());

/// Records and names of the symbols that others may use.
fn write_exports(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    regions: &Regions<'_>,
    texts: &mut Writer<'_>,
    records: &mut usize,
) -> Checked<()> {
    let Some(symbols) = &plan.symbols else {
        return Ok(());
    };
    symbols.for_each(reader, &mut |reader, index, symbol| {
        let Some(Meaning::Own(region, offset)) =
            plan.resolved.get(index).map(|entry| entry.meaning())
        else {
            return Ok(());
        };
        if !symbol.is_exported() {
            return Ok(());
        }
        texts.word(records, texts.at as u32);
        texts.word(
            records,
            regions.base(region).wrapping_add(offset as usize) as u32,
        );
        texts.put_name(reader, |reader, buffer| {
            Ok(symbols
                .names()
                .read(reader, symbol.name, buffer)?
                .map_or(0, <[u8]>::len))
        })
    })
}

/// Fills in the descriptor's tail: texts one after the other, and words wherever they are to be.
struct Writer<'t> {
    bytes: &'t mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, text: &[u8]) {
        let end = self.at.saturating_add(text.len());
        if let Some(room) = self.bytes.get_mut(self.at..end) {
            copy(room, text);
            self.at = end;
        }
    }

    /// Lets `read` put a name right where it is to be, and a NUL behind it.
    fn put_name(
        &mut self,
        reader: &mut Reader<'_>,
        read: impl FnOnce(&mut Reader<'_>, &mut [u8]) -> Checked<usize>,
    ) -> Checked<()> {
        let room = self.bytes.get_mut(self.at..).unwrap_or_default();
        let len = read(reader, room)?;
        self.at = self.at.saturating_add(len);
        self.put(&[0]);
        Ok(())
    }

    fn word(&mut self, at: &mut usize, word: u32) {
        let end = at.saturating_add(size_of::<u32>());
        if let Some(room) = self.bytes.get_mut(*at..end) {
            copy(room, &word.to_le_bytes());
        }
        *at = end;
    }
}

/// Checks what the finished extension tells of itself: its functions and exports lie in its own regions.
pub(super) fn check(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
) -> Checked<()> {
    let arrays = &plan.survey.arrays;
    let [_, _, end] = arrays.ends;
    let text = regions.base(RegionKind::Text);
    let text = text..text.saturating_add(plan.layout.size(RegionKind::Text));
    let words = regions.place(
        RegionKind::Data,
        arrays.start as usize,
        usize::from(end).saturating_mul(4),
    );
    for address in words.chunks_exact(4).filter_map(word) {
        if address != 0 && address != 0xffff_ffff && !text.contains(&address) {
            return reader.refuse(LoadError::BadFunction { address });
        }
    }
    match plan.exports.section {
        Some(region) => check_exports(reader, plan, regions, region),
        None => Ok(()),
    }
}

fn check_exports(
    reader: &mut Reader<'_>,
    plan: &Plan<'_>,
    regions: &mut Regions<'_>,
    region: RegionKind,
) -> Checked<()> {
    for index in 0..plan.exports.count as usize {
        let record = (plan.exports.offset as usize).saturating_add(index.saturating_mul(8));
        let words = regions.place(region, record, 8);
        let (Some(name), Some(address)) = (word(words), words.get(4..).and_then(word)) else {
            return reader.refuse(LoadError::BadExport { index, address: 0 });
        };
        if !has_name(plan, regions, name) {
            return reader.refuse(LoadError::BadExport {
                index,
                address: name,
            });
        }
        if find(plan, regions, address).is_none() {
            return reader.refuse(LoadError::BadExport { index, address });
        }
    }
    Ok(())
}

/// The region that `address` lies in, and where.
fn find(plan: &Plan<'_>, regions: &Regions<'_>, address: usize) -> Option<(RegionKind, usize)> {
    RegionKind::ALL.into_iter().find_map(|kind| {
        let offset = address.checked_sub(regions.base(kind))?;
        (offset < plan.layout.size(kind)).then_some((kind, offset))
    })
}

/// Whether a text that ends in a NUL lies at `address`.
fn has_name(plan: &Plan<'_>, regions: &mut Regions<'_>, address: usize) -> bool {
    let Some((region, offset)) = find(plan, regions, address) else {
        return false;
    };
    let bytes = regions.bytes_mut(region).get(offset..).unwrap_or_default();
    let len = bytes.iter().position(|&byte| byte == 0);
    len.and_then(|len| bytes.get(..len))
        .is_some_and(|name| core::str::from_utf8(name).is_ok())
}

fn word(bytes: &[u8]) -> Option<usize> {
    bytes
        .first_chunk()
        .map(|word| u32::from_le_bytes(*word) as usize)
}

/// The descriptor's head.
pub(super) fn head(plan: &Plan<'_>, regions: Regions<'_>) -> Head {
    Head::new(
        regions.keep(),
        plan.exports,
        plan.survey.arrays,
        plan.survey.build_id,
        plan.tail,
    )
}
