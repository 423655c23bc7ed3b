//! A file loaded by the loader and linked by GNU ld, compared.

use crate::detours::Detours;
use crate::heap::HostHeap;
use crate::image::Image;
use crate::new_object::{Definition, FUNCTION, NewObject, NewSymbol};
use crate::object_file::{AllocSection, ObjectFile, unique_name};
use crate::tools::{Linked, Linker, Paths, Product, Tools, write};
use llext::machine::Machine;
use llext::{Export, Exports, Extension, Llext, LoadOptions, SliceSource};
use std::collections::HashMap;
use std::ffi::CString;
use std::fmt::Write;
use std::path::Path;

/// A machine with its toolchain.
#[derive(Clone, Copy)]
pub struct Target {
    /// The loader's table.
    pub machine: &'static Machine,
    /// The compilers and GNU ld.
    pub tools: &'static Tools,
}

/// A symbol of the firmware.
struct External {
    name: String,
    /// Without the Thumb bit.
    address: usize,
    /// Whether it is a Thumb function.
    thumb: bool,
}

impl External {
    fn definition(&self) -> NewSymbol {
        NewSymbol {
            name: self.name.clone(),
            definition: Definition::Absolute,
            value: self.address + usize::from(self.thumb),
            kind: if self.thumb { FUNCTION } else { 0 },
            global: true,
        }
    }
}

/// Where everything is.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Address of the heap.
    pub heap: usize,
    /// Address of the first symbol of the firmware.
    pub firmware: usize,
    /// Whether branches may need veneers from one to the other.
    pub veneers: bool,
}

impl Target {
    /// Loads and links `file`, and says in how many sections they agree, or where they do not.
    pub fn compare(
        &self,
        folder: &Path,
        file: &ObjectFile,
        layout: Layout,
    ) -> Result<usize, String> {
        let externals = self.externals(file, layout);
        let heap = HostHeap::new(layout.heap);
        let records = records(&externals);
        let mut llext = Llext::new(&heap, Exports::new(&records), self.machine);
        let extension = load(&mut llext, file)?;
        let placed = placed_sections(file, extension)?;
        let common = common_symbols(file, extension)?;
        let linked = self.link(folder, file, &placed, externals.iter().chain(&common));
        if linked.errors.contains("truncated") || linked.errors.contains("undefined") {
            return Err(format!(
                "GNU ld refused what the loader took: {}",
                linked.errors
            ));
        }
        let image = Image::read(&linked.output);
        let sections = placed
            .iter()
            .map(|(section, address)| (section.index, *address));
        let sections = sections.collect();
        let mut agreeing = 0;
        for (section, address) in placed.iter().filter(|(section, _)| section.in_file) {
            let ours = heap
                .bytes(*address, section.size)
                .ok_or("a section outside the heap")?;
            self.compare_section(
                file,
                section,
                (*address, ours),
                &sections,
                (&image, &heap, layout),
            )?;
            agreeing += 1;
        }
        llext
            .unload("compared")
            .map_err(|error| format!("not unloaded: {error:?}"))?;
        if heap.used() != 0 {
            Err(format!("{} bytes not given back", heap.used()))
        } else {
            Ok(agreeing)
        }
    }

    /// Why the loader and GNU ld refuse `file`, its sections one after the other in the heap. Panics
    /// if the loader takes it, or keeps memory of it.
    pub fn refusals(&self, folder: &Path, file: &ObjectFile, layout: Layout) -> (String, String) {
        let externals = self.externals(file, layout);
        let heap = HostHeap::new(layout.heap);
        let records = records(&externals);
        let mut llext = Llext::new(&heap, Exports::new(&records), self.machine);
        let refused = load(&mut llext, file).err().expect("a refusal");
        assert_eq!(heap.used(), 0, "bytes not given back");
        let sections = file.alloc_sections().iter().enumerate();
        let placed: Vec<_> = sections
            .map(|(n, section)| (section.clone(), layout.heap + 0x1000 * n))
            .collect();
        (
            refused,
            self.link(folder, file, &placed, externals.iter()).errors,
        )
    }

    /// The symbols that the file wants of others, at addresses of the firmware. Data lies at odd
    /// addresses too.
    fn externals(&self, file: &ObjectFile, layout: Layout) -> Vec<External> {
        let is_arm = self.machine.name == "ARM";
        let mut names = file.undefined().to_vec();
        names.retain(|name| !name.starts_with("missing") && name != "_GLOBAL_OFFSET_TABLE_");
        names.sort();
        names.dedup();
        let external = |(number, name): (usize, String)| {
            let is_data =
                name.contains("data") || name.starts_with("_ZT") || name.contains("value");
            let odd = usize::from(name.starts_with("odd"));
            let address = match name.as_str() {
                "byte_value" => 0x7e,
                "short_value" => 0x7ffe,
                _ => layout.firmware + 0x24 * number + odd,
            };
            External {
                address,
                thumb: is_arm && !is_data,
                name,
            }
        };
        names.into_iter().enumerate().map(external).collect()
    }

    /// What GNU ld makes of the file at these addresses.
    fn link<'e>(
        &self,
        folder: &Path,
        file: &ObjectFile,
        placed: &[(AllocSection, usize)],
        externals: impl Iterator<Item = &'e External>,
    ) -> Linked {
        let object = folder.join("unique.o");
        std::fs::write(&object, file.with_unique_names()).expect("a file in the test's folder");
        let mut script = String::from("SECTIONS {\n");
        for (section, address) in placed {
            let name = unique_name(section.index);
            let _ = writeln!(script, "{name} {address:#x} : {{ *({name}) }}");
        }
        script.push_str("}\n");
        let mut symbols = NewObject::default();
        for external in externals {
            symbols.symbol(external.definition());
        }
        let path = folder.join("symbols.o");
        std::fs::write(&path, symbols.write(&self.tools.format))
            .expect("a file in the test's folder");
        let file = folder.join("linked.ld");
        write(&file, &script);
        let paths = Paths {
            script: &file,
            objects: &[object, path],
        };
        let linked = self.tools.link(Linker::Gnu, Product::Executable, &paths);
        let linked = linked.expect("relocations that GNU ld knows");
        let errors = &linked.errors;
        assert!(linked.output.exists(), "GNU ld made no output:\n{errors}");
        linked
    }

    fn compare_section(
        &self,
        file: &ObjectFile,
        section: &AllocSection,
        (address, ours): (usize, &[u8]),
        sections: &HashMap<usize, usize>,
        (image, heap, layout): (&Image, &HostHeap, Layout),
    ) -> Result<(), String> {
        let (place, theirs) = match image.section(&unique_name(section.index)) {
            Some(found) => found,
            None if ours.is_empty() => return Ok(()),
            None => return Err(format!("GNU ld has no {}", section.name)),
        };
        assert_eq!(place, address, "GNU ld put {} elsewhere", section.name);
        // Behind the section's bytes are GNU ld's veneers.
        let theirs = theirs
            .get(..ours.len())
            .ok_or(format!("{} is shorter", section.name))?;
        let mut ours = ours.to_vec();
        let detours = Detours {
            machine: self.machine,
            in_place: self.tools.format.in_place,
            file,
            places: file.places(section.index),
            address,
            sections,
            image,
            heap,
            veneers: layout.veneers,
        };
        detours
            .settle(&mut ours, theirs)
            .map_err(|error| format!("{}{error}", section.name))?;
        match ours.iter().zip(theirs).position(|(a, b)| a != b) {
            None => Ok(()),
            Some(at) => {
                let near = at & !3..(at + 8).min(ours.len());
                let (ours, theirs) = (&ours[near.clone()], &theirs[near]);
                let name = &section.name;
                Err(format!(
                    "{name}+{at:#x} at {address:#x}: {ours:02x?}, GNU ld {theirs:02x?}"
                ))
            }
        }
    }
}

fn load<'l>(llext: &'l mut Llext<'_>, file: &ObjectFile) -> Result<&'l Extension, String> {
    let options = LoadOptions {
        keep_sections: true,
        ..Default::default()
    };
    let mut source = SliceSource::new(file.bytes());
    let loaded = llext.load(&mut source, "compared", &options, &mut ());
    loaded.map_err(|error| format!("the loader refused: {error}"))
}

/// The file's tentative definitions, where the loader put them.
fn common_symbols(file: &ObjectFile, extension: &Extension) -> Result<Vec<External>, String> {
    let common = file.common().iter().map(|name| match extension.find(name) {
        Some(address) => Ok(External {
            name: name.clone(),
            address,
            thumb: false,
        }),
        None => Err(format!("{name} is not exported")),
    });
    common.collect()
}

/// The firmware's table: records sorted by name, as its linker sorts them.
fn records(externals: &[External]) -> Vec<Export> {
    let record = |external: &External| {
        let name = CString::new(external.name.as_str()).expect("a name without NUL");
        let address = external.address + usize::from(external.thumb);
        Export::new(
            Box::leak(name.into_boxed_c_str()),
            std::ptr::without_provenance(address),
        )
    };
    externals.iter().map(record).collect()
}

/// The file's sections, with the addresses that the loader gave them.
fn placed_sections(
    file: &ObjectFile,
    extension: &Extension,
) -> Result<Vec<(AllocSection, usize)>, String> {
    let mut kept = extension.sections();
    let mut placed = Vec::new();
    for section in file
        .alloc_sections()
        .iter()
        .filter(|section| section.size > 0)
    {
        let Some(found) = kept.find(|kept| kept.size > 0) else {
            return Err(format!("{} is not in memory", section.name));
        };
        if (found.name, found.size) != (section.name.as_str(), section.size) {
            return Err(format!("{section:?} is not what was kept: {found:?}"));
        }
        placed.push((section.clone(), found.address));
    }
    Ok(placed)
}
