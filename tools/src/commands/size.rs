//! `llext size`: where an extension's bytes go.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use object::{Object, ObjectSection, SectionFlags, elf};

use super::push::read;

/// Tell how much memory each section of an extension takes
#[derive(Args)]
pub struct Size {
    /// Extension
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Size {
    /// Tells.
    ///
    /// # Errors
    /// It is no ELF file.
    pub fn run(self) -> Result<ExitCode> {
        let bytes = read(&self.file)?;
        let parsed = object::File::parse(&*bytes)
            .with_context(|| format!("{}: not an ELF file", self.file.display()))?;
        let mut sums = [0; 4];
        for section in parsed.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if sh_flags & u64::from(elf::SHF_ALLOC) == 0 || section.size() == 0 {
                continue;
            }
            let is_zero = section.kind() == object::SectionKind::UninitializedData;
            let kind = kind(sh_flags, is_zero);
            let name = section.name().unwrap_or("?");
            println!("{:>8}  {:<6}  {name}", section.size(), KINDS[kind]);
            sums[kind] += section.size();
        }
        let all: u64 = sums.iter().sum();
        let parts = KINDS.iter().zip(sums).filter(|(_, sum)| *sum > 0);
        let parts: Vec<_> = parts.map(|(kind, sum)| format!("{kind} {sum}")).collect();
        println!("{all:>8}  in all: {}", parts.join(", "));
        println!("{:>8}  the file", bytes.len());
        Ok(ExitCode::SUCCESS)
    }
}

/// The kinds of regions.
const KINDS: [&str; 4] = ["text", "rodata", "data", "bss"];

/// The kind of region that such a section goes to.
fn kind(flags: u64, is_zero: bool) -> usize {
    let has = |flag| flags & u64::from(flag) != 0;
    match (has(elf::SHF_EXECINSTR), has(elf::SHF_WRITE), is_zero) {
        (true, ..) => 0,
        (_, false, _) => 1,
        (_, _, false) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_go_to_regions_by_what_may_be_done_to_them() {
        let (x, w) = (u64::from(elf::SHF_EXECINSTR), u64::from(elf::SHF_WRITE));
        assert_eq!(
            [
                kind(x, false),
                kind(0, false),
                kind(w, false),
                kind(w, true)
            ],
            [0, 1, 2, 3]
        );
    }
}
