//! Which function or object lies at an address: what a load knew and did not keep is read from the file again.

use super::slots::{Layout, Slot};
use super::survey::Survey;
use crate::elf::header::File;
use crate::elf::note;
use crate::elf::reader::{Checked, Reader, Refused};
use crate::elf::section::Section;
use crate::elf::symbol::{Home, Symbol, Symbols};
use crate::error::LoadError;
use crate::loaded::{Extension, RegionKind};
use crate::machine::Machine;
use crate::memory::Heap;
use crate::source::Source;
use xmas_elf::sections::ShType;

/// The function or object of `extension` that covers `address`, static ones too, and the distance from where it
/// begins. `None` if there is none, or if `source` is not the file that `extension` was loaded from.
pub(crate) fn symbol_at<'b>(
    machine: &'static Machine,
    heap: &dyn Heap,
    source: &mut dyn Source,
    extension: &Extension,
    address: usize,
    buffer: &'b mut [u8],
) -> Result<Option<(&'b str, usize)>, LoadError> {
    let mut reader = Reader::new(source);
    let found = find(machine, heap, &mut reader, extension, address, buffer);
    found.map_err(|Refused| reader.reason())
}

fn find<'b>(
    machine: &'static Machine,
    heap: &dyn Heap,
    reader: &mut Reader<'_>,
    extension: &Extension,
    address: usize,
    buffer: &'b mut [u8],
) -> Checked<Option<(&'b str, usize)>> {
    let Some((region, offset)) = extension.place(address) else {
        return Ok(None);
    };
    let file = File::open(reader, machine)?;
    let survey = Survey::of(reader, &file, heap, false)?;
    let Some(symbols) = survey.symbols(reader, &file)? else {
        return Ok(None);
    };
    if !is_same(reader, &file, &survey, extension)? {
        return Ok(None);
    }
    let search = Search {
        region,
        offset,
        best: None,
    };
    let Some(best) = search.among(reader, &survey, &symbols)? else {
        return Ok(None);
    };
    let name = symbols
        .names()
        .read(reader, best.name, buffer)?
        .unwrap_or_default();
    let name = match core::str::from_utf8(name) {
        Ok(name) => name,
        Err(error) => name
            .get(..error.valid_up_to())
            .and_then(|name| core::str::from_utf8(name).ok())
            .unwrap_or_default(),
    };
    Ok(Some((name, offset.saturating_sub(best.start))))
}

/// Whether `file` is what `extension` was loaded from: it has the same build-id or, if there is none, regions of the same
/// sizes. Veneers and common symbols come after what the section headers tell.
fn is_same(
    reader: &mut Reader<'_>,
    file: &File,
    survey: &Survey<'_>,
    extension: &Extension,
) -> Checked<bool> {
    if !extension.build_id().is_empty() || survey.build_id.len != 0 {
        return has_build_id(reader, file, extension.build_id());
    }
    Ok(RegionKind::ALL.into_iter().all(|kind| {
        let (held, told) = (extension.held(kind).size(), survey.layout.size(kind));
        match kind {
            RegionKind::Text | RegionKind::Bss => held >= told,
            RegionKind::Rodata | RegionKind::Data => held == told,
        }
    }))
}

/// Whether the last build-id in `file`, the one that a load keeps, is `wanted`.
fn has_build_id(reader: &mut Reader<'_>, file: &File, wanted: &[u8]) -> Checked<bool> {
    let mut same = false;
    file.sections.for_each(reader, &mut |reader, _, record| {
        let section = Section::new(record);
        if section.kind != Some(ShType::Note) || !section.is_allocated() {
            return Ok(());
        }
        let span = section.contents(reader, "section")?;
        if let Some((offset, len)) = note::find_build_id(reader, &span)? {
            let mut id = [0; u8::MAX as usize];
            let id = id.get_mut(..usize::from(len)).unwrap_or_default();
            same = span.read(reader, offset as usize, id)? == wanted;
        }
        Ok(())
    })?;
    Ok(same)
}

/// The search for the best symbol at a place.
struct Search {
    region: RegionKind,
    offset: usize,
    best: Option<Found>,
}

/// A symbol that may be the best one.
struct Found {
    /// Whether its size covers the place. One without a size reaches up to the next one.
    covers: bool,
    /// Offset in the region.
    start: usize,
    /// Offset of its name.
    name: u32,
}

impl Search {
    fn among(
        mut self,
        reader: &mut Reader<'_>,
        survey: &Survey<'_>,
        symbols: &Symbols,
    ) -> Checked<Option<Found>> {
        let mut layout = survey.layout;
        symbols.for_each(reader, &mut |reader, _, symbol| {
            if let Some(slot) = slot_of(reader, symbol, survey, &mut layout)?
                && symbol.is_code_or_data()
            {
                self.consider(symbol, slot);
            }
            Ok(())
        })?;
        Ok(self.best)
    }

    fn consider(&mut self, symbol: &Symbol, slot: Slot) {
        let section =
            slot.offset as usize..(slot.offset as usize).saturating_add(slot.size as usize);
        let value = match symbol.home {
            Home::Common => 0,
            // Of a function, bit 0 is the Thumb bit or 0.
            _ if symbol.is_function() => symbol.value & !1,
            _ => symbol.value,
        };
        let start = section.start.saturating_add(value as usize);
        let size = symbol.size as usize;
        let covers = self.offset < start.saturating_add(size);
        let better = |best: &Found| (covers, start) > (best.covers, best.start);
        if slot.region == self.region
            && section.contains(&self.offset)
            && start <= self.offset
            && (covers || size == 0)
            && self.best.as_ref().is_none_or(better)
        {
            self.best = Some(Found {
                covers,
                start,
                name: symbol.name,
            });
        }
    }
}

/// Where the section of a symbol is; a common symbol is placed as the load did.
fn slot_of(
    reader: &mut Reader<'_>,
    symbol: &Symbol,
    survey: &Survey<'_>,
    layout: &mut Layout,
) -> Checked<Option<Slot>> {
    match symbol.home {
        Home::Section(section) => Ok(survey.slots.get(section as usize)),
        Home::Common if symbol.value.is_power_of_two() => {
            let region = RegionKind::Bss;
            let offset =
                layout.place(reader, region, symbol.size as usize, symbol.value as usize)?;
            Ok(Some(Slot {
                region,
                offset,
                size: symbol.size,
            }))
        }
        _ => Ok(None),
    }
}
