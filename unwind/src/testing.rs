//! A machine for tests: pieces of memory.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{Table, Target};

/// Memory, by words; and what a backtrace wants to know of it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub words: BTreeMap<u32, u32>,
    pub code: Vec<Range<u32>>,
    pub end: Range<u32>,
    pub tables: Vec<Range<u32>>,
    pub stack: Range<u32>,
    /// Where functions begin.
    pub functions: Vec<u32>,
}

impl Memory {
    /// Code at `address`, a multiple of 4.
    pub fn code(address: u32, halves: &[u16]) -> Self {
        let mut memory = Self::default();
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        memory.put(address, &bytes);
        memory.code.push(address..address + bytes.len() as u32);
        memory
    }

    /// Puts bytes at `address`, a multiple of 4.
    pub fn put(&mut self, address: u32, bytes: &[u8]) {
        for (place, word) in (address..).step_by(4).zip(bytes.chunks(4)) {
            let mut padded = [0; 4];
            padded[..word.len()].copy_from_slice(word);
            self.words.insert(place, u32::from_le_bytes(padded));
        }
    }
}

impl Target for Memory {
    fn word(&mut self, address: u32) -> Option<u32> {
        assert_eq!(address % 4, 0, "{address:#x}");
        self.words.get(&address).copied()
    }

    fn is_code(&mut self, address: u32) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }

    fn is_end(&mut self, address: u32) -> bool {
        self.end.contains(&address)
    }

    fn function(&mut self, address: u32) -> Option<u32> {
        let mut starts = self.functions.iter().copied();
        starts.rfind(|start| *start <= address)
    }

    fn table(&mut self, _: u32, index: usize) -> Option<Table> {
        self.tables.get(index).cloned().map(Table)
    }

    fn stack(&mut self, sp: u32) -> Option<Range<u32>> {
        (sp >= self.stack.start.saturating_sub(64) && sp <= self.stack.end)
            .then(|| self.stack.clone())
    }
}
