//! Memory that holds anything: a backtrace ends, and says nothing that it must not.

use super::*;
use crate::testing::Memory;
use crate::{READS, STEPS, Table, Target};
use std::ops::Range;

/// A small generator (xorshift32): the same numbers in every run.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

/// A machine that answers whatever comes, the same at the same place: code is anywhere, and tables too.
struct Garbage {
    seed: u32,
    reads: usize,
    stack: Range<u32>,
    table: Range<u32>,
    /// What most words are like: of a table that begins right, of return addresses.
    words: Vec<u32>,
}

impl Target for Garbage {
    fn word(&mut self, address: u32) -> Option<u32> {
        assert_eq!(address % 4, 0);
        self.reads += 1;
        let mut random = Random((address ^ self.seed).wrapping_mul(0x9e37_79b1) | 1);
        match random.below(16) {
            0 => None,
            1..=10 => Some(self.words[random.below(self.words.len() as u32) as usize]),
            _ => Some(random.next()),
        }
    }

    fn is_code(&mut self, address: u32) -> bool {
        address & 0x40 == 0
    }

    fn is_end(&mut self, address: u32) -> bool {
        address & 0xff00 == 0x100
    }

    fn function(&mut self, address: u32) -> Option<u32> {
        (address & 0x80 == 0).then_some(address & !0xff)
    }

    fn table(&mut self, _: u32, index: usize) -> Option<Table> {
        (index < 2).then(|| Table(self.table.clone()))
    }

    fn stack(&mut self, sp: u32) -> Option<Range<u32>> {
        (sp <= self.stack.end).then(|| self.stack.clone())
    }
}

#[test]
fn every_backtrace_ends_whatever_memory_holds() {
    let mut long = 0;
    for seed in 1..10_000_u32 {
        let mut random = Random(seed.wrapping_mul(0x85eb_ca6b) | 1);
        let machine = if seed % 2 == 0 { &ARM } else { &RISCV32 };
        let start = random.next() & !3;
        let table = random.next() & !3;
        let words = match seed % 4 {
            0 => vec![
                0x4798_4798,
                0x1001,
                0x80a8_b0b0,
                0x8001_b0b0,
                0x7fff_f000,
                1,
                0x80b0_b0b0,
            ],
            1 => vec![
                0x9782_9782,
                0x1002,
                16,
                0,
                0x1b01_7c01,
                0x0052_7a01,
                0x20,
                0x0010_0e42,
            ],
            _ => vec![random.next(), random.next(), 0x4798_0101, start, start + 8],
        };
        let mut target = Garbage {
            seed,
            reads: 0,
            stack: start..start.saturating_add(random.below(4096) & !3),
            table: table..table.saturating_add(random.below(512)),
            words,
        };
        let mut known = Registers::unknown(machine);
        for number in 0..33 {
            let value = if random.below(2) == 0 {
                start.wrapping_add(random.below(256))
            } else {
                random.next()
            };
            known.set(number, value);
        }
        let frames: Vec<Frame> = Backtrace::new(&mut target, &known, seed % 3 == 0).collect();
        assert!(frames.len() <= STEPS + 1);
        assert!(target.reads <= READS, "{}", target.reads);
        long += usize::from(frames.len() > 3);
    }
    assert!(long > 100, "{long}: the garbage is worth it");
}

#[test]
fn every_backtrace_ends_whatever_is_wrong_with_a_table() {
    // Instructions as compilers write them; of EHABI's, any.
    let cfi = tables::eh_frame(&[
        0x42, 0x0e, 16, 0x81, 2, 0x0a, 0x0c, 8, 4, 0xc8, 0x0b, 0x11, 1, 2, 0x02, 1, 0x2e, 0,
    ]);
    let (mut by_tables, mut by_others) = (0, 0);
    for seed in 1..8_000_u32 {
        let mut random = Random(seed.wrapping_mul(0x85eb_ca6b) | 1);
        let is_arm = seed % 2 == 0;
        let (mut memory, machine) = match is_arm {
            true => (arm(&[CODE + 0x11; 16]), &ARM),
            false => (riscv(&[CODE + 0x10; 16]), &RISCV32),
        };
        let mut table = if is_arm {
            let distance = CODE.wrapping_sub(tables::TABLE) & 0x7fff_ffff;
            let content = 0x8000_0000 | random.next() >> 8;
            [distance, content].map(u32::to_le_bytes).concat()
        } else {
            cfi.clone()
        };
        for _ in 0..random.below(4) {
            let at = random.below(table.len() as u32) as usize;
            table[at] ^= 1 << random.below(8);
        }
        memory.put(tables::TABLE, &table);
        let end = tables::TABLE + table.len() as u32;
        memory.tables.push(tables::TABLE..end);
        let mut known = Registers::unknown(machine);
        for number in 1..14 {
            known.set(number, sp(random.below(16)));
        }
        known.set(machine.sp, sp(16));
        known.set(machine.pc, CODE + 4);
        known.set(machine.ra, CODE + 0x21);
        let found = frames(&mut memory, &known);
        assert!(found.len() <= 18, "{found:x?}");
        match found.iter().any(|(_, how)| *how == How::Table) {
            true => by_tables += 1,
            false => by_others += 1,
        }
    }
    assert!(
        by_tables > 400 && by_others > 400,
        "{by_tables} {by_others}"
    );
}

/// Memory that counts what is read of it.
struct Counted(Memory, usize);

impl Target for Counted {
    fn word(&mut self, address: u32) -> Option<u32> {
        self.1 += 1;
        self.0.word(address)
    }

    fn is_code(&mut self, address: u32) -> bool {
        self.0.is_code(address)
    }

    fn is_end(&mut self, address: u32) -> bool {
        self.0.is_end(address)
    }

    fn function(&mut self, address: u32) -> Option<u32> {
        self.0.function(address)
    }

    fn table(&mut self, pc: u32, index: usize) -> Option<Table> {
        self.0.table(pc, index)
    }

    fn stack(&mut self, sp: u32) -> Option<Range<u32>> {
        self.0.stack(sp)
    }
}

/// How many frames are found, how many words are read for them, and whether that was too little, with a table whose common
/// part has these letters, and many entries, of which none is for the code.
fn with_many_entries(letters: &[u8], entries: u32, frames: usize) -> (usize, usize, bool) {
    let mut common = [&[0, 0, 0, 0, 1], letters, &[0, 1, 0x7c, 1, 0]].concat();
    common.resize(common.len().next_multiple_of(4), 0);
    let mut table = [&(common.len() as u32).to_le_bytes()[..], &common].concat();
    for _ in 0..entries {
        let back = table.len() as u32 + 4;
        table.extend([12, back, 0, 1].into_iter().flat_map(u32::to_le_bytes));
    }
    let mut memory = riscv(&vec![CODE + 0x10; frames]);
    // Behind the stack.
    let start = TOP + 0x1000;
    memory.put(start, &table);
    memory.tables.push(start..start + table.len() as u32);
    let known = registers(&RISCV32, &[(2, sp(frames as u32)), (32, CODE)]);
    let mut target = Counted(memory, 0);
    let mut backtrace = Backtrace::new(&mut target, &known, false);
    let found = backtrace.by_ref().count();
    let is_cut = backtrace.is_cut();
    (found, target.1, is_cut)
}

#[test]
fn a_table_that_takes_too_long_to_read_keeps_no_callers_from_being_found() {
    let (found, reads, is_cut) = with_many_entries(b"z", 2000, 100);
    assert_eq!((found, is_cut), (101, true));
    assert!(reads <= READS, "{reads}");
    // A large one that is honest: 20 frames, as many as a report shows.
    let (found, reads, is_cut) = with_many_entries(b"z", 2000, 20);
    assert_eq!((found, is_cut), (21, false));
    assert!((150_000..READS).contains(&reads), "{reads}");
    // An augmentation that no compiler writes, for every entry to read again.
    let endless = [&b"z"[..], &[b'S'; 30_000]].concat();
    let (found, reads, is_cut) = with_many_entries(&endless, 1500, 20);
    assert_eq!((found, is_cut), (21, false));
    assert!(reads < 200_000, "{reads}");
}
