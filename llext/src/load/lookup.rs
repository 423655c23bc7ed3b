//! Which function or object lies at an address: what a load knew and did not keep is read from the file again.

use super::plan::Plan;
use super::slots::{Layout, Slot};
use super::stay::Stay;
use super::{LoadOptions, with_plan};
use crate::Llext;
use crate::elf::claim::{Chunk, WindowRoom, Windows};
#[cfg(target_pointer_width = "64")]
use crate::elf::class::Elf64;
use crate::elf::class::{Class, Elf32};
use crate::elf::note::{Note, Notes};
use crate::elf::reader::{Checked, Reader, Refused};
use crate::elf::refusal::Why;
use crate::elf::section::SHT_NOTE;
use crate::elf::string::until_nul;
use crate::elf::symbol::{Home, Symbol};
use crate::error::LoadError;
use crate::loaded::{Extension, RegionKind};
use crate::machine::Class as Width;
use crate::memory::{FilePlace, copy};
use crate::source::Source;

/// The function or object of `extension` that covers `address`, static ones too, and the distance from where it
/// begins. `None` if there is none, or if `source` is not the file that `extension` was loaded from.
pub(crate) fn symbol_at<'b>(
    llext: &Llext<'_>,
    source: &mut dyn Source,
    extension: &Extension,
    address: usize,
    buffer: &'b mut [u8],
) -> Result<Option<(&'b str, usize)>, LoadError> {
    let Some(place) = extension.place(address) else {
        return Ok(None);
    };
    let mut room = WindowRoom::new();
    let windows = Windows::new(&mut room);
    let mut reader = Reader::new(source, &windows);
    let found = match llext.machine.class {
        Width::Elf32 => find::<Elf32>(llext, &mut reader, extension, place, buffer),
        #[cfg(target_pointer_width = "64")]
        Width::Elf64 => find::<Elf64>(llext, &mut reader, extension, place, buffer),
        #[cfg(not(target_pointer_width = "64"))]
        Width::Elf64 => Ok(None),
    };
    let found = found.map_err(|Refused| reader.reason(llext.machine))?;
    Ok(found.map(|(len, distance)| (text(buffer, len), distance)))
}

/// As much of the first `len` bytes as is text.
fn text(buffer: &[u8], len: usize) -> &str {
    let name = buffer.get(..len).unwrap_or_default();
    match core::str::from_utf8(name) {
        Ok(name) => name,
        Err(error) => name
            .get(..error.valid_up_to())
            .and_then(|name| core::str::from_utf8(name).ok())
            .unwrap_or_default(),
    }
}

/// Length of the name that is copied into `buffer`, and the distance.
fn find<C: Class>(
    llext: &Llext<'_>,
    reader: &mut Reader<'_>,
    extension: &Extension,
    (region, offset): (RegionKind, usize),
    buffer: &mut [u8],
) -> Checked<Option<(usize, usize)>> {
    let held = extension.held(RegionKind::File);
    let stay = Stay::new(FilePlace {
        address: held.address(),
        len: held.size(),
        is_writable: held.is_patched(),
    });
    let stay = stay.filter(|_| held.size() != 0);
    let options = LoadOptions {
        ignore_abi: true,
        ..LoadOptions::DEFAULT
    };
    let mut found = None;
    with_plan::<C>(llext, reader, (&options, stay), &mut |plan, reader| {
        plan.open(reader)?;
        plan.survey(reader, &options)?;
        plan.protect(reader, &llext.protection)?;
        if is_same(reader, plan, extension)? {
            found = name_at(reader, plan, (region, offset), buffer)?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// Length of the name that is copied into `buffer`, of the best symbol at a place, and the distance to it.
fn name_at<C: Class>(
    reader: &mut Reader<'_>,
    plan: &mut Plan<'_, '_, C>,
    (region, offset): (RegionKind, usize),
    buffer: &mut [u8],
) -> Checked<Option<(usize, usize)>> {
    let search = Search {
        region,
        offset,
        state_bits: usize::from(plan.machine.has_thumb()),
        best: None,
    };
    let (Some(best), Some(symbols)) = (search.among(reader, plan)?, &plan.symbols) else {
        return Ok(None);
    };
    let names = &symbols.names;
    let len = match names.there(reader, best.name) {
        Some(there) => {
            let name = until_nul(there);
            copy(buffer, name);
            name.len().min(buffer.len())
        }
        None => names.read(reader, best.name, buffer)?.len(),
    };
    Ok(Some((len, offset.saturating_sub(best.start))))
}

/// Whether `file` is what `extension` was loaded from: it has the same build-id or, if there is none, regions of the same
/// sizes. Veneers and common symbols come after what the section headers tell.
fn is_same<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    extension: &Extension,
) -> Checked<bool> {
    if !extension.build_id().is_empty() || plan.build_id.len != 0 {
        return has_build_id(reader, plan, extension.build_id());
    }
    Ok(RegionKind::ALL.iter().all(|&kind| {
        let (held, told) = (extension.held(kind).size(), plan.layout.size(kind));
        match kind {
            RegionKind::Text | RegionKind::Bss => held >= told,
            RegionKind::Rodata | RegionKind::Data | RegionKind::File => held == told,
        }
    }))
}

/// Whether the last build-id in the file, the one that a load keeps, is `wanted`.
fn has_build_id<C: Class>(
    reader: &mut Reader<'_>,
    plan: &Plan<'_, '_, C>,
    wanted: &[u8],
) -> Checked<bool> {
    let mut same = false;
    let (mut cursor, mut chunk) = (plan.file.sections.cursor(), Chunk::new());
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(same);
        }
        for record in batch {
            let section = C::section(record);
            if section.kind != SHT_NOTE || !section.is_allocated() {
                continue;
            }
            let span = section.contents(reader, Why::NoSection)?;
            let mut notes = Notes::new(span);
            while let Some(note) = notes.next(reader)? {
                let Note::BuildId(offset, len) = note else {
                    continue;
                };
                let mut id = [0; u8::MAX as usize];
                let id = id.get_mut(..usize::from(len)).unwrap_or_default();
                same = span.read(reader, offset as usize, id)? == wanted;
            }
        }
    }
}

/// The search for the best symbol at a place.
struct Search {
    region: RegionKind,
    offset: usize,
    /// The bits of a function's value that are not its place.
    state_bits: usize,
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
    fn among<C: Class>(
        mut self,
        reader: &mut Reader<'_>,
        plan: &mut Plan<'_, '_, C>,
    ) -> Checked<Option<Found>> {
        let Some(symbols) = &plan.symbols else {
            return Ok(None);
        };
        let (mut cursor, mut chunk, mut index) = (symbols.table.cursor(), Chunk::new(), 0usize);
        let mut layout = plan.layout;
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                return Ok(self.best);
            }
            for record in batch {
                let symbol = symbols.find_home(reader, index, C::symbol(record))?;
                if let Some(slot) = slot_of(reader, &symbol, plan, &mut layout)?
                    && symbol.is_code_or_data()
                {
                    self.consider(&symbol, slot);
                }
                index = index.saturating_add(1);
            }
        }
    }

    fn consider(&mut self, symbol: &Symbol, slot: Slot) {
        let section =
            slot.offset as usize..(slot.offset as usize).saturating_add(slot.size as usize);
        let value = match symbol.home {
            Home::Common => 0,
            _ if symbol.is_function() => symbol.value & !self.state_bits,
            _ => symbol.value,
        };
        let start = section.start.saturating_add(value);
        let size = symbol.size;
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
fn slot_of<C: Class>(
    reader: &mut Reader<'_>,
    symbol: &Symbol,
    plan: &Plan<'_, '_, C>,
    layout: &mut Layout,
) -> Checked<Option<Slot>> {
    match symbol.home {
        Home::Section(section) => Ok(plan.slot(section as usize)),
        Home::Common if symbol.value.is_power_of_two() => {
            let region = RegionKind::Bss;
            let offset = layout.place(reader, region, symbol.size, symbol.value)?;
            Ok(Some(Slot {
                region,
                offset,
                size: symbol.size as u32,
            }))
        }
        _ => Ok(None),
    }
}
