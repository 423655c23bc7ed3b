//! Extensions in C and C++.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Builder, Extension, rust::ABI_ID, stamp};

impl Builder<'_> {
    /// From C and C++ files.
    pub(super) fn c(&self, units: &[PathBuf]) -> Result<Extension> {
        if units.is_empty() {
            bail!("{}: neither a Cargo.toml nor a .c or .cpp file", self.name);
        }
        let mut objects = Vec::new();
        let mut inputs = Vec::new();
        for (number, unit) in units.iter().enumerate() {
            let object = self.compile(number, unit)?;
            // The compiler names every header; those of the compiler and of the kit do not change while a user works.
            inputs.extend(stamp::headers(&object.with_extension("d")));
            objects.push(object);
        }
        // picolibc.specs asks for a collection, which may not touch what a C file without EXPORT_SYMBOL defines.
        let extension = self.link(&objects, &["-Wl,--no-gc-sections"])?;
        Ok(Extension {
            inputs,
            ..extension
        })
    }

    fn compile(&self, number: usize, unit: &Path) -> Result<PathBuf> {
        let language = Language::of(unit).with_context(|| {
            format!(
                "{}: an extension is made of .c and .cpp files",
                unit.display()
            )
        })?;
        let file_name = unit.file_name().unwrap_or_default().to_string_lossy();
        let objects = self.site.out.join("obj").join(self.name);
        let object = objects.join(format!("{number}-{file_name}.o"));
        let c = &self.site.board.c;
        let files = &self.site.files;
        let flags =
            fs::read_to_string(&files.flags).with_context(|| files.flags.display().to_string())?;
        let mut command = Command::new(self.site.board.cross(language.compiler()));
        command
            .args(&c.flags)
            .args(language.flags(&flags))
            .args(&c.extension_flags)
            .arg("-I")
            .arg(&files.include)
            .args(self.abi.iter().map(|id| format!("-D{ABI_ID}={id}")))
            .args(self.flags)
            .args(["-MMD", "-c", "-o"])
            .args([&object, unit]);
        // The compiler itself says which headers it read.
        let dependencies = object.with_extension("d");
        let inputs = || [vec![unit.to_owned()], stamp::headers(&dependencies)].concat();
        stamp::run_if_stale(&mut command, &inputs, &object)?;
        Ok(object)
    }
}

/// The language of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `.c`
    C,
    /// `.cpp`, `.cc`, `.cxx`
    Cpp,
}

impl Language {
    /// Of a file with this name, if it is a source file.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "c" => Some(Self::C),
            "cpp" | "cc" | "cxx" => Some(Self::Cpp),
            _ => None,
        }
    }

    fn compiler(self) -> &'static str {
        match self {
            Self::C => "gcc",
            Self::Cpp => "g++",
        }
    }

    /// Its flags of `sdk/flags.txt`, whose format is explained there.
    pub fn flags(self, text: &str) -> impl Iterator<Item = &str> {
        text.lines().filter_map(move |line| {
            let mut words = line.split_whitespace();
            match words.next()? {
                "all" => words.next(),
                "c++" if self == Self::Cpp => words.next(),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_the_language() {
        let text = include_str!("../../../sdk/flags.txt");
        let has = |language: Language, flag| language.flags(text).any(|it| it == flag);
        assert!(Language::C.flags(text).all(|flag| flag.starts_with('-')));
        assert!(has(Language::C, "-g"));
        assert!(!has(Language::C, "-fno-rtti"));
        assert!(has(Language::Cpp, "-fno-rtti"));
    }
}
