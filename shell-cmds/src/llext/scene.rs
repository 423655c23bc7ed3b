//! Where something stopped: memory, code and names around it, as far as they can be had.

use super::place;
use crate::{
    context::{Console, Files, Layout},
    text::{Hex, print},
};
use core::ops::Range;
use llext::{Exports, Llext};
use unwind::{Table, Target};

/// What extensions have, which only a shell that works knows.
pub struct Loaded<'a> {
    /// Their files, which have names.
    pub files: &'a mut dyn Files,
    /// The extensions.
    pub llext: &'a Llext<'static>,
}

/// Where something stopped.
pub struct Scene<'a> {
    /// The extensions; `None` if the firmware is what stopped.
    pub loaded: Option<Loaded<'a>>,
    /// The firmware's exports, the only names of its own that it knows.
    pub exports: &'a Exports<'static>,
    /// What of a code address is no part of where the code lies.
    pub mode_bits: usize,
    /// Where things lie.
    pub layout: Layout,
    /// Reads a word of memory that `layout` knows, at a multiple of 4; `None` where it cannot.
    pub memory: &'a mut dyn FnMut(usize) -> Option<u32>,
}

impl Scene<'_> {
    /// Writes what the code at `address` is: `hello:crash+0x12`, `firmware:memcpy+0x10`. A return address lies
    /// `back` bytes behind what counts: a call.
    pub fn write_code(&mut self, out: &mut dyn Console, address: usize, back: usize) {
        let code = address.wrapping_sub(back);
        if let Some(Loaded { files, llext }) = &mut self.loaded
            && let Some(found) = place::locate(llext, code)
        {
            print!(out, "{}", found.0.extension.name());
            place::write_symbol(out, *files, llext, &found, (":", back));
        } else if self.layout.door.contains(&code) {
            let offset = address.wrapping_sub(self.layout.door.start);
            place::write(out, "firmware:exec_call", offset);
        } else if self.layout.code.contains(&code) {
            out.write(b"firmware");
            if let Some((symbol, offset)) = place::in_firmware(self.exports, self.mode_bits, code) {
                out.write(b":");
                place::write(out, symbol, offset + back);
            }
        } else {
            print!(out, "{}", Hex(address, 8));
        }
    }

    /// Writes where that code comes from: the file and the section of an extension, its address, or what lies there.
    pub fn write_origin(&self, out: &mut dyn Console, address: usize, back: usize) {
        let code = address.wrapping_sub(back);
        let loaded = self.loaded.as_ref();
        let found = loaded.and_then(|loaded| loaded.llext.locate(code));
        match found.map(|found| (found.extension, place::section(found.extension, code))) {
            Some((extension, Some((section, offset)))) => {
                let offset = Hex(offset + back, 1);
                print!(out, "{} {}+{}", extension.origin(), section.name, offset);
            }
            _ if self.layout.code.contains(&code) => print!(out, "{}", Hex(address, 8)),
            _ => self.write_place(out, address),
        }
    }

    /// The word at `address`, a multiple of 4, if that is memory: whatever leads here may also lead to a device.
    pub fn word_at(&mut self, address: usize) -> Option<u32> {
        (self.layout.is_memory(address)).then(|| (self.memory)(address))?
    }

    /// Writes what lies at `address`.
    pub fn write_place(&self, out: &mut dyn Console, address: usize) {
        let llext = self.loaded.as_ref().map(|loaded| loaded.llext);
        place::write_at(out, llext, &self.layout, address);
    }

    fn is_extension_code(&self, address: usize) -> bool {
        let loaded = self.loaded.as_ref();
        loaded.is_some_and(|loaded| loaded.llext.iter().any(|each| each.is_code(address)))
    }
}

impl Target for Scene<'_> {
    fn word(&mut self, address: u32) -> Option<u32> {
        self.word_at(address as usize)
    }

    fn is_code(&mut self, address: u32) -> bool {
        let address = address as usize;
        self.layout.code.contains(&address) || self.is_extension_code(address)
    }

    fn is_end(&mut self, address: u32) -> bool {
        self.layout.door.contains(&(address as usize))
    }

    fn function(&mut self, address: u32) -> Option<u32> {
        let Loaded { files, llext } = self.loaded.as_mut()?;
        Some(place::function(*files, llext, address as usize)? as u32)
    }

    fn table(&mut self, pc: u32, index: usize) -> Option<Table> {
        let location = self.loaded.as_ref()?.llext.locate(pc as usize)?;
        let is_table = |name: &str| name.starts_with(".ARM.exidx") || name.starts_with(".eh_frame");
        let mut tables = location.extension.sections();
        let section = tables
            .by_ref()
            .filter(|each| is_table(each.name))
            .nth(index)?;
        let start = section.address as u32;
        Some(Table(start..start.wrapping_add(section.size as u32)))
    }

    fn stack(&mut self, sp: u32) -> Option<Range<u32>> {
        let Layout {
            data, stack, guard, ..
        } = &self.layout;
        let sp = sp as usize;
        let range = match () {
            // An empty stack ends where it begins.
            () if (guard.start..=stack.end).contains(&sp) => stack,
            () if (data.start..=data.end).contains(&sp) => data,
            () => return None,
        };
        Some(range.start as u32..range.end as u32)
    }
}
