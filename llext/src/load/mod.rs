//! The pipeline of a load.

use crate::Llext;
use crate::error::LoadError;
use crate::loaded::{Extension, RegionKind};
use crate::source::Source;

/// How to load.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'o> {
    /// Where the file came from (a path), kept for messages and debuggers; empty: not kept.
    /// What is longer than 255 bytes is not kept.
    pub origin: &'o str,
    /// Keep names and addresses of the sections after the load, for `Extension::sections` (GDB scripts, inspection).
    pub keep_sections: bool,
}

/// Is told what a load finds wrong, as it finds it. All methods have empty defaults.
pub trait Report {
    /// A symbol that nothing defines.
    fn undefined(&mut self, name: &str) {
        let _ = name;
    }

    /// A relocation that this machine's table does not have: in `section`, at `offset` bytes.
    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) {
        let _ = (section, offset, r_type);
    }
}

impl Report for () {}

/// What a load needs, exactly. In bytes, as asked of the heap: its own overhead and rounding come on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// What stays: the regions, in the order of `RegionKind::ALL`, veneers within the first.
    pub regions: [usize; RegionKind::ALL.len()],
    /// What stays beside them: descriptor, kept section table.
    pub metadata: usize,
    /// What is taken during the load and given back at its end.
    pub scratch: usize,
    /// Veneers, within the text region.
    pub veneers: usize,
}

impl Requirements {
    /// What stays: regions and metadata.
    pub fn held(&self) -> usize {
        self.regions
            .iter()
            .fold(self.metadata, |sum, &size| sum.saturating_add(size))
    }
}

pub(crate) fn load<'l>(
    llext: &'l mut Llext<'_>,
    source: &mut dyn Source,
    name: &str,
    options: &LoadOptions<'_>,
    report: &mut dyn Report,
) -> Result<&'l Extension, LoadError> {
    let _ = (llext, source, name, options, report);
    Err(LoadError::NotElf)
}

pub(crate) fn dry_run(
    llext: &Llext<'_>,
    source: &mut dyn Source,
    name: &str,
    options: &LoadOptions<'_>,
    report: &mut dyn Report,
) -> Result<Requirements, LoadError> {
    let _ = (llext, source, name, options, report);
    Err(LoadError::NotElf)
}
