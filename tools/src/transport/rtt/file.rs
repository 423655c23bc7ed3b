//! A file that is the target's memory: QEMU maps a board's RAM to one by `-object memory-backend-file,mem-path=FILE,share=on`.
//!
//! Without an address of its first byte the file is taken to begin at a multiple of its length (a power of two), as RAM does.

// The mapping is memory that another program writes too. All accesses are atomic loads and stores of aligned words or bytes,
// within the mapping: invariant *within*, by `Mapped::word` and `Mapped::byte` alone.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use memmap2::MmapRaw;

use super::{CHANNEL, HEADER, Memory};
use crate::transport::gone;

/// A mapped file.
pub struct Mapped {
    file: File,
    map: MmapRaw,
    /// Address of the file's first byte.
    base: Option<u32>,
}

impl Mapped {
    /// Maps `file`, whose first byte has the address `base` on the target.
    ///
    /// # Errors
    /// It is not there, or cannot be the memory of a target.
    pub fn open(file: &Path, base: Option<u32>) -> io::Result<Mapped> {
        let file = File::options().read(true).write(true).open(file)?;
        let not_memory = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        if !file.metadata()?.is_file() {
            return Err(not_memory("it is no file"));
        }
        let map = MmapRaw::map_raw(&file)?;
        if map.len() < (HEADER + 2 * CHANNEL) as usize {
            return Err(not_memory("the file is too short"));
        }
        if base.is_none() && !map.len().is_power_of_two() {
            return Err(not_memory(
                "its length is no power of two: say where it lies, as rtt:FILE@ADDRESS",
            ));
        }
        Ok(Mapped { file, map, base })
    }

    /// Where in the file the target's address `at` is; it may be behind its end.
    fn offset(&self, at: u32) -> Option<usize> {
        match self.base {
            None => Some(at as usize & (self.map.len() - 1)),
            Some(base) => at.checked_sub(base).map(|offset| offset as usize),
        }
    }

    /// The run is over: its file was removed, or is shorter, and what is mapped behind its end must not be touched.
    fn is_gone(&self) -> io::Result<bool> {
        let now = self.file.metadata()?;
        Ok(now.nlink() == 0 || now.len() < self.map.len() as u64)
    }

    fn word(&self, offset: usize) -> Option<&AtomicU32> {
        let is_within = offset.is_multiple_of(4) && offset.checked_add(4)? <= self.map.len();
        // SAFETY: a mapping begins at a page, so the word is aligned, and it lies within the mapping, which lives as long as
        // `self`; other programs access it too, for which there are atomics.
        is_within.then(|| unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(offset).cast()) })
    }

    fn byte(&self, offset: usize) -> Option<&AtomicU8> {
        // SAFETY: as `word`.
        (offset < self.map.len())
            .then(|| unsafe { AtomicU8::from_ptr(self.map.as_mut_ptr().add(offset)) })
    }

    /// The bytes from the target's address `at` on.
    fn cells(&self, at: u32) -> io::Result<impl Iterator<Item = &AtomicU8>> {
        let offset = self.offset(at).ok_or_else(outside)?;
        Ok((offset..self.map.len()).filter_map(|at| self.byte(at)))
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not in the file")
}

impl Memory for Mapped {
    fn holds(&self, start: u32, size: u32) -> bool {
        let end = self
            .offset(start)
            .and_then(|it| it.checked_add(size as usize));
        end.is_some_and(|end| end <= self.map.len())
    }

    fn words(&mut self, at: u32, into: &mut [u32]) -> io::Result<()> {
        if self.is_gone()? {
            return Err(gone());
        }
        let offset = self.offset(at).ok_or_else(outside)?;
        for (place, offset) in into.iter_mut().zip((offset..).step_by(4)) {
            let word = self.word(offset).ok_or_else(outside)?;
            *place = word.load(Ordering::Acquire);
        }
        Ok(())
    }

    fn set_word(&mut self, at: u32, word: u32) -> io::Result<()> {
        let place = self.offset(at).and_then(|offset| self.word(offset));
        place.ok_or_else(outside)?.store(word, Ordering::Release);
        Ok(())
    }

    fn bytes(&mut self, at: u32, into: &mut [u8]) -> io::Result<()> {
        for (place, cell) in into.iter_mut().zip(self.cells(at)?) {
            *place = cell.load(Ordering::Relaxed);
        }
        Ok(())
    }

    fn set_bytes(&mut self, at: u32, bytes: &[u8]) -> io::Result<()> {
        for (byte, cell) in bytes.iter().zip(self.cells(at)?) {
            cell.store(*byte, Ordering::Relaxed);
        }
        Ok(())
    }

    fn find_last(&mut self, word: u32, end: Option<u32>) -> io::Result<Option<u32>> {
        if self.is_gone()? {
            return Err(gone());
        }
        let end = match end {
            Some(end) => self.offset(end).ok_or_else(outside)?,
            None => self.map.len(),
        };
        let found = (0..end / 4).rev().map(|number| number * 4).find(|&offset| {
            let there = self.word(offset);
            there.is_some_and(|there| there.load(Ordering::Relaxed) == word)
        });
        let address = |offset: usize| {
            u32::try_from(offset)
                .ok()?
                .checked_add(self.base.unwrap_or(0))
        };
        Ok(found.and_then(address))
    }
}
