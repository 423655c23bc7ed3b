//! What a target would say to an extension, without the target: the loader itself, on the host, with the firmware's exports.

// One call, which gives a heap its memory.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::{self, NonNull};

use anyhow::{Context, Result};
use llext::{
    AbiId, Exports, Llext, LoadOptions, MemoryKind, Protection, Report, SliceSource, TlsfHeap,
    machine,
};

use crate::build::Machine;
use crate::build::exports::Export;

/// Memory that a load may plan with; none of it is more than scratch.
const HEAP: usize = 4 << 20;
/// Where heaps lie, seen from the firmware: out of reach of a branch on ARM, within it on RISC-V, as on all boards so far.
const AWAY: usize = 64 << 20;

/// What was found out.
#[derive(Debug)]
pub struct Findings {
    /// Symbols that nothing defines, each with the nearest names.
    pub undefined: Vec<(String, Vec<String>)>,
    /// Relocations that the loader does not know: section, offset, type.
    pub unsupported: Vec<(String, usize, u32)>,
    /// Bytes of text, rodata, data and bss.
    pub regions: [usize; 4],
    /// Bytes of veneers, within text.
    pub veneers: usize,
    /// Why the loader refuses the file: what, and what to do.
    pub refused: Option<(String, Option<String>)>,
}

/// Goes through a load of `file` on `machine`, by firmware with these `exports` and this `abi`.
///
/// # Errors
/// The list of exports is no such list.
pub fn check(
    file: &[u8],
    name: &str,
    machine: Machine,
    exports: &[Export],
    abi: Option<u32>,
) -> Result<Findings> {
    let top = exports.iter().map(|export| export.address).max();
    let base = usize::try_from(top.unwrap_or(0))?.next_multiple_of(1 << 24) + AWAY;
    // The loader wants names and memory for as long as a firmware runs, and this program ends with the check.
    let memory: &'static mut [u64] = vec![0_u64; HEAP / 8].leak();
    let heap: &'static TlsfHeap = Box::leak(Box::new(TlsfHeap::new()));
    // SAFETY: the memory is initialised, nothing else has it, and neither it nor the heap ever goes.
    unsafe { heap.init_mapped(NonNull::from(memory).cast(), HEAP, base) }
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let records = exports
        .iter()
        .map(|export| {
            let name: &'static _ =
                Box::leak(CString::new(export.name.as_str())?.into_boxed_c_str());
            let address = usize::try_from(export.address)?;
            Ok(llext::Export::new(name, ptr::without_provenance(address)))
        })
        .collect::<Result<Vec<_>>>()
        .context("the list of exports")?;
    // The protection is that of the boards so far (src/protect/): text alone has rights of its own.
    let (machine, protection) = match machine {
        Machine::Arm => (&machine::ARM, Protection::PMSAV7),
        Machine::Riscv => (&machine::RISCV32, Protection::PMP),
    };
    let mut llext = Llext::new(heap, Exports::new(&records), machine)
        .with_protection(protection.only(MemoryKind::Instruction));
    if let Some(abi) = abi {
        llext = llext.with_abi(AbiId(abi));
    }
    Ok(rehearse(&llext, file, name, exports))
}

fn rehearse(llext: &Llext<'_>, file: &[u8], name: &str, exports: &[Export]) -> Findings {
    let mut missing = Missing::default();
    let options = LoadOptions::default();
    let needs = llext.dry_run(&mut SliceSource::new(file), name, &options, &mut missing);
    let near = |wanted: String| {
        let mut names = Vec::new();
        shell_cmds::nearest(
            &wanted,
            &mut |each| exports.iter().for_each(|export| each(&export.name)),
            &mut |name| names.push(name.to_owned()),
        );
        (wanted, names)
    };
    let mut findings = Findings {
        undefined: missing.undefined.into_iter().map(near).collect(),
        unsupported: missing.unsupported,
        regions: [0; 4],
        veneers: 0,
        refused: None,
    };
    match needs {
        Ok(needs) => (findings.regions, findings.veneers) = (needs.regions, needs.veneers),
        Err(error) => {
            let hint = error.hint().map(|hint| hint.to_string());
            findings.refused = Some((error.to_string(), hint));
        }
    }
    findings
}

#[derive(Default)]
struct Missing {
    undefined: Vec<String>,
    unsupported: Vec<(String, usize, u32)>,
}

impl Report for Missing {
    fn undefined(&mut self, name: &str) {
        self.undefined.push(name.to_owned());
    }

    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) {
        self.unsupported.push((section.to_owned(), offset, r_type));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_elf_file_is_refused_with_advice() {
        let findings = check(b"hello", "hello", Machine::Arm, &[], None).expect("a list");
        let (error, hint) = findings.refused.expect("it is refused");
        assert_eq!(error, "not an ELF file");
        assert!(hint.is_some());
    }
}
