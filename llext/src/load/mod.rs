//! The pipeline of a load. (Skeleton.)

/// How to load.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'o> {
    /// Where the file came from (a path), kept for messages and debuggers; empty: not kept.
    pub origin: &'o str,
    /// Keep names and addresses of the sections after the load, for `Extension::sections` (GDB scripts, inspection).
    pub keep_sections: bool,
}

/// Is told what a load finds wrong, as it finds it. All methods have empty defaults.
pub trait Report {
    /// A symbol that nothing defines.
    fn undefined(&mut self, name: &str) { let _ = name; }
    /// A relocation that this machine's table does not have.
    fn unsupported(&mut self, section: &str, offset: usize, r_type: u32) { let _ = (section, offset, r_type); }
}

impl Report for () {}

/// What a load needs, exactly. In bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// What stays: the regions.
    pub regions: [usize; 4],
    /// What stays beside them: descriptor, kept section table.
    pub metadata: usize,
    /// What is taken during the load and given back at its end.
    pub scratch: usize,
    /// Veneers, within the text region.
    pub veneers: usize,
}
